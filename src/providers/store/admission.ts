// Whether an announcement is taken, and what has to go for it. What is counted tells without reading anything, but where a key has as many
// providers as it may; and where all places are taken, one read makes room for many.

import { keyOf } from '../../kademlia/key.ts'
import { contactNamed } from '../../query/contact.ts'
import { fromCharacters, toCharacters } from '../../wire/characters.ts'
import { toPeerId } from '../../wire/peer.ts'
import { leastWanted } from './fair-place.ts'
import { classOf, OWN, placeOf } from './place.ts'
import { ProvidersFullError } from './refusal.ts'
import type { Announcement } from './announcement.ts'
import type { AtHand, Held } from './at-hand.ts'
import type { Changes, Move } from './changes.ts'
import type { Collection } from './collection.ts'
import type { Files } from './files.ts'
import type { Place } from './place.ts'
import type { ProviderLimit } from './refusal.ts'
import type { Sender } from './sender.ts'
import type { Ids, Tally } from './tally.ts'
import type { Key } from '../../kademlia/key.ts'
import type { Contact } from '../../query/contact.ts'

export interface AdmissionNeeds {
  files: Files
  tally: Tally
  atHand: AtHand
  changes: Changes
  collection: Collection
  self: Contact
  /** how long an announcement holds, ms */
  validity: number
  /** see `ProviderStoreOptions` */
  maxProvidersPerKey: number
  maxPerSender: number
  maxRecords: number
  onEvicted (limit: ProviderLimit): void
}

/** A key that somebody announces. */
export interface Target {
  /** its multihash, each byte a character: the bytes may be those of a message, and last no longer */
  readonly name: string
  readonly key: Key
}

export type Written = (error?: Error) => void

export class Admission {
  readonly #needs: AdmissionNeeds
  readonly #tally: Tally
  readonly #changes: Changes
  readonly #self: Contact

  constructor (needs: AdmissionNeeds) {
    this.#needs = needs
    this.#tally = needs.tally
    this.#changes = needs.changes
    this.#self = needs.self
  }

  /**
   * Takes an announcement of another; a later one of the same provider replaces it. Undefined unless the next one has to wait, for what is
   * read first or for the disk. `done`: as of `Changes.make`. Hot.
   *
   * @throws {ProvidersFullError} when there is no place for it
   */
  accept (target: Target, from: Sender, announcedAt: number, done?: Written): Promise<void> | undefined {
    const ids = this.#tally.ids(target.key, from.key)
    const held = this.#needs.atHand.get(target.name)

    if (held == null && !this.#tally.isComplete && this.#tally.place(ids) == null) {
      return this.#withHeld(target, from, announcedAt, done)
    }

    return this.#take(target, from, ids, announcedAt, held, done)
  }

  async #withHeld (target: Target, from: Sender, announcedAt: number, done?: Written): Promise<void> {
    await this.#needs.atHand.use(target.name, held => this.#take(target, from, this.#tally.ids(target.key, from.key), announcedAt, held, done))
  }

  /** `held`: those of the key if they are at hand. They have to be while not all is counted. */
  #take (target: Target, from: Sender, ids: Ids, announcedAt: number, held: Held | undefined, done?: Written): Promise<void> | undefined {
    const { maxProvidersPerKey, maxPerSender, maxRecords } = this.#needs
    const after = this.#lapses(target.key, announcedAt)
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

    this.put(target, from, announcedAt, before, after, leaving, done)

    return this.#changes.room()
  }

  /** Stores it where it is to stand, and deletes those that leave for it. */
  put (target: Target, from: Sender, announcedAt: number, before: Place | undefined, after: Place, leaving: Announcement[], done?: Written): void {
    const move = {
      ids: this.#tally.ids(target.key, from.key),
      name: target.name,
      id: from.id,
      tail: this.#needs.files.tail(fromCharacters(target.name), from.name),
      before,
      after,
      record: from.stored(announcedAt),
      announcement: from.announcement(announcedAt)
    }

    this.#changes.make([move, ...leaving.map(announcement => this.deletion(target, contactNamed(announcement.id), announcement))], done)
  }

  /**
   * Who of the key has to go so that there is a place.
   *
   * @throws {ProvidersFullError} when it is the newcomer
   */
  #makePlace (held: Held, newcomer: Announcement, target: Key): Announcement[] {
    const { maxProvidersPerKey, onEvicted } = this.#needs
    const now = Date.now()
    const others = [...held.values()].filter(({ id }) => id !== this.#self.id)
    const lapsed = others.filter(announcement => this.hasLapsed(announcement, now))

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
  async #makeRoom (target: Target, from: Sender, announcedAt: number, place: Place, done?: Written): Promise<void> {
    const newcomer = classOf(place)

    if (newcomer < this.#tally.leastClass() || await this.#needs.collection.evict(newcomer) === 0) {
      throw new ProvidersFullError(`${this.#tally.total} announcements are kept, which is the limit, and all are of more use`, 'providers')
    }

    await this.accept(target, from, announcedAt, done)
  }

  /** What deletes the provider's announcement. */
  deletion (target: Target, provider: Contact, announcement: Announcement | undefined): Move {
    const ids = this.#tally.ids(target.key, provider.key)

    return {
      ids,
      name: target.name,
      id: provider.id,
      tail: this.#needs.files.tail(fromCharacters(target.name), toPeerId(provider).toString()),
      before: provider.id === this.#self.id ? this.#tally.place(ids) ?? (announcement == null ? undefined : OWN) : this.#placeOf(target, ids, announcement),
      record: 'deleted'
    }
  }

  /** Where an announcement stands in the index, whether or not it is counted already. */
  #placeOf ({ key }: Target, ids: Ids, announcement: Announcement | undefined): Place | undefined {
    return this.#tally.place(ids) ?? (announcement == null ? undefined : this.#lapses(key, announcement.announcedAt))
  }

  /** The place of the time at which it lapses. */
  #lapses (key: Key, announcedAt: number): Place {
    return placeOf(key, this.#self.key, announcedAt + this.#needs.validity)
  }

  /** Deletes one that has lapsed when it was read, unless it was made again since. */
  deleteLapsed (target: Target, announcement: Announcement, tail: string): void {
    const ids = this.#tally.ids(target.key, contactNamed(announcement.id).key)
    const read = this.#lapses(target.key, announcement.announcedAt)
    const before = this.#tally.place(ids) ?? read

    if (before === read && !this.#changes.isUnwritten(ids)) {
      this.#changes.make([{ ids, name: target.name, id: announcement.id, tail, before, record: 'deleted' }])
    }
  }

  /** Whether it holds no more; one's own always does. */
  hasLapsed ({ id, announcedAt }: Announcement, now: number): boolean {
    return now >= announcedAt + this.#needs.validity && id !== this.#self.id
  }
}

export function targetOf (multihash: Uint8Array): Target {
  return { name: toCharacters(multihash), key: keyOf(multihash) }
}
