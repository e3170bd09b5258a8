// Who provides what. The announcements are in libp2p's datastore (`store/files.ts`), the providers of the keys that were asked for last
// at hand, as they go into replies (`store/at-hand.ts`), and of all others no more is known in memory than their numbers (`store/tally.ts`):
// enough to take an announcement without reading, and to know that a key has no providers. One's own entries say what this node provides; they
// stay until they are cancelled.

import { keyOf } from '../kademlia/key.ts'
import { contactNamed } from '../query/contact.ts'
import { fromCharacters, toCharacters } from '../wire/characters.ts'
import { toPeerId } from '../wire/peer.ts'
import { toRecord } from './announcement.ts'
import { createAnnouncer } from './announcer.ts'
import { AtHand } from './store/at-hand.ts'
import { Changes } from './store/changes.ts'
import { Collection } from './store/collection.ts'
import { leastWanted } from './store/fair-place.ts'
import { Files } from './store/files.ts'
import { classOf, OWN, placeOf } from './store/place.ts'
import { ProvidersFullError } from './store/refusal.ts'
import { Tally } from './store/tally.ts'
import type { Announcement, ProviderRecord } from './announcement.ts'
import type { Announcer } from './announcer.ts'
import type { Held } from './store/at-hand.ts'
import type { Move } from './store/changes.ts'
import type { Place } from './store/place.ts'
import type { ProviderLimit } from './store/refusal.ts'
import type { Ids } from './store/tally.ts'
import type { Key } from '../kademlia/key.ts'
import type { Contact } from '../query/contact.ts'
import type { AbortOptions } from '@libp2p/interface'
import type { Datastore } from 'interface-datastore'

export interface ProviderStoreOptions {
  /** of the datastore's keys */
  prefix: string
  /** how long an announcement holds, ms */
  validity: number
  /** how long the addresses that came with it do, ms; as long as itself by default */
  addressValidity?: number
  /** how many providers of one key are kept */
  maxProvidersPerKey: number
  /** how many announcements of one provider are kept; any number by default */
  maxPerSender?: number
  /** how many announcements of others are kept in all */
  maxRecords: number
  /** how many keys are kept in memory too */
  cacheSize: number
  /** an announcement had to go before its time */
  onEvicted? (limit: ProviderLimit): void
  /** so many changes could not be written */
  onWriteFailed? (error: Error, changes: number): void
}

/** How many announcements are kept in memory for each key that may be: most keys have fewer providers, few have hundreds. */
const AT_HAND_PER_KEY = 8

/** A key that somebody announces. */
interface Target {
  readonly multihash: Uint8Array
  /** at hand */
  readonly name: string
  readonly key: Key
}

type Written = (error?: Error) => void

export class ProviderStore {
  readonly #self: Contact
  readonly #options: Required<ProviderStoreOptions>
  readonly #files: Files
  readonly #tally = new Tally()
  readonly #atHand: AtHand
  readonly #changes: Changes
  readonly #collection: Collection

  constructor (datastore: Datastore, self: Contact, options: ProviderStoreOptions) {
    const { prefix, validity, maxRecords, cacheSize } = options
    this.#self = self
    this.#options = { addressValidity: validity, maxPerSender: Infinity, onEvicted: () => {}, onWriteFailed: () => {}, ...options }
    const { onEvicted, onWriteFailed } = this.#options
    const files = this.#files = new Files(datastore, prefix)
    this.#atHand = new AtHand({ maxKeys: cacheSize, maxAnnouncements: AT_HAND_PER_KEY * cacheSize, read: async name => this.#read(name) })
    this.#changes = new Changes(datastore, files, this.#tally, this.#atHand, { onFailed: onWriteFailed })
    this.#collection = new Collection({ files, tally: this.#tally, changes: this.#changes, self, validity, maxRecords, onEvicted: () => { onEvicted('providers') } })
  }

  /** What is stored, as far as it is counted, what of it is at hand, and what is not written yet. */
  get counts (): { records: number, keysAtHand: number, announcementsAtHand: number, unwritten: number } {
    return {
      records: this.#tally.total,
      keysAtHand: this.#atHand.keys,
      announcementsAtHand: this.#atHand.announcements,
      unwritten: this.#changes.waiting
    }
  }

  /**
   * Takes an announcement of another; a later one of the same provider replaces it. It is served at once, and written soon. Undefined
   * unless the next one has to wait, for what is read first or for the disk. Hot.
   *
   * @throws {ProvidersFullError} when there is no place for it
   */
  accept (multihash: Uint8Array, from: Announcer, announcedAt: number): Promise<void> | undefined {
    const target = { multihash, name: toCharacters(multihash), key: keyOf(multihash) }

    return this.#accept(target, from, announcedAt)
  }

