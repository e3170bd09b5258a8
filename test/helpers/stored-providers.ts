// What a datastore has of announcements, read the simple way, and what is announced.

import { Key } from 'interface-datastore/key'
import * as varint from 'uint8-varint'
import { toString as uint8ArrayToString } from 'uint8arrays/to-string'
import { commonPrefixLength, keyOf } from '../../src/kademlia/key.ts'
import { ProviderStore } from '../../src/providers/store/provider-store.ts'
import { contact, peerIdOf } from './contacts.ts'
import { bytes } from './content.ts'
import type { ProviderStoreOptions } from '../../src/providers/store/provider-store.ts'
import type { Contact } from '../../src/query/contact.ts'
import type { Datastore } from 'interface-datastore'

export const HOUR = 3_600_000

/** How long announcements hold. */
export const VALIDITY = 48 * HOUR

/** How much later they may be deleted, and then some. */
export const BIN = 600_000

/** The node that keeps the announcements. */
export const SELF = contact(0)

const PREFIX = '/dht/provider'
const INDEX = '/dht/expiry-provider'

export interface StoredProviders {
  /** when each was announced, by what its keys end in */
  records: Map<string, number>
  /** where each stands in the index, by the same */
  entries: Map<string, string[]>
}

/** A store without limits that it could run into, unless they are given. */
export function createStore (datastore: Datastore, options: Partial<ProviderStoreOptions> = {}): ProviderStore {
  return new ProviderStore(datastore, SELF, { prefix: PREFIX, validity: VALIDITY, maxProvidersPerKey: 1_000, maxRecords: 1_000_000, cacheSize: 4, ...options })
}

/** The provider `i` announces now. */
export async function announce (store: ProviderStore, i: number, multihash: Uint8Array, group?: string): Promise<void> {
  await store.add(multihash, { contact: contact(i, '/ip4/1.2.3.4/tcp/4001'), announcedAt: Date.now(), group })
}

/** The numbers of those that are told of, in their order; of the first hundred. */
export async function providersOf (store: ProviderStore, multihash: Uint8Array): Promise<number[]> {
  const ids = (await store.get(multihash)).map(({ contact }) => contact.id)

  return Array.from({ length: 100 }, (_, i) => i).filter(i => ids.includes(contact(i).id))
}

/** The key of a provider's announcement, as @libp2p/kad-dht writes it. */
export function providerKey (multihash: Uint8Array, { multihash: provider }: Contact): Key {
  return new Key(`${PREFIX}/${uint8ArrayToString(multihash, 'base32')}/${peerIdOf(provider).toString()}`)
}

/** All that is there. */
export async function readProviders (datastore: Datastore): Promise<StoredProviders> {
  const records = new Map<string, number>()
  const entries = new Map<string, string[]>()

  for await (const { key, value } of datastore.query({ prefix: '/' })) {
    const parts = key.toString().split('/')
    const tail = parts.slice(-2).join('/')

    if (key.toString().startsWith(`${PREFIX}/`)) {
      records.set(tail, varint.decode(value))
    } else if (key.toString().startsWith(`${INDEX}/`)) {
      entries.set(tail, [...entries.get(tail) ?? [], parts.slice(3, -2).join('/')])
    }
  }

  return { records, entries }
}

/** Content whose key has exactly so many leading bits in common with the node's. */
export function contentNear (commonBits: number, name: string): Uint8Array {
  for (let i = 0; ; i++) {
    const content = bytes(`${name}-${i}`)

    if (commonPrefixLength(keyOf(content), SELF.key) === commonBits) {
      return content
    }
  }
}

/** Where an announcement of the content should stand in the index, in words of our own. */
export function placeIn (content: Uint8Array, announcedAt: number): string {
  const bits = Math.min(31, commonPrefixLength(keyOf(content), SELF.key))
  const bin = Math.floor((announcedAt + VALIDITY) / BIN)

  return `${bits < 10 ? '0' : ''}${bits}/${`00000000${bin}`.slice(-8)}`
}
