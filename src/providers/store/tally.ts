// What is known in memory of all announcements that are stored: how many there are, of each key and of each provider, and where each stands
// in the index. Numbers alone, some 50 bytes an announcement of a key of its own, so that a million of them are no burden.

import { CompactMap } from './compact-map.ts'
import { Fingerprints } from './fingerprint.ts'
import { CLASSES, classOf, isDue, OWN } from './place.ts'
import type { Place } from './place.ts'
import type { Key } from '../../kademlia/key.ts'

/** The fingerprints by which an announcement is counted. */
export interface Ids {
  readonly record: number
  readonly key: number
  readonly provider: number
}

export class Tally {
  readonly #fingerprints = new Fingerprints()
  readonly #places = new CompactMap()
  readonly #perKey = new CompactMap()
  readonly #perProvider = new CompactMap()
  /** by class, how many entries the index has at each place: at least as many as there are announcements, for a crash may leave some behind */
  readonly #entries = Array.from({ length: CLASSES }, () => new Map<Place, number>())
  /** what was deleted while the index is being read, which may still have it; undefined when all of it has been read */
  #left?: Set<number> = new Set()
  #total = 0

  /** Announcements of others. */
  get total (): number {
    return this.#total
  }

  /** Whether all that is stored is known. Until then there may be more of everything. */
  get isComplete (): boolean {
    return this.#left == null
  }

  ids (key: Key, provider: Key): Ids {
    return { record: this.#fingerprints.of(key, provider), key: this.keyId(key), provider: this.#fingerprints.of(provider) }
  }

  /** Of the key alone. */
  keyId (key: Key): number {
    return this.#fingerprints.of(key)
  }

  place ({ record }: Ids): Place | undefined {
    const place = this.#places.get(record)

    return place === 0 ? undefined : place
  }

  /** Whether nothing has been heard of it, though it may be stored. */
  isUnknown (ids: Ids): boolean {
    return this.#left?.has(ids.record) === false && this.place(ids) == null
  }

  /** How many announcements of a key there are, one's own included. */
  ofKey (key: number): number {
    return this.#perKey.get(key)
  }

  ofProvider ({ provider }: Ids): number {
    return this.#perProvider.get(provider)
  }

  /** Notes where the announcement stands now; undefined: nowhere any more. */
  set (ids: Ids, place: Place | undefined): void {
    const before = this.#places.get(ids.record)
    this.#places.set(ids.record, place ?? 0)
    this.#count(ids, before, Number(place != null) - Number(before !== 0), place)
    place == null ? this.#left?.add(ids.record) : this.#left?.delete(ids.record)
  }

  /** Counts what the index says, as it is read at the start. What was deleted since it began is not counted, but its entry may be there. */
  adopt (ids: Ids, place: Place): void {
    const known = this.#places.get(ids.record)

    if (this.#left == null || known === place) {
      return
    }

    this.addEntry(place)

    // of two entries, as a renewal leaves them that was cut off, the later: when the earlier one is due, the record is looked at
    if (this.isUnknown(ids) || (known > OWN && place > known)) {
      this.set(ids, place)
    }
  }

  /** All has been read. */
  complete (): void {
    this.#left = undefined
  }

  /** How many entries the index has at the place; of one's own nobody counts them. */
  entriesAt (place: Place): number {
    return this.#entries[classOf(place)].get(place) ?? 0
  }

  addEntry (place: Place): void {
    if (place !== OWN) {
      this.#entries[classOf(place)].set(place, this.entriesAt(place) + 1)
    }
  }

  /** So many entries of the place are gone, or were never there. */
  removeEntries (place: Place, count = 1): void {
    const places = this.#entries[classOf(place)]
    const left = this.entriesAt(place) - count
    left > 0 ? places.set(place, left) : places.delete(place)
  }

  /** The places of which all has lapsed. */
  due (now: number): Place[] {
    return this.#entries.flatMap(places => [...places.keys()].filter(place => isDue(place, now)).sort((a, b) => a - b))
  }

  /** The place of what is of least use: farthest from this node, and of that what lapses soonest. Looks at each place of a class, some three hundred. */
  least (): Place | undefined {
    const places = this.#entries.find(({ size }) => size > 0)

    return places == null ? undefined : [...places.keys()].reduce((least, place) => Math.min(least, place))
  }

  /** The lowest class of which there is any. */
  leastClass (): number {
    return this.#entries.findIndex(({ size }) => size > 0)
  }

  #count ({ key, provider }: Ids, before: number, change: number, after: Place | undefined): void {
    if (change === 0) {
      return
    }

    this.#perKey.set(key, Math.max(0, this.#perKey.get(key) + change))

    if ((after ?? before) !== OWN) {
      this.#total += change
      this.#perProvider.set(provider, Math.max(0, this.#perProvider.get(provider) + change))
    }
  }
}
