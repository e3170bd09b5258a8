// Sums up what was measured: what `--json` prints. What was not measured is left out.

import { mean, median, quantile, rounded, spread } from '../statistics.ts'
import { OPERATIONS } from './operation-names.ts'
import type { Measured, MeasureOptions } from './measure.ts'
import type { OperationName } from './operation-names.ts'
import type { BatchResult } from './protocol.ts'
import type { SubjectName } from '../subjects/index.ts'
import type { TransportName } from '../transport-names.ts'

export interface Row {
  subject: SubjectName
  op: OperationName | 'form'
  /** done, the failed ones included */
  operations?: number
  failed?: number
  /** why, each reason once with how often */
  failures?: string[]
  /** over all rounds */
  p50Ms?: number
  p95Ms?: number
  /** of both ends, an operation: median, least and most of the rounds */
  cpuMs?: number
  cpuMsMin?: number
  cpuMsMax?: number
  /** requests sent, an operation */
  messages?: number
  /** the share of the true nearest that was found */
  recall?: number
  /** nodes that took what was to be stored */
  stored?: number
  /** until the network had formed, and the CPU time that it took */
  wallSeconds?: number
  cpuSeconds?: number
  /** a node */
  rssMiB?: number
  tableSize?: number
  connections?: number
}

/** Ours by a rival's: less than 1 where ours takes less. Of the rounds: median, least and most. */
export interface Ratio {
  subject: SubjectName
  to: SubjectName
  op: OperationName | 'form'
  p50Ratio?: number
  p50RatioMin?: number
  p50RatioMax?: number
  cpuRatio?: number
  cpuRatioMin?: number
  cpuRatioMax?: number
  messagesRatio?: number
  wallRatio?: number
  rssRatio?: number
}

export interface Document {
  suite: 'network'
  transport: TransportName
  rounds: number
  nodes: number
  operations: number
  seed: string
  rows: Row[]
  ratios: Ratio[]
}

export function summarise ({ transport, rounds, nodes, operations, seed }: MeasureOptions, measured: Measured[]): Document {
  const ours = measured.find(({ subject }) => subject === 'ours')
  const rivals = ours == null ? [] : measured.filter(other => other !== ours)

  return {
    suite: 'network',
    transport,
    rounds,
    nodes,
    operations,
    seed,
    rows: [
      ...measured.map(formRow),
      ...OPERATIONS.flatMap(op => measured.map(each => operationRow(each, op)))
    ],
    ratios: ours == null ? [] : rivals.flatMap(rival => [formRatio(ours, rival), ...OPERATIONS.map(op => operationRatio(ours, rival, op))])
  }
}

function formRow ({ subject, rssMiB, form: { wallSeconds, cpuSeconds, tableSize, connections } }: Measured): Row {
  return {
    subject,
    op: 'form',
    wallSeconds: rounded(wallSeconds),
    cpuSeconds: rounded(cpuSeconds),
    rssMiB: rounded(rssMiB),
    tableSize: rounded(tableSize),
    connections: rounded(connections)
  }
}

function operationRow ({ subject, timed, counted }: Measured, op: OperationName): Row {
  const batches = timed[op]
  const latencies = batches.flatMap(batch => batch.latencies)
  const cpu = spread(batches.map(({ cpuMs }) => cpuMs))
  const failures = [...batches, counted[op]].flatMap(batch => batch.failures)

  return {
    subject,
    op,
    operations: [...batches, counted[op]].reduce((sum, batch) => sum + batch.latencies.length + batch.failures.length, 0),
    failed: failures.length,
    ...failures.length === 0 ? {} : { failures: tally(failures) },
    p50Ms: rounded(median(latencies)),
    p95Ms: rounded(quantile(latencies, 0.95)),
    cpuMs: rounded(cpu.median),
    cpuMsMin: rounded(cpu.min),
    cpuMsMax: rounded(cpu.max),
    messages: rounded(mean(counted[op].messages)),
    // not rounded up to what it has to be
    recall: unrounded(mean(batches.flatMap(batch => batch.recall))),
    stored: rounded(mean(batches.flatMap(batch => batch.stored)))
  }
}

function formRatio (ours: Measured, rival: Measured): Ratio {
  return {
    subject: 'ours',
    to: rival.subject,
    op: 'form',
    wallRatio: rounded(ours.form.wallSeconds / rival.form.wallSeconds),
    cpuRatio: rounded(ours.form.cpuSeconds / rival.form.cpuSeconds),
    rssRatio: rounded(ours.rssMiB / rival.rssMiB)
  }
}

function operationRatio (ours: Measured, rival: Measured, op: OperationName): Ratio {
  const ratio = (of: (batch: BatchResult) => number): number[] => ours.timed[op]
    .map((batch, round) => of(batch) / of(rival.timed[op][round]))
    .filter(Number.isFinite)
  const p50 = spread(ratio(({ latencies }) => median(latencies)))
  const cpu = spread(ratio(({ cpuMs }) => cpuMs))

  return {
    subject: 'ours',
    to: rival.subject,
    op,
    p50Ratio: rounded(p50.median),
    p50RatioMin: rounded(p50.min),
    p50RatioMax: rounded(p50.max),
    cpuRatio: rounded(cpu.median),
    cpuRatioMin: rounded(cpu.min),
    cpuRatioMax: rounded(cpu.max),
    messagesRatio: rounded(mean(ours.counted[op].messages) / mean(rival.counted[op].messages))
  }
}

function unrounded (value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined
}

function tally (reasons: string[]): string[] {
  return [...Map.groupBy(reasons, reason => reason)].map(([reason, { length }]) => `${length} × ${reason}`)
}
