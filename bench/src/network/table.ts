// The result for people.

import Table from 'cli-table3'
import type { Document, Ratio, Row } from './document.ts'

/** No colours, and no lines between rows. */
const PLAIN = {
  chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  style: { head: [], border: [], compact: true }
}

export function table (document: Document): string {
  const { rounds, nodes, rows, ratios } = document
  const failures = rows.flatMap(({ subject, op, failures = [] }) => failures.map(failure => `${subject} ${op}: ${failure}`))

  return [
    `${nodes} nodes a network, ${rounds} rounds. CPU is of both ends, an operation. In brackets: the least and the most of the rounds.`,
    networks(rows, ratios),
    operations(rows, ratios),
    ...failures
  ].join('\n')
}

function networks (rows: Row[], ratios: Ratio[]): string {
  const out = new Table({ head: ['network', 'formed in s', 'CPU s', 'RSS a node MiB', 'table', 'connections', 'ours/it: time', 'CPU', 'RSS'], ...PLAIN })

  for (const { subject, wallSeconds, cpuSeconds, rssMiB, tableSize, connections } of rows.filter(({ op }) => op === 'form')) {
    const ratio = ratios.find(({ to, op }) => to === subject && op === 'form')
    out.push([subject, ...[wallSeconds, cpuSeconds, rssMiB, tableSize, connections, ratio?.wallRatio, ratio?.cpuRatio, ratio?.rssRatio].map(figure)])
  }

  return out.toString()
}

function operations (rows: Row[], ratios: Ratio[]): string {
  const out = new Table({ head: ['operation', 'by', 'p50 ms', 'p95 ms', 'CPU ms', 'messages', 'recall', 'stored', 'failed', 'ours/it: p50', 'CPU', 'messages'], ...PLAIN })

  for (const row of rows.filter(({ op }) => op !== 'form')) {
    const ratio = ratios.find(({ to, op }) => to === row.subject && op === row.op)

    out.push([
      row.op,
      row.subject,
      figure(row.p50Ms),
      figure(row.p95Ms),
      ranged(row.cpuMs, row.cpuMsMin, row.cpuMsMax),
      figure(row.messages),
      row.recall?.toFixed(4) ?? '',
      figure(row.stored),
      `${row.failed} of ${row.operations}`,
      ranged(ratio?.p50Ratio, ratio?.p50RatioMin, ratio?.p50RatioMax),
      ranged(ratio?.cpuRatio, ratio?.cpuRatioMin, ratio?.cpuRatioMax),
      figure(ratio?.messagesRatio)
    ])
  }

  return out.toString()
}

function figure (value?: number): string {
  return value?.toString() ?? ''
}

function ranged (value?: number, min?: number, max?: number): string {
  return value == null ? '' : `${value} (${min}–${max})`
}
