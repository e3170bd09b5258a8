// The values held for others: which there are, which have to go, and when. Deletions are changes of their keys like any other, and
// wait for their turn; meanwhile what is to be deleted has left the index already, and what is stored again stays.

import { paced, PIECE, turn } from '../../query/paced.ts'
import { isName, keyNamed } from '../record-name.ts'
import { makeRoom, surplus } from './make-room.ts'
import { decodeMarker, markerOf } from './marker.ts'
import { distanceOf, ReceivedIndex } from './received-index.ts'
import type { Evicted, EvictionReason, ReceivedLimits } from './make-room.ts'
import type { Marker } from './marker.ts'
import type { Received } from './received-index.ts'
import type { RecordFiles } from './record-files.ts'
import type { Key } from '../../kademlia/key.ts'
import type { OneByOne } from '../../query/one-by-one.ts'
import type { ValueRecord } from '../../wire/record.ts'
import type { AbortOptions } from '@libp2p/interface'

/** Limits that are not given are none. */
export interface ReceivedRecordsOptions extends Partial<ReceivedLimits> {
  /** this node's place: values far from it go before near ones */
  self: Key
  /** how long a value is held, ms; its own end or time to live may end it earlier */
  maxAge: number
  /** a value has been deleted before its time, for a limit */
  onEvicted? (key: Uint8Array, reason: EvictionReason): void
}

/** A value that is held for others. */
export interface HeldForOthers {
  key: Uint8Array
  /** when somebody else sent it last, unix ms */
  receivedAt: number
  /** unix ms */
  expires: number
}

const NOTHING = new Uint8Array(0)

export class ReceivedRecords {
  readonly #files: RecordFiles
  readonly #changes: OneByOne
  readonly #options: ReceivedRecordsOptions
  readonly #limits: ReceivedLimits
  readonly #index = new ReceivedIndex()
  /** what is to be deleted */
  readonly #leaving = new Map<string, Received>()
  /** names that have left the index while markers are being read, which may still have them; undefined when all have been read */
  #left?: Set<string> = new Set()
  #loading?: Promise<void>

  constructor (files: RecordFiles, changes: OneByOne, options: ReceivedRecordsOptions) {
    this.#files = files
    this.#changes = changes
    this.#options = options
    this.#limits = { maxRecords: Infinity, maxBytes: Infinity, maxPerPublisher: Infinity, ...options }
  }

  /** How many there are, as far as is known: all when they are loaded. */
  get size (): number {
    return this.#index.size
  }

  /** How many bytes their values have. */
  get bytes (): number {
    return this.#index.bytes
  }

  /** Reads all markers, once; no effect when it has. */
  async load (options?: AbortOptions): Promise<void> {
    if (this.#left != null) {
      this.#loading ??= this.#load(options).finally(() => { this.#loading = undefined })
      await this.#loading
    }
  }

