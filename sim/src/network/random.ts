// Randomness that follows from a seed alone. Every purpose has a stream of its own, so that one that draws more often does
// not change what another one draws.

import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus'
import { KEY_BITS, keyOf } from '../../../src/kademlia/key.ts'
import type { Key } from '../../../src/kademlia/key.ts'

const UINT32 = 2 ** 32

export class Random {
  readonly #label: string
  readonly #generator: ReturnType<typeof xoroshiro128plusFromState>

  /** `label`: the seed, and what it is used for */
  constructor (label: string) {
    this.#label = label
    this.#generator = xoroshiro128plusFromState(keyOf(new TextEncoder().encode(label)).slice(0, 4))
  }

  /** A stream of its own for some purpose; the same again for the same purpose. */
  fork (purpose: string | number): Random {
    return new Random(`${this.#label}/${purpose}`)
  }

  /** 32 bits. */
  word (): number {
    return this.#generator.next() >>> 0
  }

  /** At least 0, less than 1. */
  float (): number {
    return this.word() / UINT32
  }

  between (min: number, max: number): number {
    return min + (max - min) * this.float()
  }

  /** A whole number from 0 to below `n`. */
  int (n: number): number {
    return Math.floor(this.float() * n)
  }

  chance (probability: number): boolean {
    return this.float() < probability
  }

  /** One of them. */
  pick <T> (items: readonly T[]): T {
    return items[this.int(items.length)]
  }

  /** `n` different ones of them, or all when there are fewer. */
  sample <T> (items: readonly T[], n: number): T[] {
    const left = items.slice()
    const taken = Math.min(n, left.length)

    for (let i = 0; i < taken; i++) {
      const other = i + this.int(left.length - i)
      const item = left[other]
      left[other] = left[i]
      left[i] = item
    }

    left.length = taken

    return left
  }

  /** A key anywhere. */
  key (): Key {
    return Array.from({ length: KEY_BITS / 32 }, () => this.word() | 0)
  }

  /** A key that shares exactly so many leading bits with `near`: uniform in that bucket. */
  keyInBucket (near: Key, commonPrefixLength: number): Key {
    const at = Math.floor(commonPrefixLength / 32)
    const bit = 0x80000000 >>> (commonPrefixLength % 32)
    // of the word where they part: what is shared, the other bit, and what was drawn
    const drawn = this.key()
    const word = (near[at] & -(2 * bit)) | (~near[at] & bit) | (drawn[at] & (bit - 1))

    return [...near.slice(0, at), word, ...drawn.slice(at + 1)]
  }
}
