// Where values and their markers stand in the datastore, and the order in which they are written. Where a datastore writes a batch
// as one, as LevelDB does, there is nothing between two writes; others may be stopped there. So a marker is there before its value
// and goes after it: a value of others' without one would be taken for the node's own, and stay for ever. A marker without a value
// does no harm: it goes when it expires, or when the value is asked for.

import { Key } from 'interface-datastore/key'
import { decodeRecord, encodeRecord } from '../../wire/record.ts'
import { encodeMarker } from './marker.ts'
import type { Marker } from './marker.ts'
import type { ValueRecord } from '../../wire/record.ts'
import type { AbortOptions } from '@libp2p/interface'
import type { Datastore } from 'interface-datastore'

export interface RecordFilesOptions {
  /** of the values' keys in the datastore */
  prefix: string
  /** of the keys that mark which values are held for others */
  receivedPrefix: string
}

/** Writes take no signal: whether one that was given up has been made, nobody could tell. */
export class RecordFiles {
  readonly #datastore: Datastore
  readonly #options: RecordFilesOptions

  constructor (datastore: Datastore, options: RecordFilesOptions) {
    this.#datastore = datastore
    this.#options = options
  }

  /** Undefined when there is none, or it can't be read. */
  async record (name: string, options?: AbortOptions): Promise<ValueRecord | undefined> {
    const bytes = await this.#read(this.#recordKey(name), options)

    try {
      return bytes == null ? undefined : decodeRecord(bytes)
    } catch {
      // it is of no use to anyone: the next change or collection replaces it
    }
  }

  /** Undefined when the value is not held for others. */
  async marker (name: string, options?: AbortOptions): Promise<Uint8Array | undefined> {
    return this.#read(this.#markerKey(name), options)
  }

  /** All there are. */
  async * markers (options?: AbortOptions): AsyncGenerator<{ name: string, marker: Uint8Array }> {
    const prefix = `${this.#options.receivedPrefix}/`

    for await (const { key, value } of this.#datastore.query({ prefix }, options)) {
      options?.signal?.throwIfAborted()
      yield { name: key.toString().slice(prefix.length), marker: value }
    }
  }

  /** Writes a value that is held for others, in the place of what has that marker, if anything. */
  async writeReceived (name: string, record: ValueRecord, marker: Marker, before?: Marker): Promise<void> {
    const batch = this.#datastore.batch()
    const putMarker = (): void => { batch.put(this.#markerKey(name), encodeMarker(marker)) }
    const markerLast = before != null && before.until < marker.until

    // stopped in between, the value before must not get the later end of this one
    if (!markerLast) {
      putMarker()
    }

    batch.put(this.#recordKey(name), encodeRecord(record))

    if (markerLast) {
      putMarker()
    }

    await batch.commit()
  }

  async writeMarker (name: string, marker: Marker): Promise<void> {
    await this.#datastore.put(this.#markerKey(name), encodeMarker(marker))
  }

  /** Writes a value of the node's own. */
  async writeOwn (name: string, record: ValueRecord, wasReceived: boolean): Promise<void> {
    const batch = this.#datastore.batch()
    batch.put(this.#recordKey(name), encodeRecord(record))

    if (wasReceived) {
      batch.delete(this.#markerKey(name))
    }

    await batch.commit()
  }

  /** Deletes a value that is held for others. */
  async delete (name: string): Promise<void> {
    const batch = this.#datastore.batch()
    batch.delete(this.#recordKey(name))
    batch.delete(this.#markerKey(name))
    await batch.commit()
  }

  async #read (key: Key, options?: AbortOptions): Promise<Uint8Array | undefined> {
    try {
      return await this.#datastore.get(key, options)
    } catch (error: any) {
      if (error.name !== 'NotFoundError') {
        throw error
      }
    }
  }

  #recordKey (name: string): Key {
    return new Key(`${this.#options.prefix}/${name}`, false)
  }

  #markerKey (name: string): Key {
    return new Key(`${this.#options.receivedPrefix}/${name}`, false)
  }
}
