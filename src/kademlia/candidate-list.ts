// Candidates by their distance from a target. Pure (law 2).

import { isBelieved, isVouchedFor } from './candidate.ts'
import { compareDistance } from './key.ts'
import type { Candidate, TrustRules } from './candidate.ts'
import type { Key, PeerKey } from './key.ts'

/** The share of the nearest k that may be peers which we have no way to dial, as are most of them for a browser. */
const MOST_UNDIALABLE = 3 / 4

export class CandidateList<P extends PeerKey> implements Iterable<Candidate<P>> {
  readonly #target: Key
  readonly #most: number
  readonly #trust: TrustRules | undefined
  /** nearest first */
  readonly #candidates: Array<Candidate<P>> = []

  /** It keeps the `most` nearest, and of those that only liars name none in place of another. */
  constructor (target: Key, most: number, trust?: TrustRules) {
    this.#target = target
    this.#most = most
    this.#trust = trust
  }

  [Symbol.iterator] (): Iterator<Candidate<P>> {
    return this.#candidates[Symbol.iterator]()
  }

  has (candidate: Candidate<P>): boolean {
    return this.#candidates[this.#place(candidate)] === candidate
  }

  /** Returns whether it is in the list now, and who had to leave it. */
  add (candidate: Candidate<P>): { kept: boolean, left?: Candidate<P> } {
    const at = this.#place(candidate)

    if (this.#candidates[at] !== candidate) {
      this.#candidates.splice(at, 0, candidate)
    }

    const left = this.#candidates.length > this.#most ? this.#drop() : undefined

    return left === candidate ? { kept: false } : { kept: true, left }
  }

  remove (candidate: Candidate<P>): void {
    const at = this.#place(candidate)

    if (this.#candidates[at] === candidate) {
      this.#candidates.splice(at, 1)
    }
  }

  /** The nearest k that may be alive, but for those passed over; with fewer than that, those as well that only liars name. */
  window (k: number, passOver?: (candidate: Candidate<P>) => boolean): Array<Candidate<P>> {
    const window: Array<Candidate<P>> = []
    const doubtful: Array<Candidate<P>> = []
    let undialable = 0

    for (const candidate of this.#candidates) {
      if (window.length === k) {
        return window
      }

      if (candidate.state === 'slow' || passOver?.(candidate) === true) {
        continue
      }

      // whom we cannot dial others can: it has its place among the nearest, if it is there, but not all places
      if (candidate.state === 'undialable' && (!isVouchedFor(candidate, k) || ++undialable > MOST_UNDIALABLE * k)) {
        continue
      }

      (isBelieved(candidate, this.#trust) ? window : doubtful).push(candidate)
    }

    return [...window, ...doubtful.slice(0, k - window.length)]
  }

  /** The farthest makes room, or the farthest of those that only liars name. */
  #drop (): Candidate<P> | undefined {
    const at = this.#candidates.findLastIndex(candidate => candidate.state === 'heard' && !isBelieved(candidate, this.#trust))

    return this.#candidates.splice(at, 1)[0]
  }

  #place (candidate: Candidate<P>): number {
    let low = 0
    let high = this.#candidates.length

    while (low < high) {
      const middle = (low + high) >>> 1

      if (compareDistance(this.#candidates[middle].key, candidate.key, this.#target) < 0) {
        low = middle + 1
      } else {
        high = middle
      }
    }

    return low
  }
}
