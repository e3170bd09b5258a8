// Which of several signed records holds: by sequence number, then by expiry, then by their bytes. All nodes choose the same, whatever
// they have got first, without asking each other.

import { compare as uint8ArrayCompare } from 'uint8arrays/compare'
import { readSigned } from './signed-record.ts'
import type { ReadRecord } from './signed-record.ts'
import type { SelectFn } from '../namespaces.ts'

/** What the order looks at. */
export interface Ranked {
  bytes: Uint8Array
  /** undefined for bytes that are no signed record */
  read?: ReadRecord
}

/** Reads what is to be compared, once, however often it is. */
export function rankSigned (bytes: Uint8Array): Ranked {
  try {
    return { bytes, read: readSigned(bytes) }
  } catch {
    return { bytes }
  }
}

/**
 * Negative when `b` holds against `a`, positive when `a` holds against `b`, 0 when they are the same bytes: an order of any bytes, of which the
 * last holds. A tombstone is ordered by its sequence number as any other: it holds against lower ones, and a higher one brings the record back.
 * Bytes that are no signed record come before all that are, and are ordered among themselves, so that the order is total.
 */
export function compareSigned (a: Uint8Array, b: Uint8Array): number {
  return compareRanked(rankSigned(a), rankSigned(b))
}

/** The same for what is read already. */
export function compareRanked (a: Ranked, b: Ranked): number {
  if (a.read == null || b.read == null) {
    return Number(a.read != null) - Number(b.read != null) || uint8ArrayCompare(a.bytes, b.bytes)
  }

  const [one, other] = [a.read.record, b.read.record]

  if (one.seq !== other.seq) {
    return one.seq < other.seq ? -1 : 1
  }

  return Math.sign(one.expires - other.expires) || uint8ArrayCompare(a.bytes, b.bytes)
}

/** The selector of the namespace `/sig`: the index of the record that holds, the first of equal ones. */
export const selectSigned: SelectFn = (key, values) => {
  const ranked = values.map(rankSigned)

  return ranked.reduce((best, one, i) => compareRanked(one, ranked[best]) > 0 ? i : best, 0)
}
