// Who provides what, in libp2p's datastore, where @libp2p/kad-dht keeps it too: under
// `<prefix>/<base32 multihash>/<peer id>` the time of the announcement, to which we append the addresses that came with
// it. One's own entries say what this node provides; they stay until they are cancelled.

import { Key } from 'interface-datastore/key'
import QuickLRU from 'quick-lru'
import * as varint from 'uint8-varint'
import { concat as uint8ArrayConcat } from 'uint8arrays/concat'
import { fromString as uint8ArrayFromString } from 'uint8arrays/from-string'
import { toString as uint8ArrayToString } from 'uint8arrays/to-string'
import { contactFromString } from '../query/contact.ts'
import { StoreFullError } from '../query/errors.ts'
import { ProviderAddresses } from '../wire/dht.ts'
import { MAX_ADDRESSES } from '../wire/limits.ts'
import { toPeerId } from '../wire/peer.ts'
import type { Contact } from '../query/contact.ts'
import type { AbortOptions } from '@libp2p/interface'
import type { Datastore } from 'interface-datastore'

export interface ProviderStoreOptions {
  /** of the datastore's keys */
  prefix: string
  /** how long an announcement holds, ms */
  validity: number
  /** how many providers of one key are kept; a further one is refused */
  maxProvidersPerKey: number
  /** how many announcements are kept in all; a further one is refused */
  maxRecords: number
  /** how many keys are kept in memory too */
  cacheSize: number
}

/** An announcement. */
export interface ProviderRecord {
  /** the provider, with the addresses that it announced */
  readonly contact: Contact
  /** when it was announced, unix ms; for one's own, when it last succeeded, and 0 if it never did */
  readonly announcedAt: number
}

export class ProviderStore {
  readonly #datastore: Datastore
  readonly #self: Contact
  readonly #options: ProviderStoreOptions
  readonly #cache: QuickLRU<string, Promise<Map<string, ProviderRecord>>>
  #count = 0

  constructor (datastore: Datastore, self: Contact, options: ProviderStoreOptions) {
    this.#datastore = datastore
    this.#self = self
    this.#options = options
    this.#cache = new QuickLRU({ maxSize: Math.max(1, options.cacheSize / 2) })
  }

  /**
   * Keeps an announcement; a later one of the same provider replaces it.
   *
   * @throws {StoreFullError} when there is no place for it; there always is for one's own
   */
  async add (multihash: Uint8Array, record: ProviderRecord, options?: AbortOptions): Promise<void> {
    const { id } = record.contact
    const loading = this.#load(multihash)
    const providers = await loading

    const isNew = !providers.has(id)

    if (isNew && id !== this.#self.id) {
      this.#requirePlace(providers)
    }

    // at once, so that announcements that come together count one another
    this.#count += isNew ? 1 : 0
    providers.set(id, record)

    try {
      await this.#datastore.put(this.#key(multihash, record.contact), encode(record), options)
    } catch (error) {
      this.#count -= isNew ? 1 : 0
      this.#cache.delete(name(multihash))
      throw error
    }

    if (this.#cache.peek(name(multihash)) !== loading) {
      // the cache has dropped the key meanwhile, and may have read it again too early
      this.#cache.delete(name(multihash))
    }
  }

