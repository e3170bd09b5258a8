// Where keys are in the key space, as numbers: the first 52 bits of each, which a double holds exactly. Two of a million peers share 40 bits at the
// most, so nothing is lost that matters. Pure (law 2).

import type { Key } from './key.ts'

/** The bits of the key that a position has. */
const BITS = 52
const LOW_BITS = BITS - 32
const LOW = 2 ** LOW_BITS

/** How many positions there are. */
export const POSITIONS = 2 ** BITS

/** From this position on, up to the other one and without it. */
export type Interval = readonly [from: number, to: number]

export function positionOf (key: Key): number {
  return (key[0] >>> 0) * LOW + (key[1] >>> (32 - LOW_BITS))
}

/** How far two positions are from each other in the XOR metric. */
export function xorPositions (a: number, b: number): number {
  const high = (Math.floor(a / LOW) ^ Math.floor(b / LOW)) >>> 0

  return high * LOW + (((a % LOW) ^ (b % LOW)) >>> 0)
}

/** The distance of two keys, in positions. */
export function positionDistance (a: Key, b: Key): number {
  return ((a[0] ^ b[0]) >>> 0) * LOW + ((a[1] ^ b[1]) >>> (32 - LOW_BITS))
}

/** All positions nearer to the key than `distance`: an interval for each bit of it, the largest first. */
export function ballAround (key: Key, distance: number): Interval[] {
  if (distance >= POSITIONS) {
    return [[0, POSITIONS]]
  }

  const farthest = xorPositions(positionOf(key), distance)
  const intervals: Interval[] = []

  // those whose distance begins as `distance` does, up to a bit that is 1 there and 0 in theirs
  for (let size = POSITIONS / 2, rest = distance; rest > 0; size /= 2) {
    if (rest >= size) {
      rest -= size
      const from = size * Math.floor(xorPositions(farthest, size) / size)
      intervals.push([from, from + size])
    }
  }

  return intervals
}
