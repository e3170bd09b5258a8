// Announces many keys at the cost of few lookups: keys that live together have their nearest peers in common, and each peer is told of all of its keys back to
// back on one stream. Who the nearest of a key are is the business of kademlia/explore.ts.

import PQueue from 'p-queue'
import { Exploration } from '../../kademlia/explore.ts'
import { compareDistance } from '../../kademlia/key.ts'
import { wantsRegion } from '../../kademlia/region.ts'
import { QueryError } from '../../query/errors.ts'
import { findClosest } from '../../query/find-closest.ts'
import { isOurs } from '../../wire/errors.ts'
import { tellPeer } from './tell-peer.ts'
import type { ProvidedKey } from './provided-keys.ts'
import type { TellPeerNeeds } from './tell-peer.ts'
import type { Key } from '../../kademlia/key.ts'
import type { RegionMode } from '../../kademlia/region.ts'
import type { Contact } from '../../query/contact.ts'
import type { QueryManager, QueryResult } from '../../query/manager.ts'
import type { EncodedRequest } from '../../wire/message.ts'

/** So many keys are allotted to their peers before these are told: each of some thirty peers in a region gets most of them. */
const BATCH = 512

/** A batch ends after so long, ms, however few keys it has: what was done is to be noted before the node may stop. */
const LONGEST_BATCH = 30_000

/** Who is nearest to which key is taken from earlier lookups for this part of a cycle: the next announcement is to reach those that have come since. */
const MAX_AGE = 1 / 100

/** So many are remembered; of the others it turns out when they are told. */
const MOST_UNREACHED = 4_096

/** A lookup gives no more of the places of the nearest than the others to those that cannot be reached. */
const LEAST_REACHABLE = 1 / 4

/** A key counts as announced when so many of those nearest to it were told; else it is tried again. */
const ENOUGH_HOLDERS = 1 / 2

export interface AnnouncerOptions {
  k: number
  /** from one announcement of a key to the next, ms */
  cycle: number
  /** peers that are told at once */
  concurrency: number
  region: RegionMode
}

/** Who was told of a key, and who could not be. */
interface Provided {
  stored: unknown[]
  failed: unknown[]
}

export interface AnnouncerNeeds extends Omit<TellPeerNeeds, 'requestOf'> {
  queries: QueryManager
  /** announces one key on its own, to everyone in its region, and says what that took */
  provide (key: ProvidedKey, signal: AbortSignal): Promise<Provided & { messages: number }>
  /** makes requests that announce keys, with the addresses that this node has now */
  announcement (): (multihash: Uint8Array) => EncodedRequest
}

/** What became of a batch of keys. */
export interface Announced {
  announced: ProvidedKey[]
  failed: ProvidedKey[]
  /** those that were announced to all there are, fewer than k: others may come */
  few: ProvidedKey[]
  /** announcements that peers took */
  records: number
  lookups: number
  messages: number
  /** why the last one failed that did */
  error?: Error
}

/** A key and the peers that are to be told of it. */
interface Allotted {
  key: ProvidedKey
  peers: Contact[]
  /** how many of the nearest only others can reach */
  unreached: number
  told: number
}

export class Announcer {
  readonly #options: AnnouncerOptions
  readonly #needs: AnnouncerNeeds
  readonly #exploration: Exploration<Contact>
  /** of those that it knows the ids of whom this node cannot reach */
  readonly #unreached = new Set<string>()

  constructor (options: AnnouncerOptions, needs: AnnouncerNeeds) {
    this.#options = options
    this.#needs = needs
    this.#exploration = new Exploration(options.k, options.cycle * MAX_AGE)
  }

  /** Whether so many were told of a key that it counts as announced. */
  isEnough ({ stored, failed }: Provided): boolean {
    return this.#isEnough(stored.length, stored.length + failed.length)
  }

  /**
   * Announces them, in the order of the key space, and says after each batch what became of it: each key is told of once.
   *
   * @throws {NoPeersError} when there is nobody to ask
   * @throws {AbortError} when the signal says so
   */
  async * announce (keys: readonly ProvidedKey[], signal: AbortSignal): AsyncGenerator<Announced> {
    let batch = newBatch()

    for (const key of keys) {
      if (key.removed !== true) {
        await this.#allot(key, batch, signal)
      }

      if (batch.allotted.length >= BATCH || Math.abs(Date.now() - batch.begunAt) >= LONGEST_BATCH) {
        yield await this.#tell(batch, signal)
        batch = newBatch()
      }
    }

    yield await this.#tell(batch, signal)
  }

  async #allot (key: ProvidedKey, batch: Batch, signal: AbortSignal): Promise<void> {
    const { k, region } = this.#options
    const { queries } = this.#needs

