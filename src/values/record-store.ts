// The values that this node holds, in libp2p's datastore, where @libp2p/kad-dht keeps them too. They expire, and are
// collected when their time has come, not when somebody asks for them.

import { Key } from 'interface-datastore/key'
import { toString as uint8ArrayToString } from 'uint8arrays/to-string'
import { decodeRecord, encodeRecord } from '../wire/record.ts'
import type { ValueRecord } from '../wire/record.ts'
import type { AbortOptions } from '@libp2p/interface'
import type { Datastore } from 'interface-datastore'

export interface RecordStoreOptions {
  /** of the datastore's keys */
  prefix: string
  /** how long a value is held, ms; its own time to live may end it earlier */
  maxAge: number
  /** how many values are held; a further one is refused */
  maxRecords: number
}

/** The store is full. */
export class StoreFullError extends Error {
  override name = 'StoreFullError'
}

export class RecordStore {
  readonly #datastore: Datastore
  readonly #options: RecordStoreOptions
  /** the last change under way of each key: changes of one key go one after another */
  readonly #changes = new Map<string, Promise<unknown>>()
  /** how many values there are; unknown until the first collection has counted them */
  #count = 0

  constructor (datastore: Datastore, options: RecordStoreOptions) {
    this.#datastore = datastore
    this.#options = options
  }

  /** The record held under the key; undefined when there is none, it has expired, or it can't be read. */
  async get (key: Uint8Array, options?: AbortOptions): Promise<ValueRecord | undefined> {
    const record = await this.#read(this.#datastoreKey(key), options)

    return record != null && !this.#expired(record) ? record : undefined
  }

  /**
   * Compares and stores as one step: `decide` is given what is held and returns what is to be held, or throws. Changes of
   * the same key wait for each other, so that of two racing ones the older does not stay.
   */
  async update (key: Uint8Array, decide: (held: ValueRecord | undefined) => Promise<ValueRecord>, options?: AbortOptions): Promise<ValueRecord> {
    const datastoreKey = this.#datastoreKey(key)
    const name = datastoreKey.toString()
    const change = (this.#changes.get(name) ?? Promise.resolve())
      // whoever caused the change before hears of its failure
      .catch(() => {})
      .then(async () => this.#change(datastoreKey, decide, options))

    this.#changes.set(name, change)

    try {
      return await change
    } finally {
      if (this.#changes.get(name) === change) {
        this.#changes.delete(name)
      }
    }
  }

  /** Deletes what has expired or can't be read, and counts the rest. */
  async collect (options?: AbortOptions): Promise<void> {
    let count = 0

    for await (const { key, value } of this.#datastore.query({ prefix: `${this.#options.prefix}/` }, options)) {
      options?.signal?.throwIfAborted()
      const record = parse(value)

      if (record == null || this.#expired(record)) {
        await this.#datastore.delete(key, options)
      } else {
        count++
      }
    }

    this.#count = count
  }

  async #change (key: Key, decide: (held: ValueRecord | undefined) => Promise<ValueRecord>, options?: AbortOptions): Promise<ValueRecord> {
    const found = await this.#read(key, options)
    const record = await decide(found != null && !this.#expired(found) ? found : undefined)

    if (found == null && this.#count >= this.#options.maxRecords) {
      throw new StoreFullError(`${this.#count} values are held, which is the limit`)
    }

    await this.#datastore.put(key, encodeRecord(record), options)

    if (found == null) {
      this.#count++
    }

    return record
  }

  async #read (key: Key, options?: AbortOptions): Promise<ValueRecord | undefined> {
    try {
      return parse(await this.#datastore.get(key, options))
    } catch (error: any) {
      if (error.name !== 'NotFoundError') {
        throw error
      }
    }
  }

  /** One without a time was not written by this node, and its age can't be known. */
  #expired ({ timeReceived, ttl }: ValueRecord): boolean {
    const age = ttl == null ? this.#options.maxAge : Math.min(this.#options.maxAge, ttl * 1000)

    return timeReceived == null || Date.now() >= timeReceived + age
  }

  #datastoreKey (key: Uint8Array): Key {
    return new Key(`${this.#options.prefix}/${uint8ArrayToString(key, 'base32')}`, false)
  }
}

function parse (bytes: Uint8Array): ValueRecord | undefined {
  try {
    return decodeRecord(bytes)
  } catch {
    // it is of no use to anyone: the next change or collection replaces it
  }
}
