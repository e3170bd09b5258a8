// How many peers there are, estimated from lookups that were made anyway. Pure (law 2).
//
// Ids are spread evenly, so the distance of the k-th nearest peer to any key, as a share of the key space, is the sum of k steps of 1 / N
// on average each. Each lookup gives one such distance, with a variance of 1 / k of its square; pooled, they are weighed by that.

import { MOST_SPREAD } from './certainty.ts'
import { compareDistance, distanceShare } from './key.ts'
import type { Key, PeerKey } from './key.ts'

/** go-libp2p-kad-dht forgets its measurements after two hours, ms; so does this. */
const MAX_AGE = 2 * 60 * 60 * 1000

/** So many lookups are remembered: with k = 20 their error is a fortieth, which is more than anyone needs to know. */
const MAX_SAMPLES = 64

/** What is known of the size of the network. */
export interface NetworkSize {
  /** peers that answer requests */
  peers: number
  /** one standard deviation, as a share of `peers` */
  error: number
}

interface Sample {
  target: Key
  /** how many were found, and how far away the last of them is, as a share of the key space */
  found: number
  share: number
  at: number
}

export class NetworkSizeEstimator {
  readonly #k: number
  #samples: Sample[] = []

  constructor (k: number) {
    this.#k = k
  }

  /**
   * A lookup has found these, all that there are, nearest first. It replaces earlier ones for keys in the same neighbourhood, which tell of the
   * same peers. No effect when fewer than k were found: there may be no more, which says nothing of their density. Nor when the last is so far away that some before it
   * must have been missed: one such lookup would outweigh all others.
   */
  onLookup (target: Key, closest: readonly PeerKey[], now: number): void {
    if (closest.length < this.#k) {
      return
    }

    const farthest = closest[this.#k - 1].key

    if (distanceShare(farthest, target) > MOST_SPREAD * distanceShare(closest[this.#k >> 1].key, target)) {
      return
    }

    const others = this.#samples.filter(sample => compareDistance(sample.target, farthest, target) > 0)
    this.#samples = [...others, { target, found: this.#k, share: distanceShare(farthest, target), at: now }].slice(-MAX_SAMPLES)
  }

  /** Undefined when no lookup has told of it lately. */
  estimate (now: number): NetworkSize | undefined {
    this.#samples = this.#samples.filter(({ at }) => now - at < MAX_AGE)
    const found = this.#samples.reduce((sum, { found }) => sum + found, 0)
    const share = this.#samples.reduce((sum, { share }) => sum + share, 0)

    // the sum of `found` steps is spread as a gamma distribution; this is its unbiased estimate, and one less makes it so
    return found < 2 ? undefined : { peers: (found - 1) / share, error: 1 / Math.sqrt(found) }
  }
}
