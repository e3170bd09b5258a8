// Everyone near a key, however many: all peers within the distance in which its k nearest are to be expected. Whoever wants to hide a key makes
// k ids that are nearer to it than all others (Sybil attack, arXiv 2505.01139), and a lookup then finds nobody else; the honest ones are still where they
// always were, and are found by lookups for what is near them, as long as these do not ask whoever hides them. Pure (law 2): whoever drives it makes the lookups.

import { crowdedDistance } from './certainty.ts'
import { compareDistance, distanceShare } from './key.ts'
import { KnownSpace } from './known-space.ts'
import { positionDistance, POSITIONS } from './position.ts'
import type { Key, PeerKey } from './key.ts'
import type { NetworkSize } from './network-size.ts'

/** A region is given up after so many lookups: with 100 hostile ids it takes about three (docs/simulation.md). */
const MAX_LOOKUPS = 8

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
  readonly #members = new Map<string, P>()
  #lookups = 0
  /** the last lookup has found nobody new */
  #fruitless = false

  /** `found`: all that answered the lookup for the target, nearest first */
  constructor ({ target, k, size }: RegionOptions, found: readonly P[]) {
    this.#target = target
    this.#most = MAX_MEMBERS * k
    this.#radius = Math.floor(regionShare(k, size) * POSITIONS)
    this.#space = new KnownSpace(k)
    this.#learn(target, found)
  }

  /**
   * What to look up next: any key, by chance, that shares exactly so many leading bits with the target, and without asking those whom `avoids` names. Such a key is at the far
   * side of the region, from where those who crowd the target are farther away than all others. Undefined when everyone in the region is known, or nobody new was found.
   */
  next (): number | undefined {
    if (this.#lookups >= MAX_LOOKUPS || this.#fruitless || this.#space.covers(this.#target, this.#radius)) {
      return
    }

    return Math.max(0, Math.ceil(Math.log2(POSITIONS / this.#radius)))
  }

  /** Whoever is known in the region is not asked: it need not be found again, and may name its friends alone. */
  avoids ({ id }: PeerKey): boolean {
    return this.#members.has(id)
  }

  /** A lookup for such a key has found these, all that answered, nearest first; nobody when it failed. */
  onLookup (key: Key, found: readonly P[]): void {
    const before = this.#members.size
    this.#learn(key, found)
    this.#lookups++
    this.#fruitless = this.#members.size === before
  }

  /** How many lookups were made. */
  get lookups (): number {
    return this.#lookups
  }

  /** Who is in the region, as far as they are known, nearest first. */
  members (): P[] {
    return [...this.#members.values()].sort((a, b) => compareDistance(a.key, b.key, this.#target)).slice(0, this.#most)
  }

  #learn (key: Key, found: readonly P[]): void {
    if (found.length > 0) {
      this.#space.onLookup(key, found, peer => this.avoids(peer))
    }

    for (const peer of found) {
      if (positionDistance(peer.key, this.#target) <= this.#radius) {
        this.#members.set(peer.id, peer)
      }
    }
  }
}
