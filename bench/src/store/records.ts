// Which provider records a store holds: they follow from the seed.

import { peers } from '../corpus.ts'
import { digest } from '../digest.ts'
import type { CorpusPeer } from '../corpus.ts'

/** Of each key. */
export const PROVIDERS = 4

/** Who provides all of it: each a share that is below the limit of one provider's records. */
const PEERS = 1_000

const SHA2_256 = [0x12, 0x20]

export class Records {
  readonly count: number
  readonly #seed: string
  readonly #peers: CorpusPeer[]

  constructor (seed: string, count: number) {
    this.#seed = seed
    this.count = count
    this.#peers = peers(`${seed} provider`, PEERS)
  }

  get keys (): number {
    return Math.ceil(this.count / PROVIDERS)
  }

  /** The multihash of the `i`-th key. */
  key (i: number): Uint8Array {
    return multihash(`${this.#seed} content ${i}`)
  }

  providers (i: number): CorpusPeer[] {
    const many = Math.min(PROVIDERS, this.count - i * PROVIDERS)

    return Array.from({ length: many }, (_, n) => this.#peers[(i * 7 + n * (PEERS / PROVIDERS)) % PEERS])
  }

  /** Of a key that is not stored, the `i`-th of a round. */
  newKey (round: number, i: number): Uint8Array {
    return multihash(`${this.#seed} new content ${this.count} ${round} ${i}`)
  }

  /** Which key is asked for as the `i`-th of a round: any of those that are stored. */
  asked (round: number, i: number): number {
    return digest(`${this.#seed} question ${round} ${i}`).readUInt32BE() % this.keys
  }
}

function multihash (label: string): Uint8Array {
  return Uint8Array.from([...SHA2_256, ...digest(label)])
}
