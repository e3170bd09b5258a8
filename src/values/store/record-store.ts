// The values that this node holds, in libp2p's datastore, where @libp2p/kad-dht keeps them too. They expire; those held for
// others are deleted when their time has come, not when somebody asks, or when values of more use need their place. The node's
// own, and what other software keeps beside them (Helia its IPNS records), are never deleted: a marker says which are others'.

import { equals as uint8ArrayEquals } from 'uint8arrays/equals'
import { OneByOne } from '../../query/one-by-one.ts'
import { nameOf } from '../record-name.ts'
import { endOf } from './marker.ts'
import { publisherGroup } from './publisher-group.ts'
import { ReceivedRecords } from './received-records.ts'
import { RecordFiles } from './record-files.ts'
import type { Evicted } from './make-room.ts'
import type { Marker } from './marker.ts'
import type { HeldForOthers, ReceivedRecordsOptions } from './received-records.ts'
import type { RecordFilesOptions } from './record-files.ts'
import type { ValueRecord } from '../../wire/record.ts'
import type { AbortOptions } from '@libp2p/interface'
import type { Datastore } from 'interface-datastore'

export interface RecordStoreOptions extends RecordFilesOptions, ReceivedRecordsOptions {}

/** A record as this node holds it. */
export interface HeldRecord extends ValueRecord {
  /**
   * When it ends whatever happens, unix ms; undefined for no such end. The same value again never ends later. Of others' values
   * it is kept in the datastore, of one's own in memory, for that such a value has ended its validator says too
   */
  readonly expires?: number
}

export interface UpdateOptions extends AbortOptions {
  /** the value is held for others, unless it is the node's own already: it may be refused or have to go for want of a place, and is deleted when it has expired */
  received?: boolean
  /** the value is the node's own from now on, even if it was held for others */
  own?: boolean
  /** the id of the peer that sent it: the first one counts for the limit of a publisher's values */
  from?: string
}

/** What a change has stored, and what has to go for it. */
interface Change {
  record: HeldRecord
  evicted: Evicted[]
}

export class RecordStore {
  readonly #files: RecordFiles
  readonly #received: ReceivedRecords
  readonly #maxAge: number
  readonly #changes = new OneByOne()
  /** of one's own values, by name */
  readonly #ownEnds = new Map<string, number>()

  constructor (datastore: Datastore, options: RecordStoreOptions) {
    this.#files = new RecordFiles(datastore, options)
    this.#received = new ReceivedRecords(this.#files, this.#changes, options)
    this.#maxAge = options.maxAge
  }

  /** How many values are held for others, as far as is known: all when they are loaded. */
  get size (): number {
    return this.#received.size
  }

  /** How many bytes these values have. */
  get bytes (): number {
    return this.#received.bytes
  }

  /**
   * Reads which values are held for others. Until it has, the limits hold for those that are known. No effect when it has; a
   * collection does it first.
   */
  async load (options?: AbortOptions): Promise<void> {
    await this.#received.load(options)
  }

  /** Deletes what is held for others and has expired, or is over the limits. It knows which, and reads no values. */
  async collect (options?: AbortOptions): Promise<void> {
    await this.#received.collect(options)
  }

  /** What is stored under the key, whether or not it has expired: what this node publishes is stored for as long as it is published. */
  async kept (key: Uint8Array, options?: AbortOptions): Promise<ValueRecord | undefined> {
    return this.#files.record(nameOf(key), options)
  }

  /** When somebody else sent the value last, unix ms; undefined when it is not held for others, or not known yet. */
  receivedAt (key: Uint8Array): number | undefined {
    return this.#received.peek(nameOf(key))?.received
  }

