// Who provides what. The announcements are in libp2p's datastore (`store/files.ts`), the providers of the keys that were asked for last
// at hand, as they go into replies (`store/at-hand.ts`), and of all others no more is known in memory than their numbers (`store/tally.ts`):
// enough to take an announcement without reading, and to know that a key has no providers. One's own entries say what this node provides; they
// stay until they are cancelled.

import { keyOf } from '../../kademlia/key.ts'
import { fromCharacters, toCharacters } from '../../wire/characters.ts'
import { Admission, targetOf } from './admission.ts'
import { toRecord } from './announcement.ts'
import { AtHand } from './at-hand.ts'
import { Changes } from './changes.ts'
import { Collection } from './collection.ts'
import { Files } from './files.ts'
import { OWN } from './place.ts'
import { createSender } from './sender.ts'
import { Tally } from './tally.ts'
import type { Target, Written } from './admission.ts'
import type { Announcement, ProviderRecord } from './announcement.ts'
import type { Held } from './at-hand.ts'
import type { ProviderLimit } from './refusal.ts'
import type { Sender } from './sender.ts'
import type { Key } from '../../kademlia/key.ts'
import type { Contact } from '../../query/contact.ts'
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
const AT_HAND_PER_KEY = 10

export class ProviderStore {
  readonly #self: Contact
  readonly #options: Required<ProviderStoreOptions>
  readonly #files: Files
  readonly #tally = new Tally()
  readonly #atHand: AtHand
  readonly #changes: Changes
  readonly #collection: Collection
  readonly #admission: Admission

  constructor (datastore: Datastore, self: Contact, options: ProviderStoreOptions) {
    const { prefix, validity, cacheSize } = options
    this.#self = self
    this.#options = { addressValidity: validity, maxPerSender: Infinity, onEvicted: () => {}, onWriteFailed: () => {}, ...options }
    const { onEvicted, onWriteFailed } = this.#options
    const tally = this.#tally
    const files = this.#files = new Files(datastore, prefix)
    const atHand = this.#atHand = new AtHand({ maxKeys: cacheSize, maxAnnouncements: AT_HAND_PER_KEY * cacheSize, read: async name => this.#read(name) })
    const changes = this.#changes = new Changes(datastore, files, tally, atHand, { onFailed: onWriteFailed })
    const collection = this.#collection = new Collection({ ...this.#options, files, tally, changes, self, onEvicted: () => { onEvicted('providers') } })
    this.#admission = new Admission({ ...this.#options, files, tally, atHand, changes, collection, self })
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
  accept (multihash: Uint8Array, from: Sender, announcedAt: number): Promise<void> | undefined {
    return this.#admission.accept(targetOf(multihash), from, announcedAt)
  }

  /**
   * The same, and resolves when it is written. It takes one's own, too, for which there always is a place.
   *
   * @throws {ProvidersFullError} when there is no place for it
   */
  async add (multihash: Uint8Array, record: ProviderRecord, options?: AbortOptions): Promise<void> {
    options?.signal?.throwIfAborted()
    const target = targetOf(multihash)
    const from = createSender(record.contact, record.group)

    await this.#written(done => from.id === this.#self.id ? this.#addOwn(target, from, record.announcedAt, done) : this.#admission.accept(target, from, record.announcedAt, done))
  }

  async remove (multihash: Uint8Array, provider: Contact, options?: AbortOptions): Promise<void> {
    options?.signal?.throwIfAborted()
    const target = targetOf(multihash)

    const forget = (done: Written, announcement?: Announcement): void => {
      this.#changes.make([this.#admission.deletion(target, provider, announcement)], done)
    }

    // once all is counted it is known where it stands
    await this.#written(done => this.#tally.isComplete ? forget(done) : this.#atHand.use(target.name, held => { forget(done, held.get(provider.id)) }))
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

  /** Whether one's own announcement of the key is here; false, too, while that is not counted. */
  isOwn (multihash: Uint8Array): boolean {
    return this.#tally.place(this.#tally.ids(keyOf(multihash), this.#self.key)) === OWN
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
  #addOwn (target: Target, from: Sender, announcedAt: number, done: Written): void | Promise<void> {
    return this.#tally.isComplete
      ? this.#admission.put(target, from, announcedAt, this.#tally.place(this.#tally.ids(target.key, from.key)), OWN, [], done)
      : this.#atHand.use(target.name, held => { this.#admission.put(target, from, announcedAt, held.has(from.id) ? OWN : undefined, OWN, [], done) })
  }

  #valid (held: Held): Announcement[] {
    const now = Date.now()
    const valid: Announcement[] = []

    for (const announcement of held.values()) {
      if (!this.#admission.hasLapsed(announcement, now)) {
        valid.push(now < announcement.announcedAt + this.#options.addressValidity ? announcement : { ...announcement, addresses: '' })
      }
    }

    return valid
  }

  /** The providers of a key from the disk; those that have lapsed are deleted. */
  async #read (name: string): Promise<Held> {
    const multihash = fromCharacters(name)
    const target = targetOf(multihash)
    const now = Date.now()
    const held: Held = new Map()

    if (this.#changes.isKeyUnwritten(this.#tally.keyId(target.key))) {
      await this.#changes.written()
    }

    for await (const { announcement, key } of this.#files.providers(multihash)) {
      if (this.#admission.hasLapsed(announcement, now)) {
        this.#admission.deleteLapsed(target, announcement, this.#files.tailOf(key))
      } else {
        held.set(announcement.id, announcement)
      }
    }

    return held
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