  /** Notes when one's own announcement last succeeded, as one step. No effect when it was cancelled meanwhile. */
  async renew (multihash: Uint8Array, announcedAt: number): Promise<void> {
    const providers = await this.#load(multihash)

    if (providers.has(this.#self.id)) {
      const record = { contact: this.#self, announcedAt }
      providers.set(this.#self.id, record)
      await this.#datastore.put(this.#key(multihash, this.#self), encode(record))
    }
  }

  async remove (multihash: Uint8Array, provider: Contact, options?: AbortOptions): Promise<void> {
    const providers = await this.#load(multihash)

    if (providers.delete(provider.id)) {
      this.#count--
    }

    await this.#datastore.delete(this.#key(multihash, provider), options)
    this.#cache.delete(name(multihash))
  }

  /** The announcements that hold. One's own always does. */
  async get (multihash: Uint8Array, options?: AbortOptions): Promise<ProviderRecord[]> {
    const providers = await this.#load(multihash)
    options?.signal?.throwIfAborted()

    return [...providers.values()].filter(record => !this.#expired(record))
  }

  /** What this node provides, and when it last announced it. */
  async * own (options?: AbortOptions): AsyncGenerator<{ multihash: Uint8Array, announcedAt: number }> {
    for await (const { multihash, record } of this.#all('', options)) {
      if (record?.contact.id === this.#self.id) {
        yield { multihash, announcedAt: record.announcedAt }
      }
    }
  }

  /** Whether this node provides the key. */
  async isOwn (multihash: Uint8Array): Promise<boolean> {
    return (await this.#load(multihash)).has(this.#self.id)
  }

  /** Deletes what has expired or can't be read, and counts the rest. */
  async collect (options?: AbortOptions): Promise<void> {
    let count = 0

    for await (const { multihash, key, record } of this.#all('', options)) {
      if (record == null || this.#expired(record)) {
        await this.#datastore.delete(key, options)
        this.#cache.delete(name(multihash))
      } else {
        count++
      }
    }

    this.#count = count
  }

  #requirePlace (providers: Map<string, ProviderRecord>): void {
    if (providers.size >= this.#options.maxProvidersPerKey) {
      for (const [id, record] of providers) {
        if (this.#expired(record)) {
          // the collection deletes it for good
          providers.delete(id)
          return
        }
      }

      throw new StoreFullError(`${providers.size} providers of the key are kept, which is the limit`)
    }

    if (this.#count >= this.#options.maxRecords) {
      throw new StoreFullError(`${this.#count} announcements are kept, which is the limit`)
    }
  }

  #expired ({ contact, announcedAt }: ProviderRecord): boolean {
    return Date.now() >= announcedAt + this.#options.validity && contact.id !== this.#self.id
  }

  /** All providers of a key, expired ones included. Loaded once, however many ask at the same time. */
  #load (multihash: Uint8Array): Promise<Map<string, ProviderRecord>> {
    const cached = this.#cache.get(name(multihash))

    if (cached != null) {
      return cached
    }

    const loading = this.#read(multihash)
    this.#cache.set(name(multihash), loading)
    // whoever waits for it is told; the next one tries again
    loading.catch(() => { this.#cache.delete(name(multihash)) })

    return loading
  }

  async #read (multihash: Uint8Array): Promise<Map<string, ProviderRecord>> {
    const providers = new Map<string, ProviderRecord>()

    for await (const { record } of this.#all(`${name(multihash)}/`)) {
      if (record != null) {
        providers.set(record.contact.id, record)
      }
    }

    return providers
  }

  async * #all (prefix: string, options?: AbortOptions): AsyncGenerator<{ key: Key, multihash: Uint8Array, record?: ProviderRecord }> {
    for await (const { key, value } of this.#datastore.query({ prefix: `${this.#options.prefix}/${prefix}` }, options)) {
      options?.signal?.throwIfAborted()
      const [encoded, provider] = key.toString().slice(this.#options.prefix.length + 1).split('/')

      const multihash = decodeName(encoded)

      // what is not ours is nobody's business here
      if (multihash != null && provider != null) {
        yield { key, multihash, record: decode(provider, value) }
      }
    }
  }

  #key (multihash: Uint8Array, provider: Contact): Key {
    return new Key(`${this.#options.prefix}/${name(multihash)}/${toPeerId(provider).toString()}`, false)
  }
}

function name (multihash: Uint8Array): string {
  return uint8ArrayToString(multihash, 'base32')
}

function decodeName (name: string): Uint8Array | undefined {
  try {
    return uint8ArrayFromString(name, 'base32')
  } catch {
    // written by something else
  }
}

function encode ({ announcedAt, contact }: ProviderRecord): Uint8Array {
  const addrs = contact.addrs.slice(0, MAX_ADDRESSES) as Array<Uint8Array<ArrayBuffer>>

  return uint8ArrayConcat([varint.encode(announcedAt), ProviderAddresses.encode({ addrs })])
}

function decode (provider: string, bytes: Uint8Array): ProviderRecord | undefined {
  try {
    const announcedAt = varint.decode(bytes)
    const { addrs } = ProviderAddresses.decode(bytes.subarray(varint.encodingLength(announcedAt)), { limits: { addrs: MAX_ADDRESSES } })

    return { contact: { ...contactFromString(provider), addrs }, announcedAt }
  } catch {
    // not ours, or damaged: it is collected
  }
}
