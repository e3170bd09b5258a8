// The member list of an overlay: at most one entry a member, and one encoding for equal lists. Lists are merged wherever they meet,
// in any order and any number of times, and come out the same.

import { InvalidParametersError } from '@libp2p/interface'
import { compare as uint8ArrayCompare } from 'uint8arrays/compare'
import { equals as uint8ArrayEquals } from 'uint8arrays/equals'
import { idOf } from '../../wire/peer.ts'
import { plainBytes } from '../../wire/plain-bytes.ts'
import { InvalidRecordError } from '../namespaces.ts'
import { fieldLength, MIN_SET_SIZE } from './entry-size.ts'
import { compareEntries, isInTime, readEntry } from './member-entry.ts'
import { OverlaySet } from './overlay.ts'
import type { MemberEntry } from './member-entry.ts'

/** The most entries of a list, whatever its limit of bytes; 10 KiB hold fewer than 70 of the shortest. Each costs a signature to verify. */
export const MAX_ENTRIES = 256

/** Who is in an overlay. */
export interface Member {
  /** the multihash of its peer id */
  member: Uint8Array
  version: bigint
  /** unix ms */
  expires: number
}

/**
 * The entries of a list, in the order of their members. Signatures and times are not verified.
 *
 * @throws {InvalidRecordError} when it has more than 256 entries, two of one member, or another encoding than `encodeSet` gives it
 */
export function decodeSet (value: Uint8Array): MemberEntry[] {
  const entries = decodeEntries(value).map(readEntry)

  for (let i = 1; i < entries.length; i++) {
    const order = uint8ArrayCompare(entries[i - 1].member, entries[i].member)

    if (order >= 0) {
      throw new InvalidRecordError(order === 0 ? 'The list has two entries of one member: merge them' : 'The list is not in the order of its members: sort it')
    }
  }

  if (!uint8ArrayEquals(encodeSet(entries), value)) {
    throw new InvalidRecordError('The list has something in it that is no entry')
  }

  return entries
}

function decodeEntries (value: Uint8Array): Uint8Array[] {
  try {
    return OverlaySet.decode(plainBytes(value), { limits: { entries: MAX_ENTRIES } }).entries
  } catch (error) {
    throw new InvalidRecordError(`A member list has up to ${MAX_ENTRIES} entries and nothing else; this one can't be read`, { cause: error })
  }
}

/** Equal lists are equal bytes; no entries, no bytes. There must be at most one entry a member. */
export function encodeSet (entries: readonly MemberEntry[]): Uint8Array {
  const sorted = [...entries].sort((a, b) => uint8ArrayCompare(a.member, b.member))

  return OverlaySet.encode({ entries: sorted.map(({ bytes }) => bytes as Uint8Array<ArrayBuffer>) })
}

/**
 * One list out of any number of valid ones of the same overlay: of each member's entries that are in their time the newest, and of those
 * as many of the newest as fit; empty when none is in its time. For the same `now` and `maxBytes` this is commutative, associative
 * and idempotent.
 *
 * @throws {InvalidRecordError} when a value is no list
 * @throws {InvalidParametersError} when the longest entry would not fit
 */
export function mergeSets (values: readonly Uint8Array[], now: number, maxBytes: number): Uint8Array {
  requireSetSize(maxBytes)

  const newest = new Map<string, MemberEntry>()

  // what is out of its time goes first of all: if the newest were chosen before, what an expired one has displaced would depend on
  // which lists met first
  for (const entry of values.flatMap(decodeSet).filter(entry => isInTime(entry, now))) {
    const id = idOf(entry.member)
    const other = newest.get(id)

    if (other == null || compareEntries(entry, other) > 0) {
      newest.set(id, entry)
    }
  }

  return encodeSet(newestThatFit([...newest.values()], maxBytes))
}

/** @throws {InvalidParametersError} when under this limit of bytes the longest entry would not fit */
export function requireSetSize (maxBytes: number): void {
  if (!(maxBytes >= MIN_SET_SIZE)) {
    throw new InvalidParametersError(`The limit of a member list must be at least ${MIN_SET_SIZE} bytes, for that is the longest that an entry can be; it is ${maxBytes}`)
  }
}

/**
 * The newest, until there might be no room for a further one, however long.
 *
 * That it is associative takes three things. The order is that by which a member's newest entry is chosen, so an entry that is cut
 * is followed by all that it replaces. Each is charged the longest that its member's entries can be, so those that have cut
 * another, and whatever replaces them, always will again. And it is kept or cut by what is before it alone, not by its own length:
 * if it were cut because it is long, a short one behind it would be cut with it here, and fit where the long one was not heard of.
 */
function newestThatFit (entries: readonly MemberEntry[], maxBytes: number): MemberEntry[] {
  const sorted = [...entries].sort((a, b) => compareEntries(b, a))
  let count = 0
  let charged = 0

  while (count < Math.min(sorted.length, MAX_ENTRIES) && charged + MIN_SET_SIZE <= maxBytes) {
    charged += fieldLength(sorted[count].longest)
    count++
  }

  return sorted.slice(0, count)
}

/** Whether none of the entries would be cut by merging: as it is with every list that was merged under this limit. */
export function fits (entries: readonly MemberEntry[], maxBytes: number): boolean {
  return newestThatFit(entries, maxBytes).length === entries.length
}

/**
 * The members of a valid list that are there at `now` and have not left, in the order of their multihashes.
 *
 * @throws {InvalidRecordError} when it is no list
 */
export function members (value: Uint8Array, now: number): Member[] {
  return decodeSet(value)
    .filter(entry => !entry.left && isInTime(entry, now))
    .map(({ member, version, expires }) => ({ member, version, expires }))
}
