// The result for people.

import { figure, plainTable, ranged } from '../plain-table.ts'
import type { Document } from './document.ts'

export function table ({ rounds, rows, ratios }: Document): string {
  return [
    `${rounds} rounds, times of one operation in µs. In brackets: the least and the most of the rounds.`,
    plainTable(['operation', 'by', 'p50 µs', 'p95 µs', 'CPU µs', 'a second', 'table', 'messages', 'recall', 'ours/it: p50', 'CPU'], rows.map(row => {
      const ratio = ratios.find(({ to, op }) => to === row.subject && op === row.op)

      return [
        row.op,
        row.subject,
        ranged(row.p50Us, row.p50UsMin, row.p50UsMax),
        figure(row.p95Us),
        ranged(row.cpuUs, row.cpuUsMin, row.cpuUsMax),
        figure(row.perSecond),
        figure(row.tableSize),
        figure(row.messages),
        row.recall?.toFixed(4) ?? '',
        ranged(ratio?.p50Ratio, ratio?.p50RatioMin, ratio?.p50RatioMax),
        ranged(ratio?.cpuRatio, ratio?.cpuRatioMin, ratio?.cpuRatioMax)
      ]
    }))
  ].join('\n')
}
