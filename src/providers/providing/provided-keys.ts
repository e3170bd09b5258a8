// The keys that this node provides, in the datastore: under `<prefix>/<the first three hexadecimal digits of its key>/<29 more>` when it was last announced,
// and its multihash. In the order of the key space, so that those that live together are read together; a change of a few keys is one batch, and the next one begins
// when it is written, so that what was taken out does not come back.

import { Key as DatastoreKey } from 'interface-datastore/key'
import * as varint from 'uint8-varint'
import { concat as uint8ArrayConcat } from 'uint8arrays/concat'
import { toString as uint8ArrayToString } from 'uint8arrays/to-string'
import { compareKeys, keyBytes, keyOf } from '../../kademlia/key.ts'
import { OneByOne } from '../../query/one-by-one.ts'
import { paced } from '../../query/paced.ts'
import { CELL_DIGITS, cellOf, Cells, CELLS } from './cells.ts'
import type { Block } from './cells.ts'
import type { Key } from '../../kademlia/key.ts'
import type { AbortOptions } from '@libp2p/interface'
import type { Datastore } from 'interface-datastore'

/** Bytes of a key that name it in the datastore: to find another one with the same takes 2^64 attempts. */
const NAME_BYTES = 16

/** Where a walk over all keys would be needed to know whether they are all there, it is noted that one was made. */
const COMPLETE = 'complete'

export interface ProvidedKey {
  multihash: Uint8Array
  key: Key
  /** when it was last announced, unix ms; 0 for never */
  announcedAt: number
  /** it was taken out of the set since it was read: nobody is to be told of it */
  removed?: boolean
}

export class ProvidedKeys {
  /** What is known of them at hand; nothing before they are loaded, and a part while they are. */
  readonly cells = new Cells()
  readonly #datastore: Datastore
  readonly #prefix: string
  readonly #changes = new OneByOne()
  /** those that were read last, by their names: whoever works on them is to hear what is removed */
  #read = new Map<string, ProvidedKey>()
  #loading?: Promise<void>
  /** the first cell that is not counted yet: what changes there is counted with all others */
  #counted = 0

  /** `prefix`: of the datastore's keys */
  constructor (datastore: Datastore, prefix: string) {
    this.#datastore = datastore
    this.#prefix = prefix
  }

