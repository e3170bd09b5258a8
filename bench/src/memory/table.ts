// The result for people.

import { figure, plainTable, ranged } from '../plain-table.ts'
import type { Document } from './document.ts'

export function table ({ rounds, rows, ratios }: Document): string {
  return [
    `${rounds} rounds, memory of one. In brackets: the least and the most of the rounds.`,
    plainTable(['what', 'by', 'bytes', 'RSS MiB', 'measured with', 'ours/it'], rows.map(row => {
      const ratio = ratios.find(({ to, op }) => to === row.subject && op === row.op)

      return [
        row.op,
        row.subject,
        ranged(row.bytes, row.bytesMin, row.bytesMax),
        ranged(row.rssMiB, row.rssMiBMin, row.rssMiBMax),
        figure(row.count),
        ranged(ratio?.bytesRatio, ratio?.bytesRatioMin, ratio?.bytesRatioMax) + ranged(ratio?.rssRatio, ratio?.rssRatioMin, ratio?.rssRatioMax)
      ]
    }))
  ].join('\n')
}
