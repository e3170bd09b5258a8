// The result for people.

import { figure, plainTable, ranged } from '../plain-table.ts'
import type { Document, Ratio, Row } from './document.ts'

export function table (document: Document): string {
  const { datastore, rounds, seconds, providerRecords, values, rows, ratios } = document
  const failures = rows.flatMap(({ subject, op, failures = [] }) => failures.map(failure => `${subject} ${op}: ${failure}`))

  return [
    `One server with ${providerRecords} provider records and ${values} values (${datastore === 'level' ? 'in LevelDB' : 'in memory'}), one client, ` +
      `${rounds} rounds of ${seconds} s. CPU is of the server alone, a request. In brackets: the least and the most of the rounds.`,
    servers(rows, ratios),
    operations(rows, ratios),
    ...failures
  ].join('\n')
}

function servers (rows: Row[], ratios: Ratio[]): string {
  return plainTable(
    ['server', 'table', 'RSS MiB', 'ours/it: RSS'],
    rows.filter(({ op }) => op === 'filled').map(({ subject, tableSize, rssMiB }) => {
      const ratio = ratios.find(({ to, op }) => to === subject && op === 'filled')

      return [subject, figure(tableSize), figure(rssMiB), figure(ratio?.rssRatio)]
    })
  )
}

function operations (rows: Row[], ratios: Ratio[]): string {
  return plainTable(
    ['request', 'by', 'requests/s', 'p50 ms', 'p95 ms', 'CPU µs', 'failed', 'ours/it: requests/s', 'CPU', 'p50'],
    rows.filter(({ op }) => op !== 'filled').map(row => {
      const ratio = ratios.find(({ to, op }) => to === row.subject && op === row.op)

      return [
        row.op,
        row.subject,
        ranged(row.perSecond, row.perSecondMin, row.perSecondMax),
        figure(row.p50Ms),
        figure(row.p95Ms),
        ranged(row.cpuUs, row.cpuUsMin, row.cpuUsMax),
        `${row.failed} of ${row.requests}`,
        ranged(ratio?.perSecondRatio, ratio?.perSecondRatioMin, ratio?.perSecondRatioMax),
        ranged(ratio?.cpuRatio, ratio?.cpuRatioMin, ratio?.cpuRatioMax),
        figure(ratio?.p50Ratio)
      ]
    })
  )
}
