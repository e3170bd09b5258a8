// Sums up what was measured: what `--json` prints. What was not measured is left out.

import { ratioFields } from '../ratios.ts'
import { spreadFields } from '../spread-fields.ts'
import { mean, median, quantile, rounded, spread } from '../statistics.ts'
import { tally } from '../tally.ts'
import { OPERATIONS } from './operation-names.ts'
import type { Measured, MeasureOptions } from './measure.ts'
import type { OperationName } from './operation-names.ts'
import type { SpreadFields } from '../spread-fields.ts'
import type { SubjectName } from '../subjects/index.ts'
import type { TransportName } from '../transport-names.ts'

/**
 * Those with `…Min` and `…Max`: median, least and most of the rounds; `p50Ms` of the rounds' medians. `cpuMs` is of both ends, an
 * operation.
 */
export interface Row extends SpreadFields<'p50Ms' | 'cpuMs'> {
  subject: SubjectName
  op: OperationName | 'form'
  /** done, the failed ones included */
  operations?: number
  failed?: number
  /** why, each reason once with how often */
  failures?: string[]
  /** of the operations of all rounds together: a round has too few for one of its own */
  p95Ms?: number
  /** requests sent, an operation */
  messages?: number
  /** the share of the true nearest that was found */
  recall?: number
  /** nodes that took what was to be stored */
  stored?: number
  /** until the network had formed, and the CPU time that it took */
  wallSeconds?: number
  cpuSeconds?: number
  /** a node; like the two before one sample a run, without a spread */
  rssMiB?: number
  tableSize?: number
  connections?: number
}

/** Ours by a rival's: less than 1 where ours takes less. Of the rounds: median, least and most. One sample a run in `form`. */
export interface Ratio extends SpreadFields<'p50Ratio' | 'cpuRatio'> {
  subject: SubjectName
  to: SubjectName
  op: OperationName | 'form'
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
  // without the rounds in which all failed
  const medians = batches.map(({ latencies }) => median(latencies)).filter(Number.isFinite)
  const failures = [...batches, counted[op]].flatMap(batch => batch.failures)

  return {
    subject,
    op,
    operations: [...batches, counted[op]].reduce((sum, batch) => sum + batch.latencies.length + batch.failures.length, 0),
    failed: failures.length,
    ...failures.length === 0 ? {} : { failures: tally(failures.map(reason => [reason, 1])) },
    ...spreadFields('p50Ms', spread(medians)),
    p95Ms: rounded(quantile(batches.flatMap(({ latencies }) => latencies), 0.95)),
    ...spreadFields('cpuMs', spread(batches.map(({ cpuMs }) => cpuMs))),
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
  const rounds = [ours.timed[op], rival.timed[op]] as const

  return {
    subject: 'ours',
    to: rival.subject,
    op,
    ...ratioFields('p50Ratio', ...rounds, ({ latencies }) => median(latencies)),
    ...ratioFields('cpuRatio', ...rounds, ({ cpuMs }) => cpuMs),
    messagesRatio: rounded(mean(ours.counted[op].messages) / mean(rival.counted[op].messages))
  }
}

function unrounded (value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined
}
