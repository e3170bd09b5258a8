// Drives lookups over the wire: sends what a lookup asks for, feeds back what is answered, and ends all of it at once when
// the lookup is done, the caller has enough, or somebody says stop.

import { AbortError, NotStartedError } from '@libp2p/interface'
import { setMaxListeners } from 'main-event'
import { keyOf } from '../kademlia/key.ts'
import { Lookup } from '../kademlia/lookup.ts'
import { NetworkSizeEstimator } from '../kademlia/network-size.ts'
import { HURRIED_LOOKUP_RULES, LOOKUP_RULES, SEEDS } from '../kademlia/parameters.ts'
import { UndialableError } from '../wire/client.ts'
import { encodeRequest, MessageType } from '../wire/message.ts'
import { decodeContacts, mergeContacts } from './contact.ts'
import { NoPeersError, TooManyQueriesError } from './errors.ts'
import { RecentLookups } from './recent-lookups.ts'
import type { Contact } from './contact.ts'
import type { QueryEvents } from './query-events.ts'
import type { Key } from '../kademlia/key.ts'
import type { LookupStep } from '../kademlia/lookup.ts'
import type { NetworkSize } from '../kademlia/network-size.ts'
import type { EncodedRequest, Message } from '../wire/message.ts'
import type { AbortOptions } from '@libp2p/interface'

export interface QueryOptions {
  /** how many neighbours a lookup confirms */
  k: number
  /** requests of a lookup that may hold a slot at once */
  alpha: number
  /** disjoint paths of a lookup */
  disjointPaths: number
  /** lookups that may run at once; the next one fails */
  maxQueries: number
  /** peers that one lookup may ask */
  maxAsked: number
  /** without a peer in the table a lookup waits so long for the first one, ms; 0 for not at all */
  firstPeerTimeout: number
}

/** What lookups need of the rest. */
export interface QueryNetwork {
  /** one's own id */
  self: string
  /** the peers of the table nearest to a key */
  closest (target: Key, n: number): Contact[]
  /** within which distance of a key its nearest k are to be expected, the first word of it; undefined when that is not known */
  expected (): number | undefined
  request (to: Contact, request: EncodedRequest, options: AbortOptions): Promise<Message>
  /** how long a request to the peer may hold a slot, ms */
  slowAfter (to: Contact): number
  /** after what time another is asked as well, ms */
  overdueAfter (to: Contact): number
  /** a lookup was refused, for too many are under way */
  onRefused? (): void
  /** the peer took longer than that, and had not answered when its lookup was over */
  onSilent (peer: Contact): void
  /** resolves when the table has a peer */
  firstPeer (options: AbortOptions): Promise<void>
  /** a lookup went there, and these are the nearest that answered */
  onLookup (target: Key, closest: Contact[]): void
}

export interface Query {
  /** the bytes whose neighbours are looked for */
  key: Uint8Array
  /** what each peer is asked */
  request: EncodedRequest
  signal: AbortSignal
  /** peers that are not asked, as if nobody knew them */
  avoid? (peer: Contact): boolean
  /** takes its events, if anyone wants them */
  events?: QueryEvents
  /** takes each reply; true ends the lookup, for the caller has what it wanted */
  onReply? (from: Contact, reply: Message): boolean | undefined | Promise<boolean | undefined>
  /** more at once to begin with: for one that `onStep` ends before all of the nearest are asked */
  hurried?: boolean
  /** sees after each reply what was found so far; true ends the lookup, for it is enough */
  onStep? (found: LookupView): boolean | undefined
}

/** A lookup, while it goes on. */
export interface LookupView {
  /** requests so far */
  readonly asked: number
  /** how many have answered */
  readonly answered: number
  /** the nearest that have answered */
  closest (n: number): Contact[]
  /** those of them that will hardly be displaced any more */
  settled (n: number): Contact[]
  /** the nearest that have answered or may */
  likely (n: number): Contact[]
  hops (): number
}