  /**
   * Counts what is there, once, in short pieces; changes wait for a sixteenth of it at the most, but the first time. `earlier`: what this node provided when the set was not kept apart; taken in
   * the first time. When it fails it may be called again.
   */
  async load (earlier: AsyncIterable<{ multihash: Uint8Array, announcedAt: number }>, options?: AbortOptions): Promise<void> {
    this.#loading ??= this.#load(earlier, options).catch(error => {
      this.#loading = undefined
      // a part of it says nothing of when the next is due
      this.#counted = 0
      this.cells.clear()
      throw error
    })

    return this.#loading
  }

  /** Returns which of them were not in the set. */
  async add (multihashes: readonly Uint8Array[], options?: AbortOptions): Promise<Uint8Array[]> {
    return this.#changes.run('', async () => {
      const batch = this.#datastore.batch()
      const added = new Map<string, ProvidedKey>()

      for (const multihash of multihashes) {
        const name = nameOf(keyOf(multihash))

        if (!added.has(name) && await this.#get(name, options) == null) {
          const key = { multihash, key: keyOf(multihash), announcedAt: 0 }
          added.set(name, key)
          batch.put(this.#key(name), encode(key))
        }
      }

      await batch.commit()
      this.#counts([...added.values()]).forEach(({ key }) => { this.cells.add(cellOf(key), 0) })

      return [...added.values()].map(({ multihash }) => multihash)
    })
  }

  /** No effect on those that are not in the set. */
  async remove (multihashes: readonly Uint8Array[], options?: AbortOptions): Promise<void> {
    await this.#changes.run('', async () => {
      const batch = this.#datastore.batch()
      const removed = new Map<string, ProvidedKey>()

      for (const multihash of multihashes) {
        const name = nameOf(keyOf(multihash))
        const known = await this.#get(name, options)

        if (known != null) {
          removed.set(name, known)
          batch.delete(this.#key(name))
        }
      }

      await batch.commit()
      this.#counts([...removed.values()]).forEach(({ key, announcedAt }) => { this.cells.remove(cellOf(key), announcedAt) })

      for (const name of removed.keys()) {
        const read = this.#read.get(name)

        if (read != null) {
          read.removed = true
        }
      }
    })
  }

  /** They were announced then. No effect on those that are not in the set any more. */
  async announced (keys: readonly ProvidedKey[], announcedAt: number): Promise<void> {
    await this.#changes.run('', async () => {
      const batch = this.#datastore.batch()
      const changed = new Map<string, ProvidedKey>()

      for (const { key } of keys) {
        const name = nameOf(key)
        const known = await this.#get(name)

        if (known != null) {
          changed.set(name, known)
          batch.put(this.#key(name), encode({ ...known, announcedAt }))
        }
      }

      await batch.commit()
      // all are taken out first: what is left of a cell tells when its oldest was announced
      const counted = this.#counts([...changed.values()])
      counted.forEach(before => { this.cells.remove(cellOf(before.key), before.announcedAt) })
      counted.forEach(({ key }) => { this.cells.add(cellOf(key), announcedAt) })
    })
  }

  async has (multihash: Uint8Array, options?: AbortOptions): Promise<boolean> {
    return await this.#get(nameOf(keyOf(multihash)), options) != null
  }

  /** Those of a block, in the order of the key space; until the next are read, those that are removed meanwhile say so. */
  async read (block: Block, options?: AbortOptions): Promise<ProvidedKey[]> {
    return this.#changes.run('', async () => {
      const keys: ProvidedKey[] = []
      await this.#count(block, key => { keys.push(key) }, options)
      this.#read = new Map(keys.map(key => [nameOf(key.key), key]))

      return keys.sort((a, b) => compareKeys(a.key, b.key))
    })
  }

  /** Nobody works on those that were read last any more. */
  release (): void {
    this.#read.clear()
  }

  /** All of them, in no order. */
  all (options?: AbortOptions): AsyncIterable<ProvidedKey> {
    return this.#query('', options)
  }

  async #load (earlier: AsyncIterable<{ multihash: Uint8Array, announcedAt: number }>, options?: AbortOptions): Promise<void> {
    await this.#changes.run('', async () => this.#adopt(earlier, options))

    for (const digits of '0123456789abcdef') {
      const from = this.#counted
      const to = from + CELLS / 16

      await this.#changes.run('', async () => {
        await this.#count({ digits, from, to }, () => {}, options)
        this.#counted = to
      })
    }
  }

  /** Takes in what this node provided when the set was not kept apart, once. */
  async #adopt (earlier: AsyncIterable<{ multihash: Uint8Array, announcedAt: number }>, options?: AbortOptions): Promise<void> {
    const complete = this.#key(COMPLETE)

    if (await this.#datastore.has(complete, options)) {
      return
    }

    for await (const { multihash, announcedAt } of earlier) {
      const key = { multihash, key: keyOf(multihash), announcedAt }

      // those that were added meanwhile may have been announced since
      if (await this.#get(nameOf(key.key), options) == null) {
        await this.#datastore.put(this.#key(nameOf(key.key)), encode(key))
      }
    }

    await this.#datastore.put(complete, new Uint8Array())
  }

  /** Reads those of a block, and counts them anew. */
  async #count ({ digits, from, to }: Block, onKey: (key: ProvidedKey) => void, options?: AbortOptions): Promise<void> {
    const times = Array.from({ length: to - from }, (): number[] => [])

    for await (const key of this.#query(digits, options)) {
      onKey(key)
      times[cellOf(key.key) - from].push(key.announcedAt)
    }

    times.forEach((times, i) => { this.cells.refresh(from + i, times) })
  }

  /** Those of them that are in cells that are counted. */
  #counts (keys: ProvidedKey[]): ProvidedKey[] {
    return keys.filter(({ key }) => cellOf(key) < this.#counted)
  }

  async * #query (digits: string, options?: AbortOptions): AsyncGenerator<ProvidedKey> {
    // whole cells are folders, and their names begin with fewer digits
    const prefix = `${this.#prefix}/${digits}${digits.length === CELL_DIGITS ? '/' : ''}`

    for await (const { key: name, value } of paced(this.#datastore.query({ prefix }, options), options)) {
      const key = decode(value)

      // one that lies elsewhere than it should is damaged
      if (key != null && name.toString() === `${this.#prefix}/${nameOf(key.key)}`) {
        yield key
      }
    }
  }

  async #get (name: string, options?: AbortOptions): Promise<ProvidedKey | undefined> {
    try {
      const key = decode(await this.#datastore.get(this.#key(name), options))

      return key != null && nameOf(key.key) === name ? key : undefined
    } catch (error: any) {
      if (error.name !== 'NotFoundError') {
        throw error
      }
    }
  }

  #key (name: string): DatastoreKey {
    return new DatastoreKey(`${this.#prefix}/${name}`, false)
  }
}

/** How a key is written in the datastore. */
function nameOf (key: Key): string {
  const digits = uint8ArrayToString(keyBytes(key).subarray(0, NAME_BYTES), 'base16')

  return `${digits.slice(0, CELL_DIGITS)}/${digits.slice(CELL_DIGITS)}`
}

function encode ({ announcedAt, multihash }: ProvidedKey): Uint8Array {
  return uint8ArrayConcat([varint.encode(announcedAt), multihash])
}

/** Undefined for what is none of ours, or damaged. */
function decode (bytes: Uint8Array): ProvidedKey | undefined {
  try {
    const announcedAt = varint.decode(bytes)
    const multihash = bytes.slice(varint.encodingLength(announcedAt))

    return multihash.byteLength === 0 ? undefined : { multihash, key: keyOf(multihash), announcedAt }
  } catch {
    // it is announced no more, as if it were not there
  }
}
