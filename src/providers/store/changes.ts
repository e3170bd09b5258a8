// Every change of what is stored comes through here, so that the numbers, what is at hand and what is on the disk say the same: they are
// told at once, the disk is written soon after, and where that fails they are told that it was not.
//
// Order of writes: where a datastore does not write a batch as one, a record's entry in the index is there before it and goes after it. A
// record without an entry would stay for ever; an entry without its record goes when it is due.

import { isDue, OWN } from './place.ts'
import { WriteQueue } from './write-queue.ts'
import type { Announcement } from './announcement.ts'
import type { AtHand } from './at-hand.ts'
import type { Files } from './files.ts'
import type { Place } from './place.ts'
import type { Ids, Tally } from './tally.ts'
import type { Write, WriteQueueOptions } from './write-queue.ts'
import type { Datastore } from 'interface-datastore'

/** What becomes of one announcement. */
export interface Move {
  readonly ids: Ids
  /** its key's, at hand */
  readonly name: string
  /** the provider's */
  readonly id: string
  /** what its keys in the datastore end in */
  readonly tail: string
  /** where it stood in the index before; undefined: nowhere */
  readonly before?: Place
  /** where it stands from now on; undefined: nowhere */
  readonly after?: Place
  /** what is stored; 'deleted', or 'kept' as it is */
  readonly record: Uint8Array | 'deleted' | 'kept'
  /** the same at hand; undefined when it is deleted, and of no account when it is kept */
  readonly announcement?: Announcement
}

/** A move that is not written. */
interface Unwritten {
  readonly move: Move
  /** the one before it of the same announcement, if that is not written either */
  previous?: Unwritten
  /** where the announcement stands if this is not written */
  before?: Place
  failed: boolean
}

const NOTHING = new Uint8Array(0)

export class Changes {
  readonly #files: Files
  readonly #tally: Tally
  readonly #atHand: AtHand
  readonly #queue: WriteQueue
  /** the last move of each announcement that is not written, by `Ids.record`; and how many moves of each key are not */
  readonly #unwritten = new Map<number, Unwritten>()
  readonly #unwrittenOfKey = new Map<number, number>()
  /** those whose last write has failed, by `Ids.record` */
  readonly #doubtful = new Map<number, Ids>()

  constructor (datastore: Datastore, files: Files, tally: Tally, atHand: AtHand, options: WriteQueueOptions) {
    this.#files = files
    this.#tally = tally
    this.#atHand = atHand
    this.#queue = new WriteQueue(datastore, options)
  }

  /** Moves that are not written. */
  get waiting (): number {
    return this.#queue.size
  }

  /** Resolves when all that was changed so far is written, or has failed to be. */
  async written (): Promise<void> {
    await this.#queue.written()
  }

  /** Undefined while there is room for more changes; else resolves when there is. */
  room (): Promise<void> | undefined {
    return this.#queue.room()
  }

  isUnwritten ({ record }: Ids): boolean {
    return this.#unwritten.has(record)
  }

  /** Whether its last write has failed: what the disk has of it, nobody knows. */
  isDoubtful ({ record }: Ids): boolean {
    return this.#doubtful.has(record)
  }

  /** After all that is due was read: what is counted at a place that has no entries any more is not there. */
  forgetLost (now: number): void {
    for (const [record, ids] of this.#doubtful) {
      const place = this.#tally.place(ids)

      if (place == null || (isDue(place, now) && this.#tally.entriesAt(place) === 0)) {
        this.#tally.set(ids, undefined)
        this.#doubtful.delete(record)
      }
    }
  }

  /** By `Ids.key`. */
  isKeyUnwritten (key: number): boolean {
    return this.#unwrittenOfKey.has(key)
  }

  /** How many of the index's entries at the place are not written, or more. */
  unwrittenAt (place: Place): number {
    return [...this.#unwritten.values()].filter(({ move }) => move.after === place).length
  }

  /** Makes moves that belong together. `done` is called when they are written or, with an error, are taken back. Hot. */
  make (moves: readonly Move[], done?: (error?: Error) => void): void {
    const writes: Write[] = []
    const unwritten = moves.map(move => {
      // one's own is deleted wherever it may stand: where it was is what was counted
      const before = this.#tally.isComplete ? this.#tally.place(move.ids) : move.before
      this.#note(move)
      this.#addWrites(move, writes)

      return this.#remember(move, before)
    })

    this.#queue.add({
      writes,
      done: error => {
        unwritten.forEach(one => { this.#settle(one, error) })
        done?.(error)
      }
    })
  }

  #remember (move: Move, before: Place | undefined): Unwritten {
    const { record, key } = move.ids
    const unwritten = { move, previous: this.#unwritten.get(record), before, failed: false }
    this.#unwritten.set(record, unwritten)
    this.#unwrittenOfKey.set(key, (this.#unwrittenOfKey.get(key) ?? 0) + 1)

    return unwritten
  }

  #note ({ ids, name, id, before, after, record, announcement }: Move): void {
    const counted = this.#tally.place(ids)
    const isFirst = this.#tally.isComplete && this.#tally.ofKey(ids.key) === 0
    this.#tally.set(ids, after)

    // one that was not counted must not be taken for another that was
    if (before != null && before !== after && before === counted) {
      this.#tally.removeEntries(before)
    }

    // while not all is counted, its entry may be there and not have been
    if (after != null && (before !== after || counted == null)) {
      this.#tally.addEntry(after)
    }

    if (record !== 'kept') {
      this.#atHand.change(name, id, announcement, isFirst)
    }
  }

  #addWrites ({ ids, before, after, tail, record }: Move, writes: Write[]): void {
    // the entry of one that is not written yet may never be
    if (after != null && (after !== before || after === OWN || this.isUnwritten(ids) || this.isDoubtful(ids))) {
      writes.push({ key: this.#files.entryKey(after, tail), value: NOTHING })
    }

    if (record !== 'kept') {
      writes.push({ key: this.#files.recordKey(tail), value: record === 'deleted' ? undefined : record })
    }

    if (before != null && before !== after) {
      // also behind what the next move of the same record does in this batch: that may delete it
      writes.push({ key: this.#files.entryKey(before, tail), isLast: true })
    }
  }

  #settle (unwritten: Unwritten, error?: Error): void {
    const { move: { ids: { record, key } }, previous } = unwritten
    const isLast = this.#unwritten.get(record) === unwritten
    const count = this.#unwrittenOfKey.get(key) ?? 1
    count > 1 ? this.#unwrittenOfKey.set(key, count - 1) : this.#unwrittenOfKey.delete(key)

    if (isLast) {
      this.#unwritten.delete(record)
    }

    if (previous?.failed === true) {
      unwritten.before = previous.before
    }

    // or each would keep all before it
    unwritten.previous = undefined

    if (error != null) {
      unwritten.failed = true
      this.#takeBack(unwritten, isLast)
    }

    // one that is counted nowhere is taken for new whatever the disk has: newcomers that can't be written are not kept here
    if (error == null || this.#tally.place(unwritten.move.ids) == null) {
      this.#doubtful.delete(record)
    } else {
      this.#doubtful.set(record, unwritten.move.ids)
    }
  }

  /** What of it the disk has, nobody knows: either entry may be there, and so both are looked at when they are due. */
  #takeBack ({ move, before }: Unwritten, isLast: boolean): void {
    if (move.before != null && move.before !== move.after) {
      this.#tally.addEntry(move.before)
    }

    // what is kept is there, whatever the index says
    if (isLast && move.record !== 'kept') {
      this.#tally.set(move.ids, before)
    }

    this.#atHand.forget(move.name)
  }
}
