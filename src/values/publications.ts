// What this node publishes again and again until it is told to stop: kept in the datastore, so that it goes on after a restart.

import { Key } from 'interface-datastore/key'
import { fromString as uint8ArrayFromString } from 'uint8arrays/from-string'
import { toString as uint8ArrayToString } from 'uint8arrays/to-string'
import { OneByOne } from '../query/one-by-one.ts'
import { isName, keyNamed, nameOf } from './record-name.ts'
import type { AbortOptions, Logger } from '@libp2p/interface'
import type { Datastore } from 'interface-datastore'

/** Something that is published, and how that goes. Times are unix ms. */
export interface Publication {
  key: Uint8Array
  /** when it was last stored by others; 0 for never */
  publishedAt: number
  /** when that is to be done again */
  due: number
  /** when that ends by itself; undefined for never */
  until?: number
  /** attempts in a row that failed, and what the last one failed for */
  failures: number
  error?: string
}

type Stored = Omit<Publication, 'key'>

export interface PublicationsOptions {
  /** of the datastore's keys */
  prefix: string
  /** how long after it has succeeded it is done again, ms */
  interval: number
  /** a number from 0 to 1: intervals are shortened by chance, so that what was published together does not stay in step */
  random (): number
  log: Logger
}

/** Intervals are shortened by up to this share. */
const JITTER = 0.1

export class Publications {
  readonly #datastore: Datastore
  readonly #options: PublicationsOptions
  readonly #changes = new OneByOne()

  constructor (datastore: Datastore, options: PublicationsOptions) {
    this.#datastore = datastore
    this.#options = options
  }

  /** From now on it is published, the first time as soon as may be. */
  async begin (key: Uint8Array, { until, ...options }: AbortOptions & { until?: number } = {}): Promise<void> {
    await this.#change(key, async publication => ({ publishedAt: 0, failures: 0, ...publication, due: 0, until }), options)
  }

  /** It was stored now. No effect when it is not published, or no more. Never rejects: what can't be noted is done again sooner than need be. */
  async succeeded (key: Uint8Array): Promise<void> {
    const now = Date.now()
    const due = now + this.#options.interval * (1 - JITTER * this.#options.random())

    try {
      await this.#change(key, async publication => publication == null ? undefined : { publishedAt: now, due, failures: 0, until: publication.until })
    } catch (error) {
      this.#options.log.error('could not note that a value was published - %e', error)
    }
  }

  /** An attempt has failed. No effect when it is not published, or no more. */
  async failed (key: Uint8Array, error: Error): Promise<void> {
    await this.#change(key, async publication => publication == null ? undefined : { ...publication, failures: publication.failures + 1, error: error.message })
  }

  /** No effect when it is not published. */
  async cancel (key: Uint8Array, options?: AbortOptions): Promise<void> {
    await this.#changes.run(nameOf(key), async () => this.#datastore.delete(this.#key(key), options))
  }

  async has (key: Uint8Array, options?: AbortOptions): Promise<boolean> {
    return this.#datastore.has(this.#key(key), options)
  }

  async * all (options?: AbortOptions): AsyncGenerator<Publication> {
    for await (const { key, value } of this.#datastore.query({ prefix: `${this.#options.prefix}/` }, options)) {
      options?.signal?.throwIfAborted()
      const name = key.toString().slice(this.#options.prefix.length + 1)
      const stored = isName(name) ? parse(value) : undefined

      if (stored != null) {
        yield { key: keyNamed(name), ...stored }
      }
    }
  }

  /** Changes of one publication go one after another: what was cancelled does not come back. */
  async #change (key: Uint8Array, change: (publication: Stored | undefined) => Promise<Stored | undefined>, options?: AbortOptions): Promise<void> {
    await this.#changes.run(nameOf(key), async () => {
      const changed = await change(await this.#read(key, options))

      if (changed != null) {
        await this.#datastore.put(this.#key(key), uint8ArrayFromString(JSON.stringify(changed)), options)
      }
    })
  }

  async #read (key: Uint8Array, options?: AbortOptions): Promise<Stored | undefined> {
    try {
      return parse(await this.#datastore.get(this.#key(key), options))
    } catch (error: any) {
      if (error.name !== 'NotFoundError') {
        throw error
      }
    }
  }

  #key (key: Uint8Array): Key {
    return new Key(`${this.#options.prefix}/${nameOf(key)}`, false)
  }
}

/** Undefined for what is none of ours, or was cut short. */
function parse (bytes: Uint8Array): Stored | undefined {
  try {
    // an end that never comes is written as null
    const { publishedAt, due, until, failures, error } = JSON.parse(uint8ArrayToString(bytes)) as Stored

    return [publishedAt, due, failures].every(Number.isFinite) ? { publishedAt, due, until: until ?? undefined, failures, error } : undefined
  } catch {
    // written by something else
  }
}
