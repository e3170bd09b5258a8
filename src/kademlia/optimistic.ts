// What an optimistic write does: it gives what is to be stored to whoever is near enough to be one of the nearest, by the size of the network, and stops
// looking when those that were heard of can hardly be bettered, without having asked them (Optimistic Provide, Trautwein et al. 2022). That they take it is
// the proof that they are there; for each that does not, another gets it. Pure (law 2).

import { sureDistance, sureMeanDistance } from './certainty.ts'
import { distanceShare } from './key.ts'
import type { Key, PeerKey } from './key.ts'
import type { NetworkSize } from './network-size.ts'

/** With a greater error of the network's size nobody is near enough for sure, and the write is a usual one. */
export const MAX_SIZE_ERROR = 0.1

/** Of the nearest k, so many are enough to go on with something else: as in go-libp2p-kad-dht. */
export const ENOUGH_HOLDERS = 3 / 4

/** So many peers have to have answered before it is enough: the first ones name too few of the nearest (docs/simulation.md). */
const LEAST_ANSWERS = 4

/** When a greater share of k does not take it, those heard of were not what they seemed. */
const MOST_FAILURES = 1 / 4

/** What to do after a reply. */
export interface OptimisticStep<P extends PeerKey> {
  /** to be given it now */
  give: P[]
  /** hardly anyone nearer is left to find: the lookup may end */
  enough: boolean
}

/** Undefined while the size of the network is not known well. */
export function optimisticWrite<P extends PeerKey> (target: Key, k: number, size: NetworkSize | undefined): OptimisticWrite<P> | undefined {
  return size == null || size.error > MAX_SIZE_ERROR ? undefined : new OptimisticWrite(target, k, size)
}

export class OptimisticWrite<P extends PeerKey> {
  readonly #target: Key
  readonly #k: number
  readonly #single: number
  readonly #mean: number
  readonly #given = new Set<string>()
  readonly #failed = new Set<string>()
  /** the nearest that were heard of, nearest first */
  #likely: readonly P[] = []
  #enough = false

  constructor (target: Key, k: number, size: NetworkSize) {
    this.#target = target
    this.#k = k
    this.#single = sureDistance(k, size.peers)
    this.#mean = sureMeanDistance(k, size.peers)
  }

  /** So many do not take it that only a usual write finds others that do. */
  get failed (): boolean {
    return this.#failed.size > MOST_FAILURES * this.#k
  }

  /** `likely`: the nearest that have answered or may, some more than k, nearest first; `answered`: how many have in all */
  onStep (likely: readonly P[], answered: number): OptimisticStep<P> {
    this.#likely = likely
    const nearest = likely.filter(({ id }) => !this.#failed.has(id)).slice(0, this.#k)
    const shares = nearest.map(({ key }) => distanceShare(key, this.#target))
    const enough = answered >= LEAST_ANSWERS && nearest.length === this.#k && shares.reduce((a, b) => a + b, 0) / this.#k < this.#mean

    this.#enough = enough

    return { give: this.#give(nearest.filter((_, i) => enough || shares[i] < this.#single)), enough }
  }

  /** `peer` has not taken it. Returns who is to be given it instead: nobody while the lookup goes on, and finds others. No effect a second time. */
  onFailure ({ id }: PeerKey): P[] {
    if (this.#failed.has(id)) {
      return []
    }

    this.#failed.add(id)

    return this.failed || !this.#enough ? [] : this.#give(this.#likely.filter(({ id }) => !this.#given.has(id)).slice(0, 1))
  }

  #give (peers: P[]): P[] {
    const others = peers.filter(({ id }) => !this.#given.has(id))
    others.forEach(({ id }) => { this.#given.add(id) })

    return others
  }
}
