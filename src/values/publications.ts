// What this node publishes again and again until it is told to stop: kept in the datastore, so that it goes on after a restart.

import { Key } from 'interface-datastore/key'
import { fromString as uint8ArrayFromString } from 'uint8arrays/from-string'
import { toString as uint8ArrayToString } from 'uint8arrays/to-string'
import type { AbortOptions } from '@libp2p/interface'
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

export class Publications {
  readonly #datastore: Datastore
  readonly #prefix: string
  /** what was cancelled while it was being published: it is not to come back */
  readonly #cancelled = new Set<string>()

  /** `prefix`: of the datastore's keys */
  constructor (datastore: Datastore, prefix: string) {
    this.#datastore = datastore
    this.#prefix = prefix
  }

  /** From now on it is published, whatever was cancelled before. */
  async begin (publication: Publication, options?: AbortOptions): Promise<void> {
    this.#cancelled.delete(nameOf(publication.key))
    await this.#write(publication, options)
  }

  /** Notes how an attempt went. No effect when it was cancelled meanwhile. */
  async note (publication: Publication, options?: AbortOptions): Promise<void> {
    if (!this.#cancelled.has(nameOf(publication.key)) && await this.#datastore.has(this.#key(publication.key), options)) {
      await this.#write(publication, options)
    }
  }

  /** No effect when it is not published. */
  async cancel (key: Uint8Array, options?: AbortOptions): Promise<void> {
    this.#cancelled.add(nameOf(key))

    try {
      await this.#datastore.delete(this.#key(key), options)
    } finally {
      this.#cancelled.delete(nameOf(key))
    }
  }

  async has (key: Uint8Array, options?: AbortOptions): Promise<boolean> {
    return this.#datastore.has(this.#key(key), options)
  }

  async * all (options?: AbortOptions): AsyncGenerator<Publication> {
    for await (const { key, value } of this.#datastore.query({ prefix: `${this.#prefix}/` }, options)) {
      options?.signal?.throwIfAborted()
      const publication = read(key.toString().slice(this.#prefix.length + 1), value)

      if (publication != null) {
        yield publication
      }
    }
  }

  async #write ({ key, ...stored }: Publication, options?: AbortOptions): Promise<void> {
    await this.#datastore.put(this.#key(key), uint8ArrayFromString(JSON.stringify(stored)), options)
  }

  #key (key: Uint8Array): Key {
    return new Key(`${this.#prefix}/${nameOf(key)}`, false)
  }
}

function nameOf (key: Uint8Array): string {
  return uint8ArrayToString(key, 'base32')
}

/** Undefined for what is none of ours. */
function read (name: string, value: Uint8Array): Publication | undefined {
  try {
    const { publishedAt, due, until, failures, error } = JSON.parse(uint8ArrayToString(value)) as Stored

    if ([publishedAt, due, failures].every(Number.isFinite)) {
      return { key: uint8ArrayFromString(name, 'base32'), publishedAt, due, until, failures, error }
    }
  } catch {
    // written by something else, or cut short
  }
}
