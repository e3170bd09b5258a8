// What a datastore has of values, read the simple way; and datastores that count, fail, and lose their power.

import { BaseDatastore, MemoryDatastore } from 'datastore-core'
import { Key } from 'interface-datastore/key'
import { toString as uint8ArrayToString } from 'uint8arrays/to-string'
import { commonPrefixLength, keyOf } from '../../src/kademlia/key.ts'
import { decodeRecord } from '../../src/wire/record.ts'
import { bytes } from './content.ts'
import type { ValueRecord } from '../../src/wire/record.ts'
import type { AbortOptions } from '@libp2p/interface'
import type { Batch, Datastore, KeyQuery, Pair, Query } from 'interface-datastore'

/** The node that holds the values. */
export const SELF = keyOf(bytes('the holder'))

export const PREFIX = '/dht/record'
export const RECEIVED_PREFIX = '/dht/received'

export interface Stored {
  /** with a marker, by name */
  received: Map<string, ValueRecord>
  /** without one, by name */
  own: Map<string, ValueRecord>
  /** the names of markers that have no value */
  empty: string[]
  /** of the values with a marker */
  bytes: number
}

export function recordKey (key: Uint8Array): Key {
  return new Key(`${PREFIX}/${uint8ArrayToString(key, 'base32')}`)
}

export function markerKey (key: Uint8Array): Key {
  return new Key(`${RECEIVED_PREFIX}/${uint8ArrayToString(key, 'base32')}`)
}

/** A key that has exactly so many leading bits in common with the holder. */
export function keyInBucket (commonBits: number, name: string): Uint8Array {
  for (let i = 0; ; i++) {
    const key = bytes(`/test/${name}-${i}`)

    if (commonPrefixLength(keyOf(key), SELF) === commonBits) {
      return key
    }
  }
}

export async function keysIn (datastore: Datastore): Promise<string[]> {
  const keys = []

  for await (const key of datastore.queryKeys({})) {
    keys.push(key.toString())
  }

  return keys
}

/** All that is there. */
export async function readStored (datastore: Datastore): Promise<Stored> {
  const records = new Map<string, ValueRecord>()
  const markers = new Set<string>()

  for await (const { key, value } of datastore.query({})) {
    const [, , kind, name] = key.toString().split('/')
    kind === 'record' ? records.set(name, decodeRecord(value)) : markers.add(name)
  }

  const received = new Map([...records].filter(([name]) => markers.has(name)))

  return {
    received,
    own: new Map([...records].filter(([name]) => !markers.has(name))),
    empty: [...markers].filter(name => !records.has(name)),
    bytes: [...received.values()].reduce((sum, { value }) => sum + value.byteLength, 0)
  }
}

/** What a datastore is asked to do. */
export type Operation = 'get' | 'put' | 'delete' | 'query' | 'next'

/** In memory; does before each operation what it is told, which may be to throw or to wait. A batch is so many single writes. */
export class WatchedDatastore extends BaseDatastore {
  /** may be exchanged at any time */
  before: (operation: Operation, key: string) => void | Promise<void>
  readonly memory: MemoryDatastore

  constructor (before: WatchedDatastore['before'] = () => {}, memory = new MemoryDatastore()) {
    super()
    this.before = before
    this.memory = memory
  }

  override async put (key: Key, value: Uint8Array, options?: AbortOptions): Promise<Key> {
    await this.before('put', key.toString())

    return this.memory.put(key, value, options)
  }

  override async get (key: Key, options?: AbortOptions): Promise<Uint8Array> {
    await this.before('get', key.toString())

    return this.memory.get(key, options)
  }

  override async has (key: Key, options?: AbortOptions): Promise<boolean> {
    await this.before('get', key.toString())

    return this.memory.has(key, options)
  }

  override async delete (key: Key, options?: AbortOptions): Promise<void> {
    await this.before('delete', key.toString())
    this.memory.delete(key, options)
  }

  override async * query (query: Query, options?: AbortOptions): AsyncGenerator<Pair> {
    await this.before('query', query.prefix ?? '')

    // what it had when it was asked, as LevelDB
    for (const pair of [...this.memory.query(query, options) as Generator<Pair>]) {
      await this.before('next', pair.key.toString())
      yield pair
    }
  }

  override async * queryKeys (query: KeyQuery, options?: AbortOptions): AsyncGenerator<Key> {
    await this.before('query', query.prefix ?? '')

    for (const key of [...this.memory.queryKeys(query, options) as Generator<Key>]) {
      await this.before('next', key.toString())
      yield key
    }
  }

  /** As LevelDB: all or nothing, in one step, if it is told so. */
  batchAsOne (): void {
    this.batch = (): Batch => {
      const writes: Array<() => void> = []
      const names: Array<[Operation, string]> = []

      return {
        put: (key, value) => {
          names.push(['put', key.toString()])
          writes.push(() => { this.memory.put(key, value) })
        },
        delete: key => {
          names.push(['delete', key.toString()])
          writes.push(() => { this.memory.delete(key) })
        },
        commit: async () => {
          for (const [operation, name] of names) {
            await this.before(operation, name)
          }

          writes.forEach(write => { write() })
        }
      }
    }
  }
}
