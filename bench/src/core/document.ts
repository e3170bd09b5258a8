// Sums up what was measured: what `--json` prints. What was not measured is left out.

import { ratioFields } from '../ratios.ts'
import { spreadFields } from '../spread-fields.ts'
import { mean, median, rounded, spread } from '../statistics.ts'
import type { Timed } from './child.ts'
import type { Measured, MeasureOptions } from './measure.ts'
import type { OperationName } from './operation-names.ts'
import type { CoreSubjectName } from './subject.ts'
import type { SpreadFields } from '../spread-fields.ts'

/** A lookup divided by the requests that it makes. */
const STEP = 'lookupStep'

type RowName = OperationName | typeof STEP

/** Times are of one operation. Each is a median of the rounds, with the least and the most of them. */
export interface Row extends SpreadFields<'p50Us'>, SpreadFields<'cpuUs'> {
  subject: CoreSubjectName
  op: RowName
  p95Us?: number
  /** what the median makes in a second */
  perSecond?: number
  /** requests, a lookup */
  messages?: number
  /** the share of the true nearest that the lookups found */
  recall?: number
  /** peers in the table that was searched */
  tableSize?: number
}

/** Ours by a rival's, round by round: less than 1 where ours takes less. */
export interface Ratio extends SpreadFields<'p50Ratio'>, SpreadFields<'cpuRatio'> {
  subject: CoreSubjectName
  to: CoreSubjectName
  op: RowName
}

export interface Document {
  suite: 'core'
  rounds: number
  rows: Row[]
  ratios: Ratio[]
}

export function summarise ({ rounds }: MeasureOptions, measured: Measured): Document {
  const all = [...measured].flatMap(([op, bySubject]): Array<[RowName, Map<CoreSubjectName, Timed[]>]> => {
    return op === 'lookup' ? [[op, bySubject], [STEP, steps(bySubject)]] : [[op, bySubject]]
  })

  return {
    suite: 'core',
    rounds,
    rows: all.flatMap(([op, bySubject]) => [...bySubject].map(([subject, timed]) => row(subject, op, timed))),
    ratios: all.flatMap(([op, bySubject]) => {
      const ours = bySubject.get('ours') ?? []

      return [...bySubject].filter(([subject]) => subject !== 'ours').map(([subject, timed]) => ratio(op, ours, subject, timed))
    })
  }
}

function row (subject: CoreSubjectName, op: RowName, timed: Timed[]): Row {
  const p50 = spread(timed.map(({ p50 }) => p50))
  const { tableSize, recall } = timed[0]

  return {
    subject,
    op,
    ...spreadFields('p50Us', p50),
    p95Us: rounded(median(timed.map(({ p95 }) => p95))),
    ...spreadFields('cpuUs', spread(timed.map(({ cpu }) => cpu))),
    perSecond: rounded(1e6 / p50.median),
    messages: op === 'lookup' ? rounded(mean(timed.map(({ messages = NaN }) => messages))) : undefined,
    recall,
    tableSize
  }
}

function ratio (op: RowName, ours: Timed[], to: CoreSubjectName, rival: Timed[]): Ratio {
  return {
    subject: 'ours',
    to,
    op,
    ...ratioFields('p50Ratio', ours, rival, ({ p50 }) => p50),
    ...ratioFields('cpuRatio', ours, rival, ({ cpu }) => cpu)
  }
}

function steps (bySubject: Map<CoreSubjectName, Timed[]>): Map<CoreSubjectName, Timed[]> {
  return new Map([...bySubject].map(([subject, timed]) => [subject, timed.map(({ p50, p95, cpu, messages = NaN, ...rest }) => ({
    ...rest,
    p50: p50 / messages,
    p95: p95 / messages,
    cpu: cpu / messages,
    messages,
    recall: undefined
  }))]))
}
