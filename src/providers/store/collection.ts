// What reads the index: the count at the start, the collection of what has lapsed, and the choice of what has to go. All of it by ranges of
// keys and in small pieces, with a turn for others between them; nothing of it is done on a request but, now and then, one range of the last.

import { keyOf } from '../../kademlia/key.ts'
import { contactNamed } from '../../query/contact.ts'
import { paced } from '../../query/paced.ts'
import { toCharacters } from '../../wire/characters.ts'
import { classOf, OWN, placeOf } from './place.ts'
import type { Announcement } from './announcement.ts'
import type { Changes, Move } from './changes.ts'
import type { Files, RecordName } from './files.ts'
import type { Place } from './place.ts'
import type { Ids, Tally } from './tally.ts'
import type { Key } from '../../kademlia/key.ts'
import type { AbortOptions } from '@libp2p/interface'

export interface CollectionNeeds {
  files: Files
  tally: Tally
  changes: Changes
  /** the node's */
  self: { id: string, key: Key }
  /** how long an announcement holds, ms */
  validity: number
  /** how many announcements of others are kept */
  maxRecords: number
  /** one had to go before its time */
  onEvicted (): void
}

/** So many go at once where one has to: one read makes room for as many newcomers. */
const MOST_EVICTED = 256

/** No more than this part of all. */
const EVICTED_SHARE = 64

export class Collection {
  readonly #needs: CollectionNeeds
  #loading?: Promise<void>
  #collecting?: Promise<void>
  #evicting?: Promise<number>

  constructor (needs: CollectionNeeds) {
    this.#needs = needs
  }

  /** Counts what is stored, once; no effect when it is counted. What a version without an index has left is indexed first. */
  async load (options?: AbortOptions): Promise<void> {
    if (!this.#needs.tally.isComplete) {
      this.#loading ??= this.#load(options).finally(() => { this.#loading = undefined })
      await this.#loading
    }
  }

  /** Deletes what has lapsed, and what is over the limit. While it runs, a second call waits for the first. */
  async collect (options?: AbortOptions): Promise<void> {
    this.#collecting ??= this.#collect(options).finally(() => { this.#collecting = undefined })
    await this.#collecting
  }

  /** Makes room for newcomers by deleting what is of less use than one of the class. Tells how much was deleted. While it runs, a second call waits for the first. */
  async evict (newcomer: number): Promise<number> {
    const { maxRecords } = this.#needs
    const count = Math.max(1, Math.min(MOST_EVICTED, Math.floor(maxRecords / EVICTED_SHARE)))
    this.#evicting ??= this.#evict(count, newcomer).finally(() => { this.#evicting = undefined })

    return this.#evicting
  }

  async #load (options?: AbortOptions): Promise<void> {
    const { files, tally, changes, self } = this.#needs

    if (!await files.isIndexed(options)) {
      await this.#index(options)
    }

    for await (const entry of paced(files.entries({}, options), options)) {
      // of an identity that the node had before: it lapses as that of any other
      if (entry.place === OWN && entry.id !== self.id) {
        changes.make([this.#move(entry, OWN, this.#rightPlace(entry, await files.announcement(entry, options)))])
        await changes.room()
        continue
      }

      tally.adopt(this.#idsOf(entry), entry.place)
    }

    tally.complete()
  }

  /** Gives each record its entry, and deletes what can't be read or has lapsed. */
  async #index (options?: AbortOptions): Promise<void> {
    const { files, tally, changes } = this.#needs
    const failures = new Set<Error>()
    const done = (error?: Error): void => { error == null || failures.add(error) }

    for await (const record of paced(files.records(options), options)) {
      const after = this.#rightPlace(record, record.announcement)
      // one that has lapsed may have an entry, of a time before
      const move = this.#move(record, after == null ? this.#lapses(record, record.announcement) : undefined, after)

      // what was stored since it began has its entry, and what was deleted needs none
      if (tally.isUnknown(move.ids)) {
        changes.make([move], done)
      }

      await changes.room()
    }

    await changes.written()

    if (failures.size === 0) {
      await files.setIndexed(options)
    }
  }

  async #collect (options?: AbortOptions): Promise<void> {
    await this.load(options)
    const { tally, changes, files, maxRecords } = this.#needs

    for (const place of tally.due(Date.now())) {
      // or what was deleted a moment ago would be read
      await changes.written()
      const lost = this.#lostAt(place)
      let seen = 0

      for await (const name of paced(files.entries({ place }, options), options)) {
        seen++
        await this.#review(name, options)
        await changes.room()
      }

      lost(seen)
    }

    await changes.written()
    changes.forgetLost(Date.now())

    while (tally.total > maxRecords && await this.evict(Infinity) > 0) {
      options?.signal?.throwIfAborted()
    }

    await changes.written()
  }

