// Which of several valid records of `/ipns` holds: by sequence number, then by their end, then by their bytes, as in boxo. With `ipnsSelector`
// of the package `ipns`, which sees neither nanoseconds nor bytes, js nodes would keep what came last, and never agree with Go nodes.

import { unmarshalIPNSRecord } from 'ipns'
import { compare as uint8ArrayCompare } from 'uint8arrays/compare'
import type { SelectFn } from './namespaces.ts'

/** What the order looks at. */
interface Ranked {
  bytes: Uint8Array
  sequence: bigint
  /** unix ns */
  end: bigint
}

export const selectIpns: SelectFn = (_key, values) => {
  const ranked = values.map(rank)

  return ranked.reduce((best, record, i) => compare(record, ranked[best]) > 0 ? i : best, 0)
}

/** When the record ends, unix ms. */
export function ipnsExpires (bytes: Uint8Array): number {
  return Number(nanoseconds(unmarshalIPNSRecord(bytes).validity) / 1_000_000n)
}

/** How long it may be cached, seconds: the record has nanoseconds. */
export function ipnsTtl (bytes: Uint8Array): number {
  return Number((unmarshalIPNSRecord(bytes).ttl ?? 0n) / 1_000_000_000n)
}

function rank (bytes: Uint8Array): Ranked {
  const { sequence, validity } = unmarshalIPNSRecord(bytes)

  return { bytes, sequence, end: nanoseconds(validity) }
}

/** Positive when `a` holds against `b`. */
function compare (a: Ranked, b: Ranked): number {
  return order(a.sequence, b.sequence) || order(a.end, b.end) || uint8ArrayCompare(a.bytes, b.bytes)
}

function order (a: bigint, b: bigint): number {
  return Number(a > b) - Number(a < b)
}

/** RFC 3339, of which `Date` reads three digits of a second's fraction. A time that is none ends before all others. */
function nanoseconds (time: string): bigint {
  const [, fraction = ''] = /\.(\d+)/.exec(time) ?? []
  const seconds = Date.parse(time.replace(/\.\d+/, '')) / 1000

  return Number.isNaN(seconds) ? -1n : BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0').slice(0, 9))
}
