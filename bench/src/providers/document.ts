// Sums up what was measured: what `--json` prints. What was not measured is left out.

import { ratioFields } from '../ratios.ts'
import { spreadFields } from '../spread-fields.ts'
import { mean, median, rounded, spread } from '../statistics.ts'
import { tally } from '../tally.ts'
import { WAYS } from './ways.ts'
import type { Batch, Measured, MeasureOptions } from './measure.ts'
import type { WayName } from './ways.ts'
import type { SpreadFields } from '../spread-fields.ts'
import type { TransportName } from '../transport-names.ts'

/** Those with `…Min` and `…Max`: median, least and most of the rounds. */
export interface Row extends SpreadFields<'seconds' | 'cidsPerSecond' | 'recordsPerSecond' | 'cpuSeconds' | 'cpuMs'> {
  by: WayName
  /** announced in a round */
  cids: number
  /** how many of those that did not succeed, in all rounds */
  failed: number
  /** why, each reason once with how often */
  failures?: string[]
  /** a CID */
  messages?: number
  /** a CID */
  lookups?: number
  /** nodes that hold a CID in the end */
  holders?: number
  /** the share of the true nearest that do */
  held?: number
}

/** `of` by `to`. `rateRatio`, of records a second, is more than 1 where `of` is faster; the others are of what a CID takes. */
export interface Ratio extends SpreadFields<'rateRatio' | 'cpuRatio'> {
  of: WayName
  cids: number
  to: WayName
  toCids: number
  messagesRatio?: number
  lookupsRatio?: number
}

export interface Document {
  suite: 'providers'
  transport: TransportName
  rounds: number
  nodes: number
  atOnce: number
  seed: string
  rows: Row[]
  ratios: Ratio[]
}

export function summarise ({ transport, rounds, nodes, atOnce, seed }: MeasureOptions, measured: Measured[]): Document {
  return {
    suite: 'providers',
    transport,
    rounds,
    nodes,
    atOnce,
    seed,
    rows: measured.map(row),
    ratios: measured
      .filter(({ way }) => WAYS[way].subject === 'ours')
      .flatMap(ours => measured.filter(other => isRival(ours, other)).map(rival => ratio(ours, rival)))
  }
}

/** Ours by a sweep is held against all others, one by one against those of its kind; sweeps against those of as many. */
function isRival (ours: Measured, other: Measured): boolean {
  const [sweeps, too] = [WAYS[ours.way].sweep, WAYS[other.way].sweep]

  return other.way !== ours.way && (sweeps ? !too || other.cids === ours.cids : !too)
}

function row (measured: Measured): Row {
  const { way, cids, batches } = measured
  const failures = batches.flatMap(batch => Object.entries(batch.failures))

  return {
    by: way,
    cids,
    failed: failures.reduce((sum, [, count]) => sum + count, 0),
    ...failures.length === 0 ? {} : { failures: tally(failures) },
    ...spreadFields('seconds', spread(batches.map(({ seconds }) => seconds))),
    ...spreadFields('cidsPerSecond', spread(batches.map(({ seconds }) => cids / seconds))),
    ...spreadFields('recordsPerSecond', spread(batches.map(batch => rate(batch, cids)))),
    ...spreadFields('cpuSeconds', spread(batches.map(({ cpuMs }) => cpuMs / 1000))),
    ...spreadFields('cpuMs', spread(batches.map(({ cpuMs }) => cpuMs / cids))),
    messages: rounded(messages(measured)),
    lookups: rounded(lookups(measured)),
    holders: rounded(mean(batches.map(({ holders }) => holders))),
    // not rounded up to what it has to be
    held: mean(batches.map(({ held }) => held))
  }
}

function ratio (ours: Measured, rival: Measured): Ratio {
  const rounds = [batchesOf(ours), batchesOf(rival)] as const

  return {
    of: ours.way,
    cids: ours.cids,
    to: rival.way,
    toCids: rival.cids,
    ...ratioFields('rateRatio', ...rounds, ({ batch, cids }) => rate(batch, cids)),
    ...ratioFields('cpuRatio', ...rounds, ({ batch, cids }) => batch.cpuMs / cids),
    messagesRatio: rounded(messages(ours) / messages(rival)),
    lookupsRatio: rounded(lookups(ours) / lookups(rival))
  }
}

function batchesOf ({ batches, cids }: Measured): Array<{ batch: Batch, cids: number }> {
  return batches.map(batch => ({ batch, cids }))
}

/** Records that nodes hold, a second. */
function rate ({ holders, seconds }: Batch, cids: number): number {
  return holders * cids / seconds
}

function messages ({ batches, counted, cids }: Measured): number {
  return counted ?? median(batches.map(({ messages = NaN }) => messages / cids))
}

function lookups ({ batches, cids }: Measured): number {
  return median(batches.map(({ lookups }) => lookups / cids))
}
