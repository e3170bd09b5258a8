// Where an announcement stands in the index of what lapses when: its class, which is how near the content is to this node, and a bin of
// time. A range of one class and one bin is all that is ever read of the index.

import { commonPrefixLength } from '../../kademlia/key.ts'
import type { Key } from '../../kademlia/key.ts'

/** Both as one number, above 0. */
export type Place = number

/** How long a bin lasts, ms: so much later than it lapses an announcement may be deleted. */
export const BIN = 10 * 60 * 1000

/** What this node provides itself has a place of its own: it does not lapse, and does not count. */
export const OWN: Place = 1

const OWN_TEXT = 'own'

/** The bins of a class: they last until the year 2607. */
const BINS = 2 ** 25

/** Their number; of the nearest are those with so many common bits less one, and more. */
export const CLASSES = 32

/** `BINS` in decimal. */
const DIGITS = 8

/** The place of an announcement of `key` that lapses at `expires`, unix ms, in the index of the node `self`. */
export function placeOf (key: Key, self: Key, expires: number): Place {
  // what a damaged disk says may be anything
  const bin = Math.min(Math.max(Math.floor(expires / BIN), OWN + 1), BINS - 1)

  return Math.min(commonPrefixLength(key, self), CLASSES - 1) * BINS + bin
}

/** How near its content is to the node: bits in common. */
export function classOf (place: Place): number {
  return Math.floor(place / BINS)
}

/** Whether all that stands there has lapsed. */
export function isDue (place: Place, now: number): boolean {
  return place !== OWN && (place % BINS + 1) * BIN <= now
}

/** As it stands in the datastore's keys. */
export function placeText (place: Place): string {
  return place === OWN ? OWN_TEXT : `${`${classOf(place)}`.padStart(2, '0')}/${`${place % BINS}`.padStart(DIGITS, '0')}`
}

/** Undefined when it is none. */
export function readPlace (text: string): Place | undefined {
  if (text === OWN_TEXT) {
    return OWN
  }

  const [nearness, bin] = text.split('/').map(Number)
  const place = nearness * BINS + bin

  return placeText(place) === text ? place : undefined
}