  /**
   * The same, and resolves when it is written. It takes one's own, too, for which there always is a place.
   *
   * @throws {ProvidersFullError} when there is no place for it
   */
  async add (multihash: Uint8Array, record: ProviderRecord, options?: AbortOptions): Promise<void> {
    options?.signal?.throwIfAborted()
    const target = { multihash, name: toCharacters(multihash), key: keyOf(multihash) }
    const from = createAnnouncer(record.contact, record.group)

    await this.#written(done => from.id === this.#self.id ? this.#addOwn(target, from, record.announcedAt, done) : this.#accept(target, from, record.announcedAt, done))
  }

  /** Notes when one's own announcement last succeeded, as one step. No effect when it was cancelled meanwhile. */
  async renew (multihash: Uint8Array, announcedAt: number): Promise<void> {
    if (await this.isOwn(multihash)) {
      await this.add(multihash, { contact: this.#self, announcedAt })
    }
  }

  async remove (multihash: Uint8Array, provider: Contact, options?: AbortOptions): Promise<void> {
    options?.signal?.throwIfAborted()
    const target = { multihash, name: toCharacters(multihash), key: keyOf(multihash) }

    await this.#written(done => this.#atHand.use(target.name, held => {
      this.#changes.make([this.#deletion(target, provider, held.get(provider.id))], done)
    }))
  }

  /** The announcements that hold. One's own always does. */
  async get (multihash: Uint8Array, options?: AbortOptions): Promise<ProviderRecord[]> {
    const announced = await this.announced(multihash)
    options?.signal?.throwIfAborted()

    return announced.map(toRecord)
  }

  /** The same as they are kept at hand, and at once if they are, or if there are none. Without addresses that hold no more. `key`: the multihash's. Hot. */
  announced (multihash: Uint8Array, key?: Key): Announcement[] | Promise<Announcement[]> {
    const name = toCharacters(multihash)
    const held = this.#atHand.get(name)

    if (held != null) {
      return this.#valid(held)
    }

    if (this.#tally.isComplete && this.#tally.ofKey(this.#tally.keyId(key ?? keyOf(multihash))) === 0) {
      return []
    }

    return this.#atHand.use(name, held => this.#valid(held))
  }

  /** What this node provides, and when it last announced it. */
  async * own (options?: AbortOptions): AsyncGenerator<{ multihash: Uint8Array, announcedAt: number }> {
    await this.#collection.load(options)
    await this.#changes.written()

    for await (const entry of this.#files.entries({ place: OWN }, options)) {
      const announcement = await this.#files.announcement(entry, options)

      if (announcement != null) {
        yield { multihash: entry.multihash, announcedAt: announcement.announcedAt }
      }
    }
  }

  /** Whether this node provides the key. */
  async isOwn (multihash: Uint8Array): Promise<boolean> {
    return this.#atHand.use(toCharacters(multihash), held => held.has(this.#self.id))
  }

  /** Deletes what has lapsed or can't be read. The first time it counts what is stored before. */
  async collect (options?: AbortOptions): Promise<void> {
    await this.#collection.collect(options)
  }

  /** Resolves when all that was taken is written, or could not be. */
  async flush (): Promise<void> {
    await this.#changes.written()
  }

  /** Nothing is read for it once all is counted. */
  #addOwn (target: Target, from: Announcer, announcedAt: number, done: Written): void | Promise<void> {
    return this.#tally.isComplete
      ? this.#put(target, from, announcedAt, this.#tally.place(this.#tally.ids(target.key, from.key)), OWN, [], done)
      : this.#atHand.use(target.name, held => { this.#put(target, from, announcedAt, held.has(from.id) ? OWN : undefined, OWN, [], done) })
  }

  #accept (target: Target, from: Announcer, announcedAt: number, done?: Written): Promise<void> | undefined {
    const ids = this.#tally.ids(target.key, from.key)
    const held = this.#atHand.get(target.name)

    if (held == null && !this.#tally.isComplete && this.#tally.place(ids) == null) {
      return this.#withHeld(target, from, announcedAt, done)
    }

    return this.#take(target, from, ids, announcedAt, held, done)
  }

  async #withHeld (target: Target, from: Announcer, announcedAt: number, done?: Written): Promise<void> {
    await this.#atHand.use(target.name, held => this.#take(target, from, this.#tally.ids(target.key, from.key), announcedAt, held, done))
  }

  /** `held`: those of the key if they are at hand. They have to be while not all is counted. */
  #take (target: Target, from: Announcer, ids: Ids, announcedAt: number, held: Held | undefined, done?: Written): Promise<void> | undefined {
    const { maxProvidersPerKey, maxPerSender, maxRecords, validity } = this.#options
    const after = placeOf(target.key, this.#self.key, announcedAt + validity)
    const before = this.#placeOf(target, ids, held?.get(from.id))
    let leaving: Announcement[] = []

    if (before == null) {
      if (this.#tally.ofProvider(ids) >= maxPerSender) {
        throw new ProvidersFullError(`${maxPerSender} announcements of the provider are kept, which is the limit`, 'providers-per-sender')
      }

      if ((held?.size ?? this.#tally.ofKey(ids.key)) >= maxProvidersPerKey) {
        if (held == null) {
          return this.#withHeld(target, from, announcedAt, done)
        }

        leaving = this.#makePlace(held, from.announcement(announcedAt), target.key)
      }

      if (this.#tally.total - leaving.length >= maxRecords) {
        return this.#makeRoom(target, from, announcedAt, after, done)
      }
    }

    this.#put(target, from, announcedAt, before, after, leaving, done)

    return this.#changes.room()
  }

  #put (target: Target, from: Announcer, announcedAt: number, before: Place | undefined, after: Place, leaving: Announcement[], done?: Written): void {
    const move = {
      ids: this.#tally.ids(target.key, from.key),
      name: target.name,
      id: from.id,
      tail: this.#files.tail(target.multihash, from.name),
      before,
      after,
      record: from.stored(announcedAt),
      announcement: from.announcement(announcedAt)
    }

    this.#changes.make([move, ...leaving.map(announcement => this.#deletion(target, contactNamed(announcement.id), announcement))], done)
  }

  /**
   * Who of the key has to go so that there is a place.
   *
   * @throws {ProvidersFullError} when it is the newcomer
   */
  #makePlace (held: Held, newcomer: Announcement, target: Key): Announcement[] {
    const { maxProvidersPerKey, onEvicted } = this.#options
    const now = Date.now()
    const others = [...held.values()].filter(({ id }) => id !== this.#self.id)
    const lapsed = others.filter(announcement => this.#hasLapsed(announcement, now))

    if (others.length - lapsed.length < maxProvidersPerKey) {
      return lapsed
    }

    const leaving = leastWanted([...others, newcomer], target, maxProvidersPerKey)

    if (leaving === newcomer) {
      throw new ProvidersFullError(`${others.length} providers of the key are kept, which is the limit, and none is to go for this one`, 'providers-per-key')
    }

    onEvicted('providers-per-key')

    return [leaving]
  }

  /** Takes it when others have gone for it. */
  async #makeRoom (target: Target, from: Announcer, announcedAt: number, place: Place, done?: Written): Promise<void> {
    const newcomer = classOf(place)

    if (newcomer < this.#tally.leastClass() || await this.#collection.evict(newcomer) === 0) {
      throw new ProvidersFullError(`${this.#tally.total} announcements are kept, which is the limit, and all are of more use`, 'providers')
    }

    await this.#accept(target, from, announcedAt, done)
  }

  #deletion (target: Target, provider: Contact, announcement: Announcement | undefined): Move {
    const ids = this.#tally.ids(target.key, provider.key)

    return {
      ids,
      name: target.name,
      id: provider.id,
      tail: this.#files.tail(target.multihash, toPeerId(provider).toString()),
      before: provider.id === this.#self.id ? OWN : this.#placeOf(target, ids, announcement),
      record: 'deleted'
    }
  }

  /** Where an announcement stands in the index, whether or not it is counted already. */
  #placeOf ({ key }: Target, ids: Ids, announcement: Announcement | undefined): Place | undefined {
    return this.#tally.place(ids) ?? (announcement == null ? undefined : placeOf(key, this.#self.key, announcement.announcedAt + this.#options.validity))
  }

  #hasLapsed ({ id, announcedAt }: Announcement, now: number): boolean {
    return now >= announcedAt + this.#options.validity && id !== this.#self.id
  }

  #valid (held: Held): Announcement[] {
    const now = Date.now()
    const valid: Announcement[] = []

    for (const announcement of held.values()) {
      if (!this.#hasLapsed(announcement, now)) {
        valid.push(now < announcement.announcedAt + this.#options.addressValidity ? announcement : { ...announcement, addresses: '' })
      }
    }

    return valid
  }

  /** The providers of a key from the disk; those that have lapsed are deleted. */
  async #read (name: string): Promise<Held> {
    const multihash = fromCharacters(name)
    const target = { multihash, name, key: keyOf(multihash) }
    const now = Date.now()
    const held: Held = new Map()

    if (this.#changes.isKeyUnwritten(this.#tally.keyId(target.key))) {
      await this.#changes.written()
    }

    for await (const { announcement, key } of this.#files.providers(multihash)) {
      if (this.#hasLapsed(announcement, now)) {
        this.#deleteLapsed(target, announcement, this.#files.tailOf(key))
      } else {
        held.set(announcement.id, announcement)
      }
    }

    return held
  }

  /** Unless it was made again since it was read. */
  #deleteLapsed (target: Target, announcement: Announcement, tail: string): void {
    const ids = this.#tally.ids(target.key, contactNamed(announcement.id).key)
    const read = placeOf(target.key, this.#self.key, announcement.announcedAt + this.#options.validity)
    const before = this.#tally.place(ids) ?? read

    if (before === read && !this.#changes.isUnwritten(ids)) {
      this.#changes.make([{ ids, name: target.name, id: announcement.id, tail, before, record: 'deleted' }])
    }
  }

  /** Resolves when a change is written, and fails when that did. */
  async #written (change: (done: Written) => void | Promise<void>): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const made = change(error => { error == null ? resolve() : reject(error) })

      if (made instanceof Promise) {
        made.catch(reject)
      }
    })
  }
}
