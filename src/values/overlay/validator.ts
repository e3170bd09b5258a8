// What may be stored under `/overlay/…`, and which of two lists is better for those who cannot merge them.

import QuickLRU from 'quick-lru'
import { compare as uint8ArrayCompare } from 'uint8arrays/compare'
import { InvalidRecordError } from '../namespaces.ts'
import { compareEntries, isInTime, requireOverlay, requireSignature } from './member-entry.ts'
import { decodeSet, fits, requireSetSize } from './member-set.ts'
import { parseOverlayKey } from './overlay-key.ts'
import type { MemberEntry, VerifiedEntries } from './member-entry.ts'
import type { SelectFn, ValidateFn } from '../namespaces.ts'

/** How many good signatures are remembered: those of more than eighty full lists, in a few hundred KiB. */
const VERIFIED = 4096

export interface OverlayOptions {
  /** unix ms */
  now (): number
  /** the longest list that is taken, bytes. All nodes of a network should have the same: one with less refuses the full lists of others */
  maxSize: number
}

/**
 * Takes a list of which every entry is signed by its member for this overlay, in the one encoding that it has, with at least one
 * entry in its time and no more than merging would keep.
 *
 * Entries that are not in their time do no harm, so a list may have some beside others: merging and reading leave them out. If they
 * made it invalid, every list held would be lost with the first entry to expire, and a node whose clock is slow or fast would refuse
 * the lists that all others agree on.
 *
 * @throws {InvalidParametersError} when under the limit the longest entry would not fit
 */
export function overlayValidator ({ now, maxSize }: OverlayOptions): ValidateFn {
  requireSetSize(maxSize)
  const verified: VerifiedEntries = new QuickLRU({ maxSize: VERIFIED / 2 })

  return async (key, value, options) => {
    const overlay = parseOverlayKey(key)

    if (value.byteLength > maxSize) {
      throw new InvalidRecordError(`A member list of ${value.byteLength} bytes is over the limit of ${maxSize}: merge it under that limit`)
    }

    const entries = decodeSet(value)

    if (!fits(entries, maxSize)) {
      throw new InvalidRecordError(`A member list of ${entries.length} entries is too full for the limit of ${maxSize} bytes: merge it under that limit`)
    }

    const time = now()

    if (!entries.some(entry => isInTime(entry, time))) {
      throw new InvalidRecordError(`None of the ${entries.length} entries is in its time, which ends in the future and at most 48 hours ahead: sign one anew, or set the clock`)
    }

    entries.forEach(entry => { requireOverlay(entry, overlay) })

    // one after another: the first that is not signed ends it
    for (const entry of entries) {
      await requireSignature(entry, { verified, signal: options?.signal })
    }
  }
}

/**
 * Prefers the list that has the newest entry that the other has not. That is a total order, and one in which a merged list is never
 * worse than any of those that it was made of: whoever selects does not undo what others merge. Entries that are not in their time
 * count only between lists that are equal without them: there the shorter list is better, then the one with the greater bytes.
 */
export function overlaySelector ({ now }: Pick<OverlayOptions, 'now'>): SelectFn {
  return (key, values) => {
    const time = now()
    const lists = values.map(value => ({ value, entries: newestFirst(value, time) }))

    return lists.reduce((best, list, i) => compareLists(list, lists[best]) > 0 ? i : best, 0)
  }
}

interface List {
  value: Uint8Array
  /** those that are in their time, newest first */
  entries: MemberEntry[]
}

function newestFirst (value: Uint8Array, now: number): MemberEntry[] {
  return decodeSet(value).filter(entry => isInTime(entry, now)).sort((a, b) => compareEntries(b, a))
}

function compareLists (a: List, b: List): number {
  const shared = Math.min(a.entries.length, b.entries.length)

  for (let i = 0; i < shared; i++) {
    const order = compareEntries(a.entries[i], b.entries[i])

    if (order !== 0) {
      return order
    }
  }

  if (a.entries.length !== b.entries.length) {
    return a.entries.length - b.entries.length
  }

  return b.value.byteLength - a.value.byteLength || uint8ArrayCompare(a.value, b.value)
}
