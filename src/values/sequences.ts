// The last sequence number of everything that this node has signed, kept in the datastore before anything is sent: a process that is killed
// never signs two records with the same one.

import { Key } from 'interface-datastore/key'
import { fromString as uint8ArrayFromString } from 'uint8arrays/from-string'
import { toString as uint8ArrayToString } from 'uint8arrays/to-string'
import { OneByOne } from '../query/one-by-one.ts'
import { nameOf } from './record-name.ts'
import type { AbortOptions } from '@libp2p/interface'
import type { Datastore } from 'interface-datastore'

export class Sequences {
  readonly #datastore: Datastore
  readonly #prefix: string
  /** of two who ask at once the second one reads what the first one wrote */
  readonly #reads = new OneByOne()

  /** `prefix`: of the datastore's keys */
  constructor (datastore: Datastore, prefix: string) {
    this.#datastore = datastore
    this.#prefix = prefix
  }

  /**
   * The next one, higher than any that was given before and than `above`. It is given to nobody else, whatever becomes of it.
   */
  async next (key: Uint8Array, above: bigint, options?: AbortOptions): Promise<bigint> {
    return this.#reads.run(nameOf(key), async () => {
      const last = await this.#last(key, options)
      const next = (last > above ? last : above) + 1n
      await this.#datastore.put(this.#key(key), uint8ArrayFromString(next.toString()), options)

      return next
    })
  }

  async #last (key: Uint8Array, options?: AbortOptions): Promise<bigint> {
    try {
      return BigInt(uint8ArrayToString(await this.#datastore.get(this.#key(key), options)))
    } catch (error: any) {
      if (error.name !== 'NotFoundError') {
        throw error
      }

      return -1n
    }
  }

  #key (key: Uint8Array): Key {
    return new Key(`${this.#prefix}/${nameOf(key)}`, false)
  }
}
