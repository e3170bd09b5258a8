// Short names of what is stored, by which it is counted without being kept in memory: 53 bits, as many as a number holds exactly. Among
// a million two are the same once in ten thousand runs, and the count is then wrong by one. Keys are hashes already; a secret
// keeps others from choosing some that are the same, or that crowd one place of a hash table.

import type { Key } from '../../kademlia/key.ts'

/** The multipliers of MurmurHash3's last step, which is in the public domain. */
const FIRST = 0x85ebca6b
const SECOND = 0xc2b2ae35

const HIGH_BITS = 21

export class Fingerprints {
  readonly #secret: Uint32Array

  /** Two words that nobody else knows. */
  constructor (secret = globalThis.crypto.getRandomValues(new Uint32Array(2))) {
    this.#secret = secret
  }

  /** Of one key, or of a pair. Hot. */
  of (key: Key, other?: Key): number {
    const [first, second] = this.#secret
    let low = mix(mix(first, key[0]), key[1])
    let high = mix(mix(second, key[2]), key[3])

    if (other != null) {
      low = mix(mix(low, other[0]), other[1])
      high = mix(mix(high, other[2]), other[3])
    }

    return (high >>> (32 - HIGH_BITS)) * 2 ** 32 + (low >>> 0)
  }
}

function mix (state: number, word: number): number {
  let x = Math.imul(state ^ word, FIRST)
  x = Math.imul(x ^ (x >>> 13), SECOND)

  return x ^ (x >>> 16)
}
