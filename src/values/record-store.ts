// The values that this node holds, in libp2p's datastore, where @libp2p/kad-dht keeps them too. They expire; those held for
// others are deleted when their time has come, not when somebody asks. The node's own, and what other software keeps beside
// them (Helia its IPNS records), are never deleted: a marker says which are others'.

import { Key } from 'interface-datastore/key'
import { toString as uint8ArrayToString } from 'uint8arrays/to-string'
import { StoreFullError } from '../query/errors.ts'
import { decodeRecord, encodeRecord } from '../wire/record.ts'
import type { ValueRecord } from '../wire/record.ts'
import type { AbortOptions } from '@libp2p/interface'
import type { Datastore } from 'interface-datastore'

export interface RecordStoreOptions {
  /** of the values' keys in the datastore */
  prefix: string
  /** of the keys that mark which values are held for others */
  receivedPrefix: string
  /** how long a value is held, ms; its own time to live may end it earlier */
  maxAge: number
  /** how many values are held for others; a further one is refused */
  maxRecords: number
}

export interface UpdateOptions extends AbortOptions {
  /** the value is held for others: it may be refused for want of a place, and is deleted when it has expired */
  received?: boolean
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
    const record = await this.#read(this.#key(nameOf(key)), options)

    return record != null && !this.#expired(record) ? record : undefined
  }

  /**
   * Compares and stores as one step: `decide` is given what is held and returns what is to be held, or throws. Changes of
   * the same key wait for each other, so that of two racing ones the older does not stay.
   */
  async update (key: Uint8Array, decide: (held: ValueRecord | undefined) => Promise<ValueRecord>, options: UpdateOptions = {}): Promise<ValueRecord> {
    const name = nameOf(key)

    return this.#exclusively(name, async () => this.#change(name, decide, options))
  }

  /** Deletes what is held for others and has expired or can't be read, and counts the rest. */
  async collect (options?: AbortOptions): Promise<void> {
    let count = 0

    for await (const { key } of this.#datastore.query({ prefix: `${this.#options.receivedPrefix}/` }, options)) {
      options?.signal?.throwIfAborted()
      const name = key.toString().slice(this.#options.receivedPrefix.length + 1)

      // one that is put again meanwhile stays
      count += await this.#exclusively(name, async () => this.#keeps(name, key, options)) ? 1 : 0
    }

    this.#count = count
  }

  /** Whether the value is still good; else it is deleted, and its marker with it. */
  async #keeps (name: string, marker: Key, options?: AbortOptions): Promise<boolean> {
    const record = await this.#read(this.#key(name), options)

    if (record != null && !this.#expired(record)) {
      return true
    }

    await this.#datastore.delete(this.#key(name), options)
    await this.#datastore.delete(marker, options)

    return false
  }

  /** Changes of the same key go one after another. */
  async #exclusively <T> (name: string, change: () => Promise<T>): Promise<T> {
    const running = (this.#changes.get(name) ?? Promise.resolve())
      // whoever caused the change before hears of its failure
      .catch(() => {})
      .then(change)

    this.#changes.set(name, running)

    try {
      return await running
    } finally {
      if (this.#changes.get(name) === running) {
        this.#changes.delete(name)
      }
    }
  }

  async #change (name: string, decide: (held: ValueRecord | undefined) => Promise<ValueRecord>, options: UpdateOptions): Promise<ValueRecord> {
    const key = this.#key(name)
    const found = await this.#read(key, options)
    const record = await decide(found != null && !this.#expired(found) ? found : undefined)
    const isNew = found == null && options.received === true

    if (isNew && this.#count >= this.#options.maxRecords) {
      throw new StoreFullError(`${this.#count} values are held for others, which is the limit`)
    }

    if (isNew) {
      this.#count++
      await this.#datastore.put(new Key(`${this.#options.receivedPrefix}/${name}`, false), new Uint8Array(0), options)
    }

    await this.#datastore.put(key, encodeRecord(record), options)

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

  #key (name: string): Key {
    return new Key(`${this.#options.prefix}/${name}`, false)
  }
}

/** How a key is written in the datastore. */
function nameOf (key: Uint8Array): string {
  return uint8ArrayToString(key, 'base32')
}

function parse (bytes: Uint8Array): ValueRecord | undefined {
  try {
    return decodeRecord(bytes)
  } catch {
    // it is of no use to anyone: the next change or collection replaces it
  }
}