export interface QueryResult {
  /** the nearest k that answered, nearest first */
  closest: Contact[]
  /** all that answered, nearest first */
  found: Contact[]
  /** of the nearest k those that only others can reach: they have their places among them */
  unreached: Contact[]
  /** replies, one leading to the next, that it took to hear of the nearest one */
  hops: number
  /** requests sent */
  messages: number
  /** false: the caller had enough before all of the nearest were asked */
  complete: boolean
}

/** What in-flight requests are ended with when their lookup needs no more answers. */
const ENOUGH = new AbortError('The lookup has what it wanted')

export class QueryManager {
  readonly #options: QueryOptions
  readonly #network: QueryNetwork
  readonly #recent = new RecentLookups()
  readonly #size: NetworkSizeEstimator
  #shutdown?: AbortController
  #running = 0

  constructor (options: QueryOptions, network: QueryNetwork) {
    this.#options = options
    this.#network = network
    this.#size = new NetworkSizeEstimator(options.k)
  }

  /** How many peers there are, as far as the lookups of the last two hours tell; undefined when they do not. */
  get networkSize (): NetworkSize | undefined {
    return this.#size.estimate(Date.now())
  }

  /** How many lookups are under way. */
  get running (): number {
    return this.#running
  }

  get k (): number {
    return this.#options.k
  }

