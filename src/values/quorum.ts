// How many nodes have to answer with a valid value before the best of them is good enough.

import { InvalidParametersError } from '@libp2p/interface'

/** `majority` and `all` are of the k that should hold it. */
export type Quorum = 'one' | 'majority' | 'all' | number

/**
 * In answers. With `all` the search always goes to its end.
 *
 * @throws {InvalidParametersError} when it is none of these
 */
export function answersNeeded (quorum: Quorum, k: number): number {
  if (quorum === 'one') {
    return 1
  }

  if (quorum === 'majority') {
    return Math.floor(k / 2) + 1
  }

  if (quorum === 'all') {
    return Infinity
  }

  if (!Number.isInteger(quorum) || quorum < 1) {
    throw new InvalidParametersError(`A quorum is 'one', 'majority', 'all' or a positive integer, not ${String(quorum)}`)
  }

  return quorum
}
