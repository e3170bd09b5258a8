// The result for people.

import { figure, plainTable, ranged } from '../plain-table.ts'
import { PROVIDERS } from './records.ts'
import type { Document } from './document.ts'

export function table ({ rounds, requests, adds, cacheSize, rows, ratios }: Document): string {
  return [
    `One server of ours with provider records in LevelDB, ${PROVIDERS} a key, and ${cacheSize} keys at hand; one client, ${rounds} rounds of ${requests} GET_PROVIDERS ` +
      `and ${adds} ADD_PROVIDER on one stream. In brackets: the least and the most of the rounds.`,
    plainTable(
      ['records', 'GET_PROVIDERS p50 ms', 'p99 ms', 'ADD_PROVIDER/s', 'wrong', 'by the fewest: p50', 'p99'],
      rows.map(row => {
        const ratio = ratios.find(({ records }) => records === row.records)

        return [
          figure(row.records),
          ranged(row.p50Ms, row.p50MsMin, row.p50MsMax),
          ranged(row.p99Ms, row.p99MsMin, row.p99MsMax),
          ranged(row.addedPerSecond, row.addedPerSecondMin, row.addedPerSecondMax),
          figure(row.wrong),
          ranged(ratio?.p50Ratio, ratio?.p50RatioMin, ratio?.p50RatioMax),
          ranged(ratio?.p99Ratio, ratio?.p99RatioMin, ratio?.p99RatioMax)
        ]
      })
    ),
    'One sample a run: how long a start takes until all is counted, a collection of all records, and the longest block of the event loop meanwhile; in brackets the CPU time in one, without what the machine adds.',
    plainTable(
      ['records', 'first start, index: s', 'block ms', 'start: s', 'block ms', 'used MiB', 'RSS MiB', 'bytes a record', 'RSS a record', 'collected', 's', 'block ms'],
      rows.map(row => [
        figure(row.records),
        figure(row.indexSeconds),
        block(row.indexBlockMs, row.indexBlockCpuMs),
        figure(row.startSeconds),
        block(row.startBlockMs, row.startBlockCpuMs),
        figure(row.usedMiB),
        figure(row.rssMiB),
        figure(row.bytesPerRecord),
        figure(row.rssPerRecord),
        figure(row.collected),
        figure(row.collectSeconds),
        block(row.collectBlockMs, row.collectBlockCpuMs)
      ])
    )
  ].join('\n')
}

function block (ms?: number, cpuMs?: number): string {
  return `${figure(ms)} (${figure(cpuMs)})`
}