  /** No effect while it runs. */
  start (): void {
    if (this.#shutdown == null) {
      this.#shutdown = new AbortController()
      setMaxListeners(Infinity, this.#shutdown.signal)
    }
  }

  /**
   * Returns what is aborted when it stops.
   *
   * @throws {NotStartedError}
   */
  requireStarted (): AbortSignal {
    if (this.#shutdown == null) {
      throw new NotStartedError('The DHT is not started: start the libp2p node first')
    }

    return this.#shutdown.signal
  }

  /** Ends all lookups: they reject. */
  stop (): void {
    this.#shutdown?.abort(new NotStartedError('The DHT was stopped'))
    this.#shutdown = undefined
  }

  /**
   * Runs a lookup to its end.
   *
   * @throws {NoPeersError} when there is nobody to ask
   * @throws {AbortError} when the signal says so
   */
  async run (query: Query): Promise<QueryResult> {
    query.signal.throwIfAborted()

    const shutdown = this.requireStarted()

    if (this.#running >= this.#options.maxQueries) {
      this.#network.onRefused?.()
      throw new TooManyQueriesError(`${this.#running} lookups are under way, which is the limit: await some before starting more, or raise limits.queries`)
    }

    const controller = new AbortController()
    const onAbort = (): void => { controller.abort(query.signal.reason) }
    const onShutdown = (): void => { controller.abort(shutdown.reason) }
    setMaxListeners(Infinity, controller.signal)
    query.signal.addEventListener('abort', onAbort)
    shutdown.addEventListener('abort', onShutdown)
    this.#running++

    try {
      return await this.#lookUp(query, controller.signal)
    } finally {
      this.#running--
      query.signal.removeEventListener('abort', onAbort)
      shutdown.removeEventListener('abort', onShutdown)
      controller.abort(ENOUGH)
    }
  }

  async #lookUp (query: Query, signal: AbortSignal): Promise<QueryResult> {
    const { k, alpha, disjointPaths: paths, maxAsked } = this.#options
    const target = keyOf(query.key)
    const seeds = without([...await this.#seeds(target, signal), ...this.#recent.near(target)], query.avoid)
    const lookup = new Lookup<Contact>({
      target,
      self: this.#network.self,
      k,
      alpha,
      paths,
      maxAsked,
      rules: query.hurried === true ? HURRIED_LOOKUP_RULES : LOOKUP_RULES,
      // where some are left out, those found lie farther away
      expected: query.avoid == null ? this.#network.expected() : undefined,
      slowAfter: peer => this.#network.slowAfter(peer),
      overdueAfter: peer => this.#network.overdueAfter(peer),
      merge: mergeContacts
    }, seeds)

    query.events?.onStart(lookup)
    await this.#drive(lookup, query, signal)
    lookup.slow().forEach(peer => { this.#network.onSilent(peer) })
    query.events?.onEnd(paths)

    const found = lookup.closest(Infinity)
    const closest = found.slice(0, k)

    if (closest.length === 0) {
      throw new NoPeersError(`None of the ${lookup.asked} peers that were asked has answered`)
    }

    this.#network.onLookup(target, closest)

    // what is in doubt is not to lead the next one astray
    if (query.avoid == null && lookup.plausible) {
      this.#recent.onLookup(target, closest)

      if (!lookup.endedEarly) {
        this.#size.onLookup(target, closest, Date.now())
      }
    }

    return { closest, found, unreached: lookup.unreached(), hops: lookup.hops(), messages: lookup.asked, complete: !lookup.endedEarly }
  }

  async #seeds (target: Key, signal: AbortSignal): Promise<Contact[]> {
    const most = SEEDS * this.#options.k
    const seeds = this.#network.closest(target, most)

    if (seeds.length > 0) {
      return seeds
    }

    if (this.#options.firstPeerTimeout > 0) {
      await this.#awaitFirstPeer(signal)
    }

    const found = this.#network.closest(target, most)

    if (found.length === 0) {
      throw new NoPeersError('There is no peer to ask: the routing table is empty. Connect to a peer of the network first, for example with @libp2p/bootstrap')
    }

    return found
  }

  async #awaitFirstPeer (signal: AbortSignal): Promise<void> {
    const waiting = new AbortController()
    const giveUp = (): void => { waiting.abort() }
    const timer = setTimeout(giveUp, this.#options.firstPeerTimeout)
    signal.addEventListener('abort', giveUp)

    try {
      await this.#network.firstPeer({ signal: waiting.signal })
    } catch (error) {
      // without a peer the lookup fails with a better message, unless it was ended
      signal.throwIfAborted()
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', giveUp)
    }
  }

  /** The one loop around the state machine: resolves when the lookup is done, rejects when it is ended. */
  async #drive (lookup: Lookup<Contact>, query: Query, signal: AbortSignal): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    /** replies that the caller looks at */
    let looking = 0
    let enough = false

    const step = (): void => {
      clearTimeout(timer)

      try {
        advance()
      } catch (error) {
        reject(error)
      }
    }

    const advance = (): void => {
      while (!signal.aborted) {
        const next = lookup.next(Date.now())

        if ('ask' in next) {
          void ask(next)
        } else if ('wait' in next) {
          if (next.wait !== Infinity) {
            timer = setTimeout(step, Math.max(0, next.wait - Date.now()))
          }

          return
        } else {
          // what has come may still be what the caller wants
          if (looking === 0 || enough) {
            resolve()
          }

          return
        }
      }
    }

    const ask = async ({ ask: peer, path, about }: Ask): Promise<void> => {
      const request = about == null ? query.request : encodeRequest({ type: MessageType.FIND_NODE, key: about.multihash })

      try {
        query.events?.onAsk(peer, request.type, path, about != null)
        const reply = await this.#network.request(peer, request, { signal })
        const closer = without(decodeContacts(reply.closer, 2 * this.#options.k), query.avoid)
        query.events?.onReply(peer, reply.type, reply, closer, path)
        // it has answered, however long the caller takes to look at it
        lookup.onReply(peer, closer)

        if (query.onStep?.(lookup) === true) {
          enough = true
          lookup.finish()
        }

        if (about == null && query.onReply != null) {
          looking++

          try {
            if (await query.onReply(peer, reply) === true) {
              enough = true
              lookup.finish()
            }
          } finally {
            looking--
          }
        }
      } catch (error: any) {
        if (signal.aborted) {
          return
        }

        if (error instanceof UndialableError) {
          lookup.onUndialable(peer)
        } else {
          lookup.onFailure(peer)
          query.events?.onError(peer, error, path)
        }
      }

      step()
    }

    const onAbort = (): void => { reject(signal.reason) }
    signal.addEventListener('abort', onAbort)

    try {
      signal.throwIfAborted()
      step()
      await promise
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    }
  }
}

type Ask = Extract<LookupStep<Contact>, { ask: Contact }>

function without (peers: Contact[], avoid: Query['avoid']): Contact[] {
  return avoid == null ? peers : peers.filter(peer => !avoid(peer))
}
