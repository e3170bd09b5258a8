// Where announcements stand in libp2p's datastore, and how they are found there. Under `<prefix>/<base32 multihash>/<peer id>` the time of
// the announcement, as @libp2p/kad-dht writes it, and the addresses that came with it; one range of keys for each key that is asked for.
// Beside them an index of what lapses when, `<index>/<class>/<bin>/<base32 multihash>/<peer id>`, whose values are empty.

import { Key } from 'interface-datastore/key'
import { fromString as uint8ArrayFromString } from 'uint8arrays/from-string'
import { toString as uint8ArrayToString } from 'uint8arrays/to-string'
import { decodeId, decodeStored } from './announcement.ts'
import { placeText, readPlace } from './place.ts'
import type { Announcement } from './announcement.ts'
import type { Place } from './place.ts'
import type { AbortOptions } from '@libp2p/interface'
import type { Datastore } from 'interface-datastore'

/** A record's name: what its keys in the datastore end in, and what that says. */
export interface RecordName {
  /** `<base32 multihash>/<peer id>` */
  readonly tail: string
  readonly multihash: Uint8Array
  /** the provider's */
  readonly id: string
}

/** Of the layout of the index. What was stored before there was one has to be indexed. */
const VERSION = '1'

export class Files {
  readonly #datastore: Datastore
  readonly #prefix: string
  readonly #index: string

  constructor (datastore: Datastore, prefix: string) {
    this.#datastore = datastore
    this.#prefix = prefix
    // beside the records, and with a name that does not begin like theirs: @libp2p/kad-dht takes all that does for records
    this.#index = prefix.replace(/[^/]*$/, 'expiry-$&')
  }

  recordKey (tail: string): string {
    return `${this.#prefix}/${tail}`
  }

  entryKey (place: Place, tail: string): string {
    return `${this.#index}/${placeText(place)}/${tail}`
  }

  /** The providers of a key, as far as they can be read, and what their keys end in. Hot. */
  async * providers (multihash: Uint8Array): AsyncGenerator<{ announcement: Announcement, key: Key }> {
    const prefix = `${this.#prefix}/${nameOf(multihash)}/`
    const start = uint8ArrayFromString(prefix).byteLength

    for await (const { key, value } of this.#datastore.query({ prefix })) {
      const announcement = decodeStored(key.uint8Array(), start, value)

      if (announcement != null) {
        yield { announcement, key }
      }
    }
  }

  /** Undefined when there is none, or it can't be read. */
  async announcement ({ tail }: RecordName, options?: AbortOptions): Promise<Announcement | undefined> {
    try {
      return decodeTail(tail, await this.#datastore.get(new Key(this.recordKey(tail), false), options))
    } catch (error: any) {
      if (error.name !== 'NotFoundError') {
        throw error
      }
    }
  }

  /** What the index has, at a place or in all, no more than `limit`. */
  async * entries ({ place, limit }: { place?: Place, limit?: number } = {}, options?: AbortOptions): AsyncGenerator<RecordName & { place: Place }> {
    const prefix = place == null ? `${this.#index}/` : this.entryKey(place, '')

    for await (const key of this.#datastore.queryKeys({ prefix, limit }, options)) {
      options?.signal?.throwIfAborted()
      const parts = key.toString().slice(this.#index.length + 1).split('/')
      const name = readName(parts.slice(-2).join('/'))
      const found = readPlace(parts.slice(0, -2).join('/'))

      // what is not ours is nobody's business here
      if (name != null && found != null) {
        yield { ...name, place: found }
      }
    }
  }

  /** All records; without an announcement where it can't be read. */
  async * records (options?: AbortOptions): AsyncGenerator<RecordName & { announcement?: Announcement }> {
    const prefix = `${this.#prefix}/`

    for await (const { key, value } of this.#datastore.query({ prefix }, options)) {
      options?.signal?.throwIfAborted()
      const name = readName(key.toString().slice(prefix.length))

      if (name != null) {
        yield { ...name, announcement: decodeTail(name.tail, value) }
      }
    }
  }

  /** Whether all records are in the index. */
  async isIndexed (options?: AbortOptions): Promise<boolean> {
    return this.#datastore.has(this.#versionKey, options)
  }

  async setIndexed (options?: AbortOptions): Promise<void> {
    await this.#datastore.put(this.#versionKey, uint8ArrayFromString(VERSION), options)
  }

  /** What the keys of the provider's announcement end in. */
  tail (multihash: Uint8Array, provider: string): string {
    return `${nameOf(multihash)}/${provider}`
  }

  /** The same out of a record's key. */
  tailOf (key: Key): string {
    return key.toString().slice(this.#prefix.length + 1)
  }

  get #versionKey (): Key {
    return new Key(`${this.#index}-version`, false)
  }
}

function nameOf (multihash: Uint8Array): string {
  return uint8ArrayToString(multihash, 'base32')
}

function readName (tail: string): RecordName | undefined {
  const [name, provider, more] = tail.split('/')

  try {
    if (provider != null && more == null) {
      return { tail, multihash: uint8ArrayFromString(name, 'base32'), id: decodeId(uint8ArrayFromString(provider), 0) }
    }
  } catch {
    // written by something else
  }
}

function decodeTail (tail: string, value: Uint8Array): Announcement | undefined {
  return decodeStored(uint8ArrayFromString(tail), tail.indexOf('/') + 1, value)
}
