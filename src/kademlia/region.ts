// Everyone near a key, however many: all peers within the distance in which its k nearest are to be expected. Whoever wants to hide a key makes
// k ids that are nearer to it than all others (Sybil attack, arXiv 2505.01139), and a lookup then finds nobody else; the honest ones are still where they
// always were, and are found by lookups for what is near them. Pure (law 2): whoever drives it makes the lookups.

import { crowdedDistance } from './certainty.ts'
import { distanceShare } from './key.ts'
import { KnownSpace } from './known-space.ts'
import { POSITIONS } from './position.ts'
import type { Key, PeerKey } from './key.ts'
import type { NetworkSize } from './network-size.ts'

/** A region is given up after so many lookups: with 40 hostile ids among 10,000 peers it takes about five (docs/simulation.md). */
const MAX_LOOKUPS = 16

/** A region has no more members than so many times k: whoever makes more ids than that has it. */
const MAX_MEMBERS = 6

/** Whether a region is searched: never, always, or when the nearest are much nearer than they should be. */
export type RegionMode = 'off' | 'on' | 'auto'

/**
 * Whether the region of a key is to be searched once its nearest are found. Never while the size of the network is not known, and with fewer than k
 * there is nobody else.
 *
 * `closest`: the k nearest, nearest first
 */
export function wantsRegion (mode: RegionMode, target: Key, closest: readonly PeerKey[], k: number, size: NetworkSize | undefined): size is NetworkSize {
  if (mode === 'off' || size == null || closest.length < k) {
    return false
  }

  const share = distanceShare(closest[k - 1].key, target)

  return share < regionShare(k, size) && (mode === 'on' || share < crowdedDistance(k, size.peers))
}

/** Within which share of the key space k peers are to be expected, and one standard deviation of the network's size more. */
function regionShare (k: number, { peers, error }: NetworkSize): number {
  return Math.min(1, k / peers * (1 + error))
}

export interface RegionOptions {
  target: Key
  k: number
  size: NetworkSize
}

export class RegionSearch<P extends PeerKey> {
  readonly #target: Key
  readonly #most: number
  readonly #radius: number
  readonly #space: KnownSpace<P>
  #lookups = 0

  /** `found`: all that answered the lookup for the target, nearest first */
  constructor ({ target, k, size }: RegionOptions, found: readonly P[]) {
    this.#target = target
    this.#most = MAX_MEMBERS * k
    this.#radius = Math.floor(regionShare(k, size) * POSITIONS)
    this.#space = new KnownSpace(k)
    this.#space.onLookup(target, found)
  }

  /** Whose neighbours to look for next; undefined when everyone in the region is known, or nobody is left who might know of others. */
  next (): P | undefined {
    return this.#lookups < MAX_LOOKUPS ? this.#space.centreWithin(this.#target, this.#radius) : undefined
  }

  /** A lookup for the place of `centre` has found these, nearest first; none when it failed. */
  onLookup (centre: P, found: readonly P[]): void {
    this.#lookups++
    this.#space.onCentre(centre, found)
  }

  /** How many lookups were made. */
  get lookups (): number {
    return this.#lookups
  }

  /** Who is in the region, as far as they are known, nearest first. */
  members (): P[] {
    return this.#space.within(this.#target, this.#radius).slice(0, this.#most)
  }
}
