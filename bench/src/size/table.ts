// The result for people.

import { figure, plainTable } from '../plain-table.ts'
import type { Document } from './document.ts'

/** Of the packages in a bundle so many are shown. */
const SHOWN = 6

export function table ({ nodeBytes, nodeGzipBytes, rows, ratios }: Document): string {
  return [
    `Bytes of the minified bundle for the browser. A libp2p node without a DHT has ${nodeBytes}, with gzip ${nodeGzipBytes}.`,
    plainTable(['bundle', 'by', 'bytes', 'with gzip', 'ours/it', 'with gzip', 'most of it'], rows.map(({ op, subject, bytes, gzipBytes, packages }) => {
      const ratio = ratios.find(ratio => ratio.to === subject && ratio.op === op)
      const most = Object.entries(packages).slice(0, SHOWN).map(([name, bytes]) => `${name} ${bytes}`)

      return [op, subject, figure(bytes), figure(gzipBytes), figure(ratio?.bytesRatio), figure(ratio?.gzipRatio), most.join('\n')]
    }))
  ].join('\n')
}
