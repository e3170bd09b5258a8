// Sums up what was measured: what `--json` prints. What was not measured is left out.

import { quotients, ratioFields } from '../ratios.ts'
import { spreadFields } from '../spread-fields.ts'
import { median, quantile, rounded, spread } from '../statistics.ts'
import { tally } from '../tally.ts'
import { CONTENT } from './measure.ts'
import { OPERATIONS } from './operation-names.ts'
import type { Measured, MeasureOptions } from './measure.ts'
import type { OperationName } from './operation-names.ts'
import type { SpreadFields } from '../spread-fields.ts'
import type { SubjectName } from '../subjects/index.ts'

/** Those with `…Min` and `…Max`: median, least and most of the rounds. `cpuUs` is of the server's process, a request. */
export interface Row extends SpreadFields<'perSecond' | 'cpuUs'> {
  subject: SubjectName
  op: OperationName | 'filled'
  /** asked, the failed ones included */
  requests?: number
  failed?: number
  /** why, each reason once with how often */
  failures?: string[]
  /** of the right answers of all rounds */
  p50Ms?: number
  p95Ms?: number
  /** of the server's process, full and warm */
  rssMiB?: number
  /** peers */
  tableSize?: number
}

/** Ours by a rival's. `perSecondRatio` is more than 1 where ours answers more, the others less than 1 where ours takes less. */
export interface Ratio extends SpreadFields<'perSecondRatio' | 'cpuRatio'> {
  subject: SubjectName
  to: SubjectName
  op: OperationName | 'filled'
  p50Ratio?: number
  rssRatio?: number
}

export interface Document {
  suite: 'server'
  datastore: MeasureOptions['datastore']
  rounds: number
  /** of a batch */
  seconds: number
  seed: string
  providerRecords: number
  providerKeys: number
  values: number
  rows: Row[]
  ratios: Ratio[]
}

export function summarise ({ datastore, rounds, seconds, seed }: MeasureOptions, measured: Measured[]): Document {
  const ours = measured.find(({ subject }) => subject === 'ours')
  const rivals = ours == null ? [] : measured.filter(other => other !== ours)

  return {
    suite: 'server',
    datastore,
    rounds,
    seconds,
    seed,
    providerRecords: CONTENT.keys * CONTENT.providers,
    providerKeys: CONTENT.keys,
    values: CONTENT.values,
    rows: [
      ...measured.map(({ subject, tableSize, rssMiB }): Row => ({ subject, op: 'filled', tableSize, rssMiB: rounded(rssMiB) })),
      ...OPERATIONS.flatMap(op => measured.map(each => operationRow(each, op)))
    ],
    ratios: ours == null
      ? []
      : rivals.flatMap((rival): Ratio[] => [
        { subject: 'ours', to: rival.subject, op: 'filled', rssRatio: rounded(ours.rssMiB / rival.rssMiB) },
        ...OPERATIONS.map(op => operationRatio(ours, rival, op))
      ])
  }
}

function operationRow ({ subject, batches }: Measured, op: OperationName): Row {
  const done = batches[op]
  const latencies = done.flatMap(({ latenciesMs }) => latenciesMs)
  const requests = done.reduce((sum, batch) => sum + batch.requests, 0)

  return {
    subject,
    op,
    requests,
    failed: requests - latencies.length,
    ...requests === latencies.length ? {} : { failures: tally(done.flatMap(({ failures }) => Object.entries(failures))) },
    ...spreadFields('perSecond', spread(done.map(({ perSecond }) => perSecond))),
    p50Ms: rounded(median(latencies)),
    p95Ms: rounded(quantile(latencies, 0.95)),
    ...spreadFields('cpuUs', spread(done.map(({ cpuUs }) => cpuUs)))
  }
}

function operationRatio (ours: Measured, rival: Measured, op: OperationName): Ratio {
  const rounds = [ours.batches[op], rival.batches[op]] as const

  return {
    subject: 'ours',
    to: rival.subject,
    op,
    ...ratioFields('perSecondRatio', ...rounds, ({ perSecond }) => perSecond),
    ...ratioFields('cpuRatio', ...rounds, ({ cpuUs }) => cpuUs),
    p50Ratio: rounded(median(quotients(...rounds, ({ latenciesMs }) => median(latenciesMs))))
  }
}
