// A world of peers in memory and in false time, around one node with the whole of its upkeep: what it asks of whom is
// counted, who is dead says nothing, and who lives knows everyone else who does.

import { defaultLogger } from '@libp2p/logger'
import { MemoryDatastore } from 'datastore-core'
import { keyOf } from '../../src/kademlia/key.ts'
import { UPKEEP } from '../../src/kademlia/parameters.ts'
import { AddressBook } from '../../src/peers/address-book.ts'
import { LiveTable } from '../../src/peers/live-table.ts'
import { Peers } from '../../src/peers/peers.ts'
import { QueryManager } from '../../src/query/manager.ts'
import { passthroughMapper } from '../../src/wire/address-mappers.ts'
import { encodePeer, parseAddresses, toPeerId } from '../../src/wire/peer.ts'
import { contact } from './contacts.ts'
import { MINUTE, SECOND } from './false-time.ts'
import { sortedTruth } from './peer-keys.ts'
import { randomBytes, randomNumbers } from './random.ts'
import type { ProbeKind } from '../../src/peers/peers.ts'
import type { Contact } from '../../src/query/contact.ts'
import type { RequestOptions } from '../../src/wire/client.ts'
import type { EncodedRequest, Message } from '../../src/wire/message.ts'
import type { WirePeer } from '../../src/wire/peer.ts'
import type { Datastore } from 'interface-datastore'

/** How long an answer takes, and a request that has none, ms. */
const ANSWER = 20
const TIMEOUT = 10 * SECOND

export class World {
  readonly requests: Array<{ to: string, at: number }> = []
  readonly #alive = new Map<string, Contact>()

  constructor (peers: Contact[]) {
    this.revive(peers)
  }

