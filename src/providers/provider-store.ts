// Who provides what, in libp2p's datastore, where @libp2p/kad-dht keeps it too: under
// `<prefix>/<base32 multihash>/<peer id>` the time of the announcement, to which we append the addresses that came with
// it. One's own entries say what this node provides; they stay until they are cancelled.
//
// The providers of the keys that were asked for last are kept at hand, an entry a key, as they go into replies.

import { Key } from 'interface-datastore/key'
import QuickLRU from 'quick-lru'
import { fromString as uint8ArrayFromString } from 'uint8arrays/from-string'
import { toString as uint8ArrayToString } from 'uint8arrays/to-string'
import { StoreFullError } from '../query/errors.ts'
import { toCharacters } from '../wire/characters.ts'
import { toPeerId } from '../wire/peer.ts'
import { decodeStored, encodeStored, toAnnouncement, toRecord } from './announcement.ts'
import type { Announcement, ProviderRecord } from './announcement.ts'
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

/** All providers of a key by their ids, expired ones included. */
type Held = Map<string, Announcement>

interface Entry {
  readonly loading: Promise<Held>
  /** as soon as it is loaded: who asks then need not wait */
  held?: Held
}

export class ProviderStore {
  readonly #datastore: Datastore
  readonly #self: Contact
  readonly #options: ProviderStoreOptions
  readonly #cache: QuickLRU<string, Entry>
  /** of each collection under way, what was written meanwhile: it is not to delete that for what it has read before */
  readonly #written = new Set<Set<string>>()
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
    const entry = this.#entry(multihash)
    const held = await entry.loading
    const isNew = !held.has(id)

    if (isNew && id !== this.#self.id) {
      this.#requirePlace(held)
    }

    // at once, so that announcements that come together count one another
    this.#count += isNew ? 1 : 0
    held.set(id, toAnnouncement(record))

    try {
      await this.#write(multihash, record, options)
    } catch (error) {
      this.#count -= isNew ? 1 : 0
      this.#forget(multihash)
      throw error
    }

