// A node that provides content, whole but for its network: that one is in memory, everybody in it knows everybody, and lookups find what the truth is, unless a
// test says otherwise. Nothing takes any time.

import { defaultLogger } from '@libp2p/logger'
import { MemoryDatastore } from 'datastore-core'
import { multihashOf } from '../../src/arguments.ts'
import { keyOf } from '../../src/kademlia/key.ts'
import { Providers } from '../../src/providers/providers.ts'
import { NoPeersError } from '../../src/query/errors.ts'
import { passthroughMapper } from '../../src/wire/address-mappers.ts'
import { FrameReader } from '../../src/wire/frame.ts'
import { MAX_MESSAGE_READ } from '../../src/wire/limits.ts'
import { decodeRequest } from '../../src/wire/message.ts'
import { encodePeer, idOf, toPeerId } from '../../src/wire/peer.ts'
import { address, contact } from './contacts.ts'
import { HOUR } from './false-time.ts'
import { sortedTruth } from './peer-keys.ts'
import type { Key } from '../../src/kademlia/key.ts'
import type { ProvidersOptions } from '../../src/providers/providers.ts'
import type { Announced } from '../../src/providers/providing/announcer.ts'
import type { Contact } from '../../src/query/contact.ts'
import type { Query, QueryManager, QueryResult } from '../../src/query/manager.ts'
import type { EncodedRequest, Message } from '../../src/wire/message.ts'
import type { AbortOptions } from '@libp2p/interface'
import type { Datastore } from 'interface-datastore'
import type { CID } from 'multiformats/cid'

/** From one announcement to the next, ms. */
export const CYCLE = 22 * HOUR

/** A peer that was told that this node provides something. */
export interface Told {
  to: string
  multihash: string
  /** unix ms */
  at: number
}

/** So many, each at an address of its own. */
export function peers (count: number): Contact[] {
  return Array.from({ length: count }, (_, i) => contact(i + 1, `/ip4/10.0.${i >> 8}.${i & 255}/tcp/4001`))
}

export interface ProvidingWorldInit {
  peers: Contact[]
  k?: number
  datastore?: Datastore
  /** of the network, as far as this node knows; by default the truth, once there are k */
  size?: { peers: number, error: number }
  options?: Partial<ProvidersOptions>
  sweep?: Partial<ProvidersOptions['sweep']>
  random?(): number
  /** makes real lookups, in another world */
  queries?: QueryManager
}

export class ProvidingWorld {
  readonly self = contact(0)
  readonly datastore: Datastore
  readonly providers: Providers
  /** in the order in which it happened; a peer that was told of a key twice is there twice */
  readonly told: Told[] = []
  /** keys of lookups, as they were asked for */
  readonly lookups: Array<{ key: Uint8Array, at: number }> = []
  /** what goes to each peer, piece by piece */
  readonly pieces: Array<{ to: string, count: number, bytes: number }> = []
  /** requests that have an answer */
  readonly requests: Array<{ to: string, request: Message }> = []
  readonly batches: Announced[] = []
  peers: Contact[]
  size: { peers: number, error: number } | undefined
  /** its own */
  addresses = ['/ip4/1.2.3.4/tcp/4001']
  /** whether it has a peer in its table; by default it has when there is one */
  online?: boolean
  /** happens to a lookup before it finds its peers: it may wait, or fail */
  onLookup: (query: Query) => void | Promise<void> = () => {}
  /** of those that a lookup finds, who answers it */
  answers: (peer: Contact, query: Query) => boolean = () => true
  /** happens to a peer before it has what is sent to it: it may wait, or fail. `names`: of the keys that it is told of */
  onSend: (to: Contact, options: AbortOptions, names: string[]) => void | Promise<void> = () => {}
  readonly #k: number