    try {
      const peers = await this.#nearest(key, batch, signal)

      // whoever crowds the key gets it too, but not alone
      if (wantsRegion(region, key.key, peers, k, queries.networkSize)) {
        const provided = await this.#needs.provide(key, signal)
        batch.result.lookups++
        batch.result.messages += provided.messages
        batch.result.records += provided.stored.length
        batch.result[this.isEnough(provided) ? 'announced' : 'failed'].push(key)
      } else {
        const reachable = await this.#reachable(key, peers, batch, signal)
        batch.allotted.push({ key, peers: reachable, unreached: Math.max(0, peers.length - reachable.length), told: 0 })
      }
    } catch (error: any) {
      signal.throwIfAborted()

      if (error.name === 'NoPeersError') {
        throw error
      }

      batch.result.failed.push(key)
      batch.result.error = error
    }
  }

  async #nearest ({ multihash, key }: ProvidedKey, { result }: Batch, signal: AbortSignal): Promise<Contact[]> {
    for (;;) {
      const step = this.#exploration.next(key, Date.now())

      if ('nearest' in step) {
        return step.nearest
      }

      const around = 'around' in step ? step.around : undefined
      const lookUp = async (): Promise<QueryResult> => findClosest(this.#needs.queries, { key: around?.multihash ?? multihash, signal })
      result.lookups++

      if (around == null) {
        const looked = await lookUp()
        result.messages += looked.messages
        this.#exploration.onLookup(key, this.#there(key, looked))
        continue
      }

      try {
        const looked = await lookUp()
        result.messages += looked.messages
        this.#exploration.onAround(around, this.#there(around.key, looked))
      } catch {
        // a lookup for the key itself is next
        signal.throwIfAborted()
        this.#exploration.onAround(around, [])
      }
    }
  }

  /** Those of its nearest that this node can reach; where they are too few, those that a lookup for the key itself finds. */
  async #reachable ({ multihash }: ProvidedKey, peers: Contact[], { result }: Batch, signal: AbortSignal): Promise<Contact[]> {
    const reachable = peers.filter(({ id }) => !this.#unreached.has(id))

    if (reachable.length === peers.length || reachable.length >= LEAST_REACHABLE * peers.length) {
      return reachable
    }

    const { closest, messages } = await findClosest(this.#needs.queries, { key: multihash, signal })
    result.lookups++
    result.messages += messages

    return closest
  }

  /** Everyone that a lookup has told of, nearest first: those too that only others can reach, for nobody else has their places. */
  #there (target: Key, { found, unreached }: QueryResult): Contact[] {
    if (this.#unreached.size > MOST_UNREACHED) {
      this.#unreached.clear()
    }

    found.forEach(({ id }) => { this.#unreached.delete(id) })
    unreached.forEach(({ id }) => { this.#unreached.add(id) })

    return unreached.length === 0 ? found : [...found, ...unreached].sort((a, b) => compareDistance(a.key, b.key, target))
  }

  async #tell ({ allotted, result }: Batch, signal: AbortSignal): Promise<Announced> {
    const queue = new PQueue({ concurrency: this.#options.concurrency })
    const byPeer = new Map<string, { peer: Contact, keys: Allotted[] }>()
    const announcement = this.#needs.announcement()
    const requests = new Map(allotted.map(({ key }) => [key, announcement(key.multihash)]))

    for (const one of allotted) {
      for (const peer of one.peers) {
        const its = byPeer.get(peer.id) ?? { peer, keys: [] }
        its.keys.push(one)
        byPeer.set(peer.id, its)
      }
    }

    for (const { peer, keys } of byPeer.values()) {
      void queue.add(async () => {
        const { told, messages, error } = await tellPeer(peer, keys.map(({ key }) => key), {
          ...this.#needs,
          requestOf: key => requests.get(key) as EncodedRequest
        }, signal)
        result.messages += messages
        result.records += told.size
        keys.filter(({ key }) => told.has(key)).forEach(one => { one.told++ })

        if (error != null) {
          result.error = error
        }

        // a limit of this node is not held against the peer
        if (error != null && told.size === 0 && !isOurs(error)) {
          this.#exploration.remove(peer)
        }
      })
    }

    await queue.onIdle()
    signal.throwIfAborted()

    for (const { key, peers, unreached, told } of allotted.filter(({ key }) => key.removed !== true)) {
      if (this.#isEnough(told, peers.length, unreached)) {
        result.announced.push(key)

        if (peers.length + unreached < this.#options.k) {
          result.few.push(key)
        }
      } else {
        result.failed.push(key)
        result.error ??= new QueryError(`Only ${peers.length} of the ${this.#options.k} nearest peers were found, and the network has more`)
      }
    }

    return result
  }

  /** Of so many that were to be told. Where a lookup has found fewer than there are, it went badly. */
  #isEnough (told: number, of: number, unreached = 0): boolean {
    const least = Math.min(this.#options.k, this.#needs.queries.networkSize?.peers ?? 0) - unreached

    return told > 0 && told >= ENOUGH_HOLDERS * Math.max(of, least)
  }
}

interface Batch {
  begunAt: number
  allotted: Allotted[]
  result: Announced
}

function newBatch (): Batch {
  return { begunAt: Date.now(), allotted: [], result: { announced: [], failed: [], few: [], records: 0, lookups: 0, messages: 0 } }
}
