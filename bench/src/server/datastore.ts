// What a server stores: values and provider records in LevelDB, as on a node that is meant to last, all else in memory.
// Peers have to be in memory: on disk they slow @libp2p/kad-dht down, which reads them for each answer.

import { BaseDatastore, MemoryDatastore } from 'datastore-core'
import { LevelDatastore } from 'datastore-level'
import type { AbortOptions } from '@libp2p/interface'
import type { Batch, Datastore, Key, KeyQuery, Pair, Query } from 'interface-datastore'

/** The prefix of all that a DHT stores, with the defaults of both. */
const RECORDS = '/dht/'

/** `MountDatastore` of datastore-core does the same, but reads all of the stores for each query. */
export class RecordsOnDisk extends BaseDatastore {
  readonly #records: LevelDatastore
  readonly #others = new MemoryDatastore()

  constructor (folder: string) {
    super()
    this.#records = new LevelDatastore(folder)
  }

  async open (): Promise<void> {
    await this.#records.open()
  }

  async close (): Promise<void> {
    await this.#records.close()
  }

  override put (key: Key, value: Uint8Array, options?: AbortOptions): Key | Promise<Key> {
    return this.#of(key.toString()).put(key, value, options)
  }

  override get (key: Key, options?: AbortOptions): Uint8Array | Promise<Uint8Array> {
    return this.#of(key.toString()).get(key, options)
  }

  override has (key: Key, options?: AbortOptions): boolean | Promise<boolean> {
    return this.#of(key.toString()).has(key, options)
  }

  override delete (key: Key, options?: AbortOptions): void | Promise<void> {
    return this.#of(key.toString()).delete(key, options)
  }

  /** Otherwise each would be written on its own. */
  override batch (): Batch {
    const batches = new Map<Datastore, Batch>()
    const batchOf = (key: Key): Batch => {
      const datastore = this.#of(key.toString())
      const batch = batches.get(datastore) ?? datastore.batch()
      batches.set(datastore, batch)

      return batch
    }

    return {
      put: (key, value) => { batchOf(key).put(key, value) },
      delete: key => { batchOf(key).delete(key) },
      commit: async options => {
        for (const batch of batches.values()) {
          await batch.commit(options)
        }
      }
    }
  }

  override query (query: Query, options?: AbortOptions): AsyncGenerator<Pair> | Generator<Pair> {
    return this.#of(query.prefix).query(query, options) as AsyncGenerator<Pair>
  }

  override queryKeys (query: KeyQuery, options?: AbortOptions): AsyncGenerator<Key> | Generator<Key> {
    return this.#of(query.prefix).queryKeys(query, options) as AsyncGenerator<Key>
  }

  #of (key = '/'): Datastore {
    return key.startsWith(RECORDS) ? this.#records : this.#others
  }
}