  /** When a record ends, held from its time on, unix ms. */
  endOf (record: HeldRecord): number {
    return Math.min(endOf(record, this.#maxAge), record.expires ?? Infinity)
  }

  /** What is held for others and has not expired. It is known, and nothing is read; some may be gone when it is asked for. */
  held (options?: AbortOptions): AsyncIterable<HeldForOthers> {
    return this.#received.all(options)
  }

  /** The record held under the key; undefined when there is none, it has expired, or it can't be read. */
  async get (key: Uint8Array, options?: AbortOptions): Promise<HeldRecord | undefined> {
    const name = nameOf(key)
    const record = await this.#files.record(name, options)
    const known = this.#received.peek(name)

    // a write was cut short once, or other software has been here
    if (known != null && known.bytes !== record?.value.byteLength) {
      await this.#changes.run(name, async () => this.#received.recount(name))
    }

    return record == null ? undefined : this.#valid(record, this.#untilOf(name, await this.#received.find(name, record, options)))
  }

  /**
   * Compares and stores as one step: `decide` is given what is held and returns what is to be held, or throws. When it returns the very
   * record that it was given, nothing changes. Changes of
   * the same key wait for each other, so that of two racing ones the older does not stay.
   *
   * @throws {StoreFullError} when it is held for others and there is no place, for all that could go for it is of more use
   */
  async update (key: Uint8Array, decide: (held: HeldRecord | undefined) => Promise<HeldRecord>, options: UpdateOptions = {}): Promise<HeldRecord> {
    const name = nameOf(key)
    const { record, evicted } = await this.#changes.run(name, async () => this.#change(name, decide, options))

    // it is stored; what can't be deleted now, the next change or collection will delete
    await this.#received.delete(evicted).catch(() => {})

    return record
  }

  async #change (name: string, decide: (held: HeldRecord | undefined) => Promise<HeldRecord>, options: UpdateOptions): Promise<Change> {
    const found = await this.#files.record(name, options)
    const before = await this.#received.find(name, found, options)
    const untilBefore = this.#untilOf(name, before)
    const held = found == null ? undefined : this.#valid(found, untilBefore)
    const record = await decide(held)
    options.signal?.throwIfAborted()

    // what came was worse: nobody has brought this one again, and it is nobody else's now
    if (record === held) {
      return { record, evicted: [] }
    }

    const isSame = found != null && uint8ArrayEquals(found.value, record.value)
    const until = Math.min(record.expires ?? Infinity, isSame ? untilBefore : Infinity)
    const isReceived = options.own !== true && (found == null ? options.received === true : before != null)

    try {
      const evicted = isReceived
        ? await this.#received.put(name, record, this.#markerOf(record, until, before, options), before)
        : await this.#putOwn(name, record, until, before != null)

      return { record: ending(record, until), evicted }
    } catch (error: any) {
      if (error.name !== 'StoreFullError') {
        // where that fails too, it counts as stored until it expires
        await this.#received.recount(name).catch(() => {})
      }

      throw error
    }
  }

  async #putOwn (name: string, record: HeldRecord, until: number, wasReceived: boolean): Promise<Evicted[]> {
    await this.#files.writeOwn(name, record, wasReceived)
    this.#received.release(name)

    if (until === Infinity) {
      this.#ownEnds.delete(name)
    } else {
      this.#ownEnds.set(name, until)
    }

    return []
  }

  #markerOf (record: HeldRecord, until: number, before: Marker | undefined, { received, from }: UpdateOptions): Marker {
    return {
      expires: Math.min(endOf(record, this.#maxAge), until),
      until,
      received: before == null || received === true ? Date.now() : before.received,
      bytes: record.value.byteLength,
      publisher: publisherGroup(record) || before?.publisher || publisherGroup(record, from)
    }
  }

  #untilOf (name: string, received: Marker | undefined): number {
    return received?.until ?? this.#ownEnds.get(name) ?? Infinity
  }

  #valid (record: ValueRecord, until: number): HeldRecord | undefined {
    return Date.now() < Math.min(endOf(record, this.#maxAge), until) ? ending(record, until) : undefined
  }
}

function ending (record: ValueRecord, until: number): HeldRecord {
  return until === Infinity ? record : { ...record, expires: until }
}