  /** Deletes what has expired or is over the limits. */
  async collect (options?: AbortOptions): Promise<void> {
    await this.load(options)
    let batch: Evicted[] = []

    for (const evicted of surplus(this.#index, this.#limits, Date.now())) {
      this.#leave(evicted)
      batch.push(evicted)

      if (batch.length === PIECE) {
        await this.delete(batch)
        await turn(options)
        batch = []
      }
    }

    await this.delete(batch)
  }

  /** What has not expired. */
  async * all (options?: AbortOptions): AsyncGenerator<HeldForOthers> {
    await this.load(options)

    for await (const name of paced(this.#index.names(), options)) {
      const record = this.#index.get(name)

      if (record != null && record.expires > Date.now()) {
        yield { key: keyNamed(name), receivedAt: record.received, expires: record.expires }
      }
    }
  }

  /** What is known of the one of that name, at once. */
  peek (name: string): Received | undefined {
    return this.#index.get(name) ?? this.#leaving.get(name)
  }

  /** The same; until all markers are read, its own may have to be. Undefined when it is not held for others. */
  async find (name: string, record: ValueRecord | undefined, options?: AbortOptions): Promise<Received | undefined> {
    const found = this.peek(name)

    if (found != null || !this.#isUnknown(name)) {
      return found
    }

    const marker = await this.#files.marker(name, options)

    if (marker != null) {
      return this.#toReceived(name, decodeMarker(marker) ?? this.#guess(record ?? { key: keyNamed(name), value: NOTHING }))
    }
  }

  /**
   * Stores a value. Resolves with what had to leave for it, which is to be deleted.
   *
   * @throws {StoreFullError} when all that could leave is of more use
   */
  async put (name: string, record: ValueRecord, marker: Marker, before?: Marker): Promise<Evicted[]> {
    const evicted = makeRoom(this.#index, this.#toReceived(name, marker), this.#limits, Date.now())
    this.#leaving.delete(name)
    evicted.forEach(one => { this.#leave(one) })

    try {
      await this.#files.writeReceived(name, record, marker, before)
    } catch (error) {
      evicted.forEach(one => { this.#stay(one) })
      throw error
    }

    return evicted
  }

  /** It is the node's own now. */
  release (name: string): void {
    this.#left?.add(name)
    this.#index.remove(name)
    this.#leaving.delete(name)
  }

  /** Deletes what has left, unless it was stored again meanwhile. What can't be deleted comes back, and has to leave another time. */
  async delete (evicted: Evicted[]): Promise<void> {
    const deletions = evicted.map(async one => this.#changes.run(one.record.name, async () => this.#delete(one)))

    // those that fail keep nobody from waiting for the others
    await Promise.allSettled(deletions)
    await Promise.all(deletions)
  }

  /**
   * Looks into the datastore for what there is of the name: nobody knows after a write that failed, and a marker may be of
   * another version, or without a value. As a change of the name, in its turn. What was to be deleted has to leave another time.
   */
  async recount (name: string): Promise<void> {
    const marker = await this.#files.marker(name)
    const record = await this.#files.record(name)

    if (marker != null && record == null) {
      await this.#files.delete(name)
    }

    this.release(name)

    if (marker != null && record != null) {
      const decoded = decodeMarker(marker)
      const received = this.#toReceived(name, { ...decoded ?? this.#guess(record), bytes: record.value.byteLength })
      this.#index.add(received)

      if (decoded?.bytes !== received.bytes) {
        // where that fails, it is done again after the next start
        await this.#files.writeMarker(name, received).catch(() => {})
      }
    }
  }

  async #load (options?: AbortOptions): Promise<void> {
    /** those that a version before has written, which say nothing */
    const silent: string[] = []

    for await (const { name, marker } of paced(this.#files.markers(options), options)) {
      const decoded = decodeMarker(marker)

      if (decoded == null) {
        silent.push(name)
      } else if (this.#isUnknown(name)) {
        this.#index.add(this.#toReceived(name, decoded))
      }
    }

    for await (const name of paced(silent, options)) {
      await this.#changes.run(name, async () => this.#isUnknown(name) ? this.recount(name) : undefined)
    }

    this.#left = undefined
  }

  async #delete (evicted: Evicted): Promise<void> {
    const { record: { name }, record, reason } = evicted

    if (this.#leaving.get(name) !== record) {
      return
    }

    try {
      await this.#files.delete(name)
    } catch (error) {
      this.#stay(evicted)
      throw error
    }

    this.#leaving.delete(name)

    if (reason != null) {
      this.#options.onEvicted?.(keyNamed(name), reason)
    }
  }

  #leave ({ record }: Evicted): void {
    this.#left?.add(record.name)
    this.#leaving.set(record.name, record)
  }

  #stay ({ record }: Evicted): void {
    if (this.#leaving.get(record.name) === record) {
      this.#leaving.delete(record.name)
      this.#index.add(record)
    }
  }

  /** Whether there may be a marker that has not been read yet. */
  #isUnknown (name: string): boolean {
    return this.#left?.has(name) === false && this.#index.get(name) == null && isName(name)
  }

  #guess (record: ValueRecord): Marker {
    return markerOf(record, this.#options.maxAge)
  }

  #toReceived (name: string, { expires, until, received, bytes, publisher }: Marker): Received {
    return { name, expires, until, received, bytes, publisher, distance: distanceOf(keyNamed(name), this.#options.self), at: 0 }
  }
}