  get alive (): Contact[] {
    return [...this.#alive.values()]
  }

  kill (peers: Contact[]): void {
    peers.forEach(({ id }) => { this.#alive.delete(id) })
  }

  revive (peers: Contact[]): void {
    peers.forEach(peer => { this.#alive.set(peer.id, peer) })
  }

  /** How many requests each of them has got. */
  requestsTo (peers: Contact[]): number[] {
    return peers.map(({ id }) => this.requests.filter(({ to }) => to === id).length)
  }

  /** The answer of a peer, and nothing when it is dead. */
  answer (to: string, request: EncodedRequest, k: number): Message | undefined {
    if (this.#alive.has(to)) {
      const others = this.alive.filter(({ id }) => id !== to)
      const closer = sortedTruth(others, keyOf(request.key)).slice(0, k)

      return { type: request.type, key: request.key, closer: closer.map(({ multihash, addrs }) => encodePeer(multihash, addrs)), providers: [] }
    }
  }
}

export interface InhabitantInit {
  world: World
  seeds?: Contact[]
  datastore?: Datastore
  k?: number
  /** whether the addresses of those who enter the table are known at once, as when the peer store has them */
  learnsAddresses?: boolean
}

/** The node, wired as the service does it. */
export class Inhabitant {
  static readonly self = contact(0)

  readonly datastore: Datastore
  readonly table: LiveTable
  readonly book: AddressBook
  readonly peers: Peers
  /** by peer: its tags and their values */
  readonly tags = new Map<string, Map<string, number>>()
  tagWrites = 0
  readonly dropped: string[] = []
  readonly probed: ProbeKind[] = []
  joined = 0
  readonly #queries: QueryManager
  readonly #world: World
  readonly #k: number

  constructor ({ world, seeds = [], datastore = new MemoryDatastore(), k = 20, learnsAddresses = true }: InhabitantInit) {
    const { self } = Inhabitant
    const random = randomNumbers(1)
    const byId = new Map(world.alive.map(peer => [peer.id, peer]))
    this.#world = world
    this.#k = k
    this.datastore = datastore
    this.book = new AddressBook(passthroughMapper, 1_024, id => this.table.table.get(id)?.peer)
    this.table = new LiveTable({ self, k, perGroup: { perBucket: 2, perTable: 3 } }, this.book, {
      onAdded: peer => {
        const known = byId.get(peer.id)
        this.peers.onAdded(peer)

        if (learnsAddresses && known != null) {
          this.learnAddresses(known)
        }
      },
      onRemoved: peer => { this.peers.onRemoved(peer) },
      onStanding: () => { this.peers.onStanding() }
    })
    this.#queries = new QueryManager({ k, alpha: 10, disjointPaths: 1, maxQueries: 100, maxAsked: 500, firstPeerTimeout: TIMEOUT }, {
      self: self.id,
      closest: (target, n) => this.table.closest(target, n),
      expected: () => undefined,
      request: async (to, request, options) => this.#request(to, request, options),
      onSilent: peer => { this.table.onFailure(peer) },
      slowAfter: () => SECOND,
      overdueAfter: () => SECOND,
      firstPeer: async options => this.table.firstPeer(options),
      onLookup: (target, closest) => { this.table.table.onLookup(target, closest, Date.now()) }
    })
    this.peers = new Peers({
      probeOld: { concurrency: 20, maxQueueSize: 100, timeout: TIMEOUT },
      probeNew: { concurrency: 20, maxQueueSize: 100, timeout: TIMEOUT },
      probeSaved: { concurrency: 40, maxQueueSize: 200, timeout: TIMEOUT },
      maintenance: { initialSelfInterval: SECOND, selfInterval: 5 * MINUTE, refreshInterval: 10 * MINUTE, ...UPKEEP },
      randomWalk: { enabled: false, interval: MINUTE, queriesPerPeriod: 1, timeout: SECOND },
      seeds,
      saved: { prefix: '/dht', most: 200, enough: 2 * k },
      saveInterval: MINUTE
    }, {
      self,
      peerId: toPeerId(self),
      queries: this.#queries,
      table: this.table,
      book: this.book,
      datastore,
      mapper: passthroughMapper,
      known: async id => ({ id, multiaddrs: [] }),
      request: async (to, request, options) => this.#request(to, request, options),
      setTags: (peer, tags) => { this.#setTags(peer, tags) },
      randomBytes: length => randomBytes(random, length),
      onProbeDropped: ({ id }) => { this.dropped.push(id) },
      onProbed: kind => { this.probed.push(kind) },
      onSelfLookup: () => () => {},
      onMet: () => {},
      onJoined: () => { this.joined++ },
      log: defaultLogger().forComponent('test')
    })
  }

  start (): void {
    this.#queries.start()
    this.peers.start()
  }

  /** From one moment to the next, without a last save. */
  stop (): void {
    this.peers.stop()
    this.#queries.stop()
  }

  /** The peer store has its addresses now. */
  learnAddresses (peer: Contact): void {
    this.book.set({ id: toPeerId(peer), multiaddrs: parseAddresses(peer) })
  }

  /** The ids of those with the tag. */
  tagged (tag: string): string[] {
    return [...this.tags].filter(([, tags]) => tags.has(tag)).map(([id]) => id)
  }

  #setTags ({ id }: Contact, changed: Record<string, { value: number } | undefined>): void {
    const tags = this.tags.get(id) ?? new Map<string, number>()
    this.tags.set(id, tags)
    this.tagWrites++

    for (const [tag, value] of Object.entries(changed)) {
      if (value == null) {
        tags.delete(tag)
      } else {
        tags.set(tag, value.value)
      }
    }
  }

  /** As the client does it: the table hears of what became of it, unless it was given up. */
  async #request (to: WirePeer, request: EncodedRequest, { signal, timeout = TIMEOUT }: RequestOptions = {}): Promise<Message> {
    signal?.throwIfAborted()
    this.#world.requests.push({ to: to.id, at: Date.now() })
    const answer = this.#world.answer(to.id, request, this.#k)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, answer == null ? timeout : ANSWER)
    const onAbort = (): void => { reject(signal?.reason) }
    signal?.addEventListener('abort', onAbort)

    try {
      await promise
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    }

    if (answer == null) {
      this.table.onFailure(to)
      throw new Error('no answer')
    }

    this.table.onAlive(to, { roundTrip: ANSWER })

    return answer
  }
}
