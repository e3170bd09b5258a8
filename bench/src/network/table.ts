// The result for people.

import { figure, plainTable, ranged } from '../plain-table.ts'
import type { Document, Ratio, Row } from './document.ts'

const GO_FIND_PEER = 'go findPeer: the CPU time has in it a connection to the peer, which Go makes and the others do not, ' +
  'and a wait for rest after each operation, where the others have one after each batch.'

export function table (document: Document): string {
  const { transport, rounds, nodes, rows, ratios } = document
  const failures = rows.flatMap(({ subject, op, failures = [] }) => failures.map(failure => `${subject} ${op}: ${failure}`))

  return [
    `${nodes} nodes a network over ${transport}, ${rounds} rounds. CPU is of both ends, an operation. ` +
      'p50: median of the rounds\' medians; p95: of all operations together. In brackets: the least and the most of the rounds.',
    'One sample a run, so without brackets: all about how a network formed, and RSS.',
    networks(rows, ratios),
    operations(rows, ratios),
    ...rows.some(({ subject }) => subject === 'go') ? [GO_FIND_PEER] : [],
    ...failures
  ].join('\n')
}

function networks (rows: Row[], ratios: Ratio[]): string {
  return plainTable(
    ['network', 'formed in s', 'CPU s', 'RSS a node MiB', 'table', 'connections', 'ours/it: time', 'CPU', 'RSS'],
    rows.filter(({ op }) => op === 'form').map(({ subject, wallSeconds, cpuSeconds, rssMiB, tableSize, connections }) => {
      const ratio = ratios.find(({ to, op }) => to === subject && op === 'form')

      return [subject, ...[wallSeconds, cpuSeconds, rssMiB, tableSize, connections, ratio?.wallRatio, ratio?.cpuRatio, ratio?.rssRatio].map(figure)]
    })
  )
}

function operations (rows: Row[], ratios: Ratio[]): string {
  return plainTable(
    ['operation', 'by', 'p50 ms', 'p95 ms', 'CPU ms', 'messages', 'recall', 'stored', 'failed', 'ours/it: p50', 'CPU', 'messages'],
    rows.filter(({ op }) => op !== 'form').map(row => {
      const ratio = ratios.find(({ to, op }) => to === row.subject && op === row.op)

      return [
        row.op,
        row.subject,
        ranged(row.p50Ms, row.p50MsMin, row.p50MsMax),
        figure(row.p95Ms),
        ranged(row.cpuMs, row.cpuMsMin, row.cpuMsMax),
        figure(row.messages),
        row.recall?.toFixed(4) ?? '',
        figure(row.stored),
        `${row.failed} of ${row.operations}`,
        ranged(ratio?.p50Ratio, ratio?.p50RatioMin, ratio?.p50RatioMax),
        ranged(ratio?.cpuRatio, ratio?.cpuRatioMin, ratio?.cpuRatioMax),
        figure(ratio?.messagesRatio)
      ]
    })
  )
}
