// Sums up what was measured: what `--json` prints.

import { ratioFields } from '../ratios.ts'
import { spreadFields } from '../spread-fields.ts'
import { quantile, rounded, spread } from '../statistics.ts'
import type { Measured, MeasureOptions, Round } from './measure.ts'
import type { SpreadFields } from '../spread-fields.ts'

/** Those with `…Min` and `…Max`: median, least and most of the rounds. */
export interface Row extends SpreadFields<'p50Ms' | 'p99Ms' | 'addedPerSecond'> {
  /** stored */
  records: number
  /** the first start, on what has no index: until at rest, and the longest block of the event loop */
  indexSeconds?: number
  indexBlockMs?: number
  /** the most CPU time of the thread without a turn for others */
  indexBlockCpuMs?: number
  /** the next start */
  startSeconds?: number
  startBlockMs?: number
  startBlockCpuMs?: number
  /** of the process when it has started: the heap and what hangs on it, without garbage */
  usedMiB?: number
  rssMiB?: number
  /** what it holds more than the one with the fewest, a record that it has more */
  bytesPerRecord?: number
  rssPerRecord?: number
  /** collected when all had lapsed */
  collected: number
  collectSeconds?: number
  collectBlockMs?: number
  collectBlockCpuMs?: number
  /** answers that were not what they should be */
  wrong: number
}

/** The one with more records by the one with the fewest: less is better. */
export interface Ratio extends SpreadFields<'p50Ratio' | 'p99Ratio'> {
  records: number
  to: number
}

export interface Document {
  suite: 'store'
  rounds: number
  requests: number
  adds: number
  cacheSize: number
  seed: string
  rows: Row[]
  ratios: Ratio[]
}

export function summarise ({ rounds, requests, adds, cacheSize, seed }: MeasureOptions, measured: Measured[]): Document {
  const [fewest, ...others] = measured.toSorted((a, b) => a.records - b.records)

  return {
    suite: 'store',
    rounds,
    requests,
    adds,
    cacheSize,
    seed,
    rows: [row(fewest), ...others.map(each => ({ ...row(each), ...growth(each, fewest) }))],
    ratios: others.map(each => ({
      records: each.records,
      to: fewest.records,
      ...ratioFields('p50Ratio', each.rounds, fewest.rounds, p50),
      ...ratioFields('p99Ratio', each.rounds, fewest.rounds, p99)
    }))
  }
}

function row ({ records, rounds, indexed, started, held, collected, wrong }: Measured): Row {
  return {
    records,
    ...spreadFields('p50Ms', spread(rounds.map(p50))),
    ...spreadFields('p99Ms', spread(rounds.map(p99))),
    ...spreadFields('addedPerSecond', spread(rounds.map(({ perSecond }) => perSecond))),
    indexSeconds: rounded(indexed.seconds),
    indexBlockMs: rounded(indexed.block.ms),
    indexBlockCpuMs: rounded(indexed.block.cpuMs),
    startSeconds: rounded(started.seconds),
    startBlockMs: rounded(started.block.ms),
    startBlockCpuMs: rounded(started.block.cpuMs),
    usedMiB: rounded(held.bytes / 1024 / 1024),
    rssMiB: rounded(held.rss / 1024 / 1024),
    collected: collected.records,
    collectSeconds: rounded(collected.seconds),
    collectBlockMs: rounded(collected.block.ms),
    collectBlockCpuMs: rounded(collected.block.cpuMs),
    wrong
  }
}

function growth (each: Measured, fewest: Measured): Pick<Row, 'bytesPerRecord' | 'rssPerRecord'> {
  const more = each.records - fewest.records

  return {
    bytesPerRecord: rounded((each.held.bytes - fewest.held.bytes) / more),
    rssPerRecord: rounded((each.held.rss - fewest.held.rss) / more)
  }
}

function p50 ({ latenciesMs }: Round): number {
  return quantile(latenciesMs, 0.5)
}

function p99 ({ latenciesMs }: Round): number {
  return quantile(latenciesMs, 0.99)
}