    if (this.#cache.peek(toCharacters(multihash)) !== entry) {
      // the cache has dropped the key meanwhile, and may have read it again too early
      this.#forget(multihash)
    }
  }

  /** Notes when one's own announcement last succeeded, as one step. No effect when it was cancelled meanwhile. */
  async renew (multihash: Uint8Array, announcedAt: number): Promise<void> {
    const held = await this.#entry(multihash).loading

    if (held.has(this.#self.id)) {
      const record = { contact: this.#self, announcedAt }
      held.set(this.#self.id, toAnnouncement(record))
      await this.#write(multihash, record)
    }
  }

  async remove (multihash: Uint8Array, provider: Contact, options?: AbortOptions): Promise<void> {
    const held = await this.#entry(multihash).loading

    if (held.delete(provider.id)) {
      this.#count--
    }

    await this.#datastore.delete(this.#key(multihash, provider), options)
    this.#forget(multihash)
  }

  /** The announcements that hold. One's own always does. */
  async get (multihash: Uint8Array, options?: AbortOptions): Promise<ProviderRecord[]> {
    const announced = await this.announced(multihash)
    options?.signal?.throwIfAborted()

    return announced.map(toRecord)
  }

  /** The same as they are kept at hand, and at once if they are. Hot. */
  announced (multihash: Uint8Array): Announcement[] | Promise<Announcement[]> {
    const { held, loading } = this.#entry(multihash)

    return held != null ? this.#valid(held) : loading.then(held => this.#valid(held))
  }

  /** What this node provides, and when it last announced it. */
  async * own (options?: AbortOptions): AsyncGenerator<{ multihash: Uint8Array, announcedAt: number }> {
    const own = toPeerId(this.#self).toString()

    for await (const { multihash, provider, announcement } of this.#all(options)) {
      if (provider === own && announcement != null) {
        yield { multihash, announcedAt: announcement.announcedAt }
      }
    }
  }

  /** Whether this node provides the key. */
  async isOwn (multihash: Uint8Array): Promise<boolean> {
    return (await this.#entry(multihash).loading).has(this.#self.id)
  }

  /** Deletes what has expired or can't be read, and counts the rest. */
  async collect (options?: AbortOptions): Promise<void> {
    const written = new Set<string>()
    let count = 0
    this.#written.add(written)

    try {
      for await (const { multihash, key, announcement } of this.#all(options)) {
        if ((announcement != null && !this.#expired(announcement)) || written.has(key.toString())) {
          count++
        } else {
          await this.#datastore.delete(key, options)
          this.#forget(multihash)
        }
      }
    } finally {
      this.#written.delete(written)
    }

    this.#count = count
  }

  #requirePlace (held: Held): void {
    if (held.size >= this.#options.maxProvidersPerKey) {
      for (const [id, announcement] of held) {
        if (this.#expired(announcement)) {
          // the collection deletes it for good
          held.delete(id)
          return
        }
      }

      throw new StoreFullError(`${held.size} providers of the key are kept, which is the limit`)
    }

    if (this.#count >= this.#options.maxRecords) {
      throw new StoreFullError(`${this.#count} announcements are kept, which is the limit`)
    }
  }

  #valid (held: Held): Announcement[] {
    const now = Date.now()

    return [...held.values()].filter(announcement => !this.#expired(announcement, now))
  }

  #expired ({ id, announcedAt }: Announcement, now = Date.now()): boolean {
    return now >= announcedAt + this.#options.validity && id !== this.#self.id
  }

  /** The providers of a key, loaded once, however many ask at the same time. */
  #entry (multihash: Uint8Array): Entry {
    const name = toCharacters(multihash)
    const cached = this.#cache.get(name)

    if (cached != null) {
      return cached
    }

    const entry: Entry = { loading: this.#read(multihash) }
    this.#cache.set(name, entry)
    entry.loading.then(held => { entry.held = held }).catch(() => {
      // whoever waits for it is told; the next one tries again
      this.#cache.delete(name)
    })

    return entry
  }

  #forget (multihash: Uint8Array): void {
    this.#cache.delete(toCharacters(multihash))
  }

  async #read (multihash: Uint8Array): Promise<Held> {
    const prefix = `${this.#options.prefix}/${nameOf(multihash)}/`
    const start = uint8ArrayFromString(prefix).byteLength
    const held: Held = new Map()

    for await (const { key, value } of this.#datastore.query({ prefix })) {
      const announcement = decodeStored(key.uint8Array(), start, value)

      if (announcement != null) {
        held.set(announcement.id, announcement)
      }
    }

    return held
  }

  /** All that is stored, of all keys; without an announcement where it can't be read. */
  async * #all (options?: AbortOptions): AsyncGenerator<{ key: Key, multihash: Uint8Array, provider: string, announcement?: Announcement }> {
    for await (const { key, value } of this.#datastore.query({ prefix: `${this.#options.prefix}/` }, options)) {
      options?.signal?.throwIfAborted()
      const [name, provider] = key.toString().slice(this.#options.prefix.length + 1).split('/')
      const multihash = readName(name)

      // what is not ours is nobody's business here
      if (multihash != null && provider != null) {
        yield { key, multihash, provider, announcement: decodeStored(uint8ArrayFromString(provider), 0, value) }
      }
    }
  }

  async #write (multihash: Uint8Array, record: ProviderRecord, options?: AbortOptions): Promise<void> {
    const key = this.#key(multihash, record.contact)
    this.#written.forEach(written => { written.add(key.toString()) })
    await this.#datastore.put(key, encodeStored(record), options)
  }

  #key (multihash: Uint8Array, provider: Contact): Key {
    return new Key(`${this.#options.prefix}/${nameOf(multihash)}/${toPeerId(provider).toString()}`, false)
  }
}

/** How a key is written in the datastore. */
function nameOf (multihash: Uint8Array): string {
  return uint8ArrayToString(multihash, 'base32')
}

function readName (name: string): Uint8Array | undefined {
  try {
    return uint8ArrayFromString(name, 'base32')
  } catch {
    // written by something else
  }
}