  constructor ({ peers, k = 20, datastore = new MemoryDatastore(), size, options, sweep, random = () => 0, queries }: ProvidingWorldInit) {
    this.peers = peers
    this.datastore = datastore
    this.size = size ?? (peers.length < k ? undefined : { peers: peers.length, error: 0.05 })
    this.#k = k
    const unused = async (): Promise<never> => { throw new Error('nobody is asked for providers') }

    this.providers = new Providers({
      prefix: '/dht/provider',
      providedPrefix: '/dht/providing',
      validity: 48 * HOUR,
      cacheSize: 256,
      maxProvidersPerKey: 100,
      maxRecords: 1_000_000,
      region: 'off',
      ...options,
      sweep: { cycle: CYCLE, threshold: 48 * HOUR - CYCLE, maxKeys: 16_384, retryInterval: HOUR, concurrency: 10, ...sweep }
    }, {
      datastore,
      self: this.self,
      peerId: toPeerId(this.self),
      toPeerId,
      multihashOf,
      tableSize: () => this.online ?? this.peers.length > 0 ? this.peers.length : 0,
      contact: () => ({ ...this.self, addrs: this.addresses.map(address) }),
      encodedSelf: () => undefined,
      encoded: () => undefined,
      closerPeers: () => [],
      queries: queries ?? this.#queries(),
      request: async (to, request, options) => this.#request(to, request, options),
      notify: async (to, request, options) => { await this.#notify(to, request, options) },
      mapper: passthroughMapper,
      maxFound: 1_000,
      known: async id => ({ id, multiaddrs: [] }),
      findPeer: unused,
      roundTrip: () => undefined,
      measure: unused,
      onIncomplete: () => {},
      random,
      onAnnounced: batch => { this.batches.push(batch) },
      log: defaultLogger().forComponent('test')
    })
  }

  /** The same node, started anew: it has its datastore and its network, and nothing else. */
  restarted (init: Partial<ProvidingWorldInit> = {}): ProvidingWorld {
    return new ProvidingWorld({ peers: this.peers, k: this.#k, datastore: this.datastore, size: this.size, ...init })
  }

  /** Those that are to be told of a key. */
  nearest (multihash: Uint8Array): string[] {
    return sortedTruth(this.peers, keyOf(multihash)).slice(0, this.#k).map(({ id }) => id)
  }

  /** Who was told of a key since then, each once. */
  holders (multihash: Uint8Array, since = 0): string[] {
    const name = nameOf(multihash)

    return [...new Set(this.told.filter(({ multihash, at }) => multihash === name && at >= since).map(({ to }) => to))]
  }

  /** When the first peer was told of the key each time that it was announced, unix ms: what is less than a minute apart is one announcement. */
  announcements (multihash: Uint8Array): number[] {
    const name = nameOf(multihash)
    const times: number[] = []
    let last = -Infinity

    for (const { at } of this.told.filter(({ multihash }) => multihash === name)) {
      if (at - last >= 60_000) {
        times.push(at)
      }

      last = at
    }

    return times
  }

  #queries (): QueryManager {
    const world = this

    return {
      k: this.#k,
      get networkSize () { return world.size },
      requireStarted: () => new AbortController().signal,
      run: async (query: Query) => this.#lookUp(query)
    } as unknown as QueryManager
  }

  async #lookUp (query: Query): Promise<QueryResult> {
    query.signal.throwIfAborted()
    this.lookups.push({ key: query.key, at: Date.now() })
    await this.onLookup(query)
    query.signal.throwIfAborted()
    const found = sortedTruth(this.peers.filter(peer => this.answers(peer, query)), this.#target(query.key)).slice(0, 2 * this.#k)

    if (found.length === 0) {
      throw new NoPeersError('None of the peers that were asked has answered')
    }

    return { closest: found.slice(0, this.#k), found, unreached: [], hops: 1, messages: found.length, complete: true }
  }

  /** The places of peers may be invented. */
  #target (bytes: Uint8Array): Key {
    const id = idOf(bytes)

    return this.peers.find(peer => peer.id === id)?.key ?? keyOf(bytes)
  }

  async #notify (to: Contact, { bytes }: EncodedRequest, options: AbortOptions): Promise<void> {
    options.signal?.throwIfAborted()
    const names = decodeAll(bytes).map(({ key }) => nameOf(key))
    await this.onSend(to, options, names)
    this.#tell(to, names, bytes.byteLength)
  }

  #tell (to: Contact, names: string[], bytes: number): void {
    this.pieces.push({ to: to.id, count: names.length, bytes })
    names.forEach(multihash => { this.told.push({ to: to.id, multihash, at: Date.now() }) })
  }

  async #request (to: Contact, { bytes }: EncodedRequest, options: AbortOptions): Promise<Message> {
    options.signal?.throwIfAborted()
    const messages = decodeAll(bytes)
    const request = messages.pop() as Message
    const names = messages.map(({ key }) => nameOf(key))

    // what comes ahead of it is read first
    if (names.length > 0) {
      await this.onSend(to, options, names)
      this.#tell(to, names, bytes.byteLength)
    }

    this.requests.push({ to: to.id, request })
    await this.onSend(to, options, [])

    return { ...request, closer: [encodePeer(to.multihash, to.addrs)], providers: [] }
  }
}

export function decodeAll (bytes: Uint8Array): Message[] {
  const reader = new FrameReader(MAX_MESSAGE_READ)
  const messages: Message[] = []
  reader.push(bytes)

  for (let next = reader.next(); next != null; next = reader.next()) {
    messages.push(decodeRequest(next))
  }

  return messages
}

export function nameOf (multihash: Uint8Array): string {
  return Buffer.from(multihash).toString('hex')
}

export function multihashesOf (cids: readonly CID[]): Uint8Array[] {
  return cids.map(({ multihash }) => multihash.bytes)
}