  /** An entry is due: its announcement has lapsed, or was made again and has a later one. */
  async #review (entry: RecordName & { place: Place }, options?: AbortOptions): Promise<void> {
    const { tally, changes, files } = this.#needs
    const ids = this.#idsOf(entry)
    const known = tally.place(ids)
    // where it is known to stand here nothing has to be read: reading what is to be deleted took most of the time, and longest when the disk was busy
    const announcement = known === entry.place && !changes.isDoubtful(ids) ? undefined : await files.announcement(entry, options)

    // made again meanwhile: that has seen to the entry, or the next collection does
    if (!changes.isUnwritten(ids) && tally.place(ids) === known) {
      changes.make([this.#move(entry, entry.place, this.#rightPlace(entry, announcement))])
    }
  }

  async #evict (count: number, newcomer: number): Promise<number> {
    const { tally, files, changes, onEvicted } = this.#needs
    await changes.written()
    let evicted = 0
    const onDeleted = (error?: Error): void => {
      if (error == null) {
        evicted++
        onEvicted()
      }
    }

    for (let left = count, before = Infinity; left > 0 && left < before;) {
      const place = tally.least()

      if (place == null || classOf(place) > newcomer) {
        break
      }

      before = left
      const lost = this.#lostAt(place)
      const limit = left
      let seen = 0

      for await (const entry of files.entries({ place, limit })) {
        const ids = this.#idsOf(entry)
        const known = tally.place(ids)
        seen++

        if (!changes.isUnwritten(ids)) {
          // one that was made again stands elsewhere, too
          changes.make([this.#move(entry, place, known === place ? undefined : known)], known === place ? onDeleted : undefined)
          left--
        }
      }

      if (seen < limit) {
        left -= lost(seen)
      }
    }

    // what could not be deleted made no room: whoever tries again and again would never end
    await changes.written()

    return evicted
  }

  /** Call it before a place is read to its end, and what it returns after that: it takes entries out of the count that are not there, as after a crash. */
  #lostAt (place: Place): (seen: number) => number {
    const { tally, changes } = this.#needs
    const written = tally.entriesAt(place) - changes.unwrittenAt(place)

    return seen => {
      const lost = Math.max(0, written - seen)
      tally.removeEntries(place, lost)

      return lost
    }
  }

  /** Where it should stand; undefined when it has lapsed or can't be read. */
  #rightPlace (name: RecordName, announcement: Announcement | undefined): Place | undefined {
    const { self, validity } = this.#needs

    if (name.id === self.id && announcement != null) {
      return OWN
    }

    return announcement != null && Date.now() < announcement.announcedAt + validity ? this.#lapses(name, announcement) : undefined
  }

  /** The place of the time at which it lapses, or did; undefined when it can't be read. */
  #lapses ({ multihash }: RecordName, announcement: Announcement | undefined): Place | undefined {
    const { self, validity } = this.#needs

    return announcement == null ? undefined : placeOf(keyOf(multihash), self.key, announcement.announcedAt + validity)
  }

  #move (name: RecordName, before: Place | undefined, after: Place | undefined): Move {
    return {
      ids: this.#idsOf(name),
      name: toCharacters(name.multihash),
      id: name.id,
      tail: name.tail,
      before,
      after,
      record: after == null ? 'deleted' : 'kept'
    }
  }

  #idsOf ({ multihash, id }: RecordName): Ids {
    return this.#needs.tally.ids(keyOf(multihash), contactNamed(id).key)
  }
}
