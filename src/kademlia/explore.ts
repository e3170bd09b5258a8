// How a sweep over many keys, in the order of the key space, finds the nearest peers of each with few lookups: what the decisions are. Pure (law 2):
// whoever drives it makes the lookups.

import { compareDistance } from './key.ts'
import { KnownSpace } from './known-space.ts'
import type { Key, PeerKey } from './key.ts'

/**
 * Peers are forgotten, all together, when a lookup is due and more than so many times k are known: with k = 20 that takes a twentieth more lookups than to
 * remember all of 10,000, and a tenth of the time (docs/simulation.md).
 */
const MAX_KNOWN = 12

/** What was learned is used for no longer, ms: peers come and go, and those that are gone are noticed when they are given something, but newcomers are not. */
const MAX_AGE = 10 * 60 * 1000

/** The same as long as fewer than k are known, ms: that may be all there are, or a lookup that went badly. */
const MAX_AGE_OF_FEW = 60 * 1000

/** What the next key takes. */
export type ExplorationStep<P extends PeerKey> =
  /** nothing: these are its nearest, nearest first */
  { nearest: P[] } |
  /** a lookup for the place of this peer, which tells of the keys beside it too: report it with `onAround` */
  { around: P } |
  /** a lookup for the key itself: report it with `onLookup` */
  { lookUp: Key }

export class Exploration<P extends PeerKey> {
  readonly #k: number
  readonly #maxAge: number
  #space: KnownSpace<P>
  /** of the first lookup of those that are remembered */
  #since = 0
  /** the key of the last step that was not `nearest`, and whether it was looked up since */
  #current: { key: Key, lookedUp: boolean } | undefined

  /** `maxAge`: what was learned is used for so long, ms; at the most for ten minutes */
  constructor (k: number, maxAge = MAX_AGE) {
    this.#k = k
    this.#maxAge = Math.min(maxAge, MAX_AGE)
    this.#space = new KnownSpace(k)
  }

  /** How many peers are known. */
  get known (): number {
    return this.#space.size
  }

  /**
   * Call it for one key after the other in the order of the key space, and for each until it says who is nearest: that takes two lookups at the most. When one
   * of them fails, report that, and call it again for the same key or go on with another.
   *
   * `now`: unix ms
   */
  next (key: Key, now: number): ExplorationStep<P> {
    let current = this.#current != null && compareDistance(this.#current.key, key, key) === 0 ? this.#current : undefined

    // what was looked up for this key is of use for it, however long that took
    if (current?.lookedUp !== true && this.#isOld(now)) {
      this.#forget()
      current = undefined
    }

    const nearest = this.#space.nearest(key) ?? (current?.lookedUp === true ? this.#space.nearestKnown(key) : undefined)

    if (nearest != null) {
      // asked for the key again, it looks again at what is known by then
      this.#current = undefined

      return { nearest }
    }

    if (this.#space.size > MAX_KNOWN * this.#k) {
      this.#forget()
    }

    if (this.#space.size === 0) {
      this.#since = now
    }

    // for a key for which it has failed, or has not told enough, no other
    const around = current == null ? this.#space.centre(key) : undefined
    this.#current = { key, lookedUp: false }

    return around == null ? { lookUp: key } : { around }
  }

  /** A lookup for the place of a peer has found these, all that answered, nearest first; nobody when it failed. */
  onAround (peer: P, found: readonly P[]): void {
    this.#space.onCentre(peer, found)
  }

  /** A lookup for the key has found these, all that answered, nearest first; nobody when it failed. */
  onLookup (key: Key, found: readonly P[]): void {
    if (found.length > 0) {
      this.#space.onLookup(key, found)
      this.#current = { key, lookedUp: true }
    }
  }

  /** It did not take what it was given, and is nobody's neighbour any more: the next call for the same key may name another in its stead. */
  remove (peer: P): void {
    this.#space.remove(peer)
  }

  /** Also when it was learned at a time that is still to come: the clock was set back. */
  #isOld (now: number): boolean {
    const age = now - this.#since

    return age < 0 || age > (this.#space.size < this.#k ? Math.min(this.#maxAge, MAX_AGE_OF_FEW) : this.#maxAge)
  }

  #forget (): void {
    this.#space = new KnownSpace(this.#k)
    this.#current = undefined
  }
}
