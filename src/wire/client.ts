// Requests to peers: each within its time, and what became of it reported. The streams they go out on are the business of
// `stream-pool.ts`, the connections that of `dialler.ts`.

import { AbortError, NotStartedError, TimeoutError } from '@libp2p/interface'
import { setMaxListeners } from 'main-event'
import { Dialler } from './dialler.ts'
import { isOurs, NotSentError } from './errors.ts'
import { decodeReply } from './message.ts'
import { toPeerId } from './peer.ts'
import { PendingRequest } from './pending-request.ts'
import { Slots } from './slots.ts'
import { StreamPool } from './stream-pool.ts'
import type { ConnectOptions, DiallerNetwork } from './dialler.ts'
import type { EncodedRequest, Message, MessageName } from './message.ts'
import type { PeerLimits } from './peer-streams.ts'
import type { WirePeer } from './peer.ts'
import type { OpenedStream } from './stream-opening.ts'
import type { AbortOptions, Connection } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

export { UndialableError } from './errors.ts'

export interface ClientOptions {
  protocol: string
  /** how long a request may take in all, dial included, ms */
  timeout: number
  /** how long an unused stream is kept, ms */
  idle: number
  /** how long an unused connection that was opened for a request is kept, ms */
  idleConnection: number
  /** streams a connection may have on the protocol */
  maxOutboundStreams: number
  /** streams kept for reuse in all */
  maxWarmStreams: number
  /** dials at once */
  maxDials: number
  /** requests under way at once; further ones wait their turn */
  maxRequests: number
  /** how much may be under way with one peer */
  perPeer: PeerLimits
}

export interface RequestOptions extends AbortOptions {
  /** how long it may take if not the usual time, ms */
  timeout?: number
}

/** What the client needs of a libp2p node. */
export interface ClientNetwork extends DiallerNetwork {
  /** how long a peer that there is a stream to usually takes at the most, ms: what waits behind a request that takes longer goes out on another stream */
  lateAfter (id: string): number
}

/** What a request to a peer needs: nothing but the stream that there is, a stream on the connection that there is, or a dial. */
export type Reach = 'stream' | 'connection' | 'dial'

/** What became of a request. */
export interface RequestOutcome {
  ok: boolean
  /** how long it took, ms */
  ms: number
  /** what it went by or, when it failed, would have gone by at first */
  reach: Reach
  /** it had to wait for other requests, or what went ahead of it, or for a limit of this node, or was given up before: `ms` says nothing about the peer */
  queued: boolean
  /** why it failed */
  error?: Error
  /** where the peer was reached, if it was */
  remoteAddr?: Multiaddr
}

export interface ClientEvents {
  /** `count`: messages that go out as one */
  onRequest? (type: MessageName, count: number): void
  /**
   * Not called for a request that failed before the caller gave it up, nor for one sent that has no answer, nor when it failed
   * for a limit of this node. The reply to one that the caller gave up is reported when it comes: the peer is alive.
   */
  onOutcome? (to: WirePeer, type: MessageName, outcome: RequestOutcome): void
}

export class Client {
  readonly #options: ClientOptions
  readonly #events: ClientEvents
  readonly #dialler: Dialler
  readonly #pool: StreamPool
  readonly #slots: Slots
  #sweep?: ReturnType<typeof setInterval>
  #shutdown?: AbortController

  constructor (options: ClientOptions, network: ClientNetwork, events: ClientEvents = {}) {
    this.#options = options
    this.#events = events
    this.#dialler = new Dialler(options, network)
    this.#slots = new Slots(options.maxRequests)
    this.#pool = new StreamPool({
      idle: options.idle,
      most: options.maxWarmStreams,
      perPeer: { ...options.perPeer, streams: Math.min(options.perPeer.streams, options.maxOutboundStreams) }
    }, {
      open: async (to, options) => this.#open(to, options),
      lateAfter: id => network.lateAfter(id),
      timeout: options.timeout
    })
  }

  /** How many streams are kept warm, and how many are in use. */
  get streams (): { warm: number, busy: number } {
    return this.#pool.size
  }

  /** How many requests wait for their turn, or for a stream. */
  get waiting (): number {
    return this.#slots.waiting + this.#pool.waiting
  }

  /** How many dials are under way, and how many wait for their turn. */
  get dials (): { open: number, waiting: number } {
    return this.#dialler.dials
  }

  /** What a request to the peer would go by. */
  reach (to: WirePeer): Reach {
    if (this.#pool.isWarm(to.id)) {
      return 'stream'
    }

    try {
      return this.#dialler.isConnected(toPeerId(to)) ? 'connection' : 'dial'
    } catch {
      // named with the multihash of no key: there is nobody to reach, and the request says so
      return 'dial'
    }
  }

  /** Whether it is up to the peer, and not to a limit of this node, that a request to it is not answered yet. */
  isCalled (id: string): boolean {
    return this.#pool.isCalled(id)
  }

  /** No effect while it runs. */
  start (): void {
    if (this.#shutdown == null) {
      this.#shutdown = new AbortController()
      setMaxListeners(Infinity, this.#shutdown.signal)
      this.#sweep = setInterval(() => {
        this.#pool.sweep()
        this.#dialler.sweep()
      }, this.#options.idle)
    }
  }

  /** Ends every request and every stream. */
  stop (): void {
    const error = new NotStartedError('The DHT was stopped')
    clearInterval(this.#sweep)
    this.#shutdown?.abort(error)
    this.#shutdown = undefined
    this.#pool.stop(error)
    this.#dialler.stop()
  }

  /**
   * Sends a request and returns its reply.
   *
   * @throws {UndialableError} when there is no address to reach the peer at
   * @throws {RecentlyFailedDialError} when dialling the peer has failed a moment ago
   * @throws {TimeoutError} when it took too long
   * @throws {NotSentError} when it took too long to get a place among the requests and dials of this node
   * @throws {TooManyRequestsError} when too many requests to the peer wait
   * @throws {InvalidMessageError} when the peer answered something else
   */
  async request (to: WirePeer, request: EncodedRequest, options: RequestOptions = {}): Promise<Message> {
    let reply: Message | undefined

    await this.#limited(to, request, options, frame => { reply = decodeReply(frame, request) })

    return reply as Message
  }

  /**
   * Sends a request that has no reply, as ADD_PROVIDER. It resolves when the stream has taken it, which is all that the
   * protocol lets anyone know.
   */
  async notify (to: WirePeer, request: EncodedRequest, options: RequestOptions = {}): Promise<void> {
    await this.#limited(to, request, options)
  }

  /** Does it within the time limit, and ends it when the caller or `stop` says so; reports what became of it. */
  async #limited (to: WirePeer, request: EncodedRequest, { signal, timeout = this.#options.timeout }: RequestOptions, decode?: (frame: Uint8Array) => void): Promise<void> {
    signal?.throwIfAborted()

    if (this.#shutdown == null) {
      throw new NotStartedError('The DHT is not started: start the libp2p node first')
    }

    const shutdown = this.#shutdown.signal
    const reach = this.reach(to)
    const start = Date.now()
    const pending = new PendingRequest({
      to,
      bytes: request.bytes,
      read: decode == null
        ? undefined
        : (frame, { stream, first, sends, queued, abandoned }) => {
            decode(frame)
            this.#events.onOutcome?.(to, request.type, {
              ok: true,
              ms: Date.now() - start,
              // one that was there may have closed meanwhile
              reach: reach === 'stream' && (sends > 1 || first) ? 'connection' : reach,
              queued: queued || abandoned || request.ahead != null,
              remoteAddr: stream?.remoteAddr
            })
          }
    })
    const fail = (error: Error, ours: boolean): void => {
      pending.fail(error)
      ended ??= { error, ours }
    }
    let ended: { error: Error, ours: boolean } | undefined
    let hasTurn = this.#slots.takeFree()
    const turn = hasTurn ? undefined : new AbortController()
    const giveUp = (reason: Error): void => {
      fail(reason, true)
      turn?.abort(reason)
      this.#pool.giveUp(pending, reason)
    }
    const onAbort = (): void => { giveUp(signal?.reason ?? new AbortError()) }
    const onShutdown = (): void => { giveUp(shutdown.reason) }
    const timer = setTimeout(() => {
      const late = new TimeoutError(`No answer within ${timeout} ms`)

      if (hasTurn && this.#pool.expire(pending, late)) {
        fail(late, false)
      } else {
        giveUp(new NotSentError(`It was not sent within ${timeout} ms: others had to be answered, or dialled, first. Do fewer things at once`))
      }
    }, timeout)
    signal?.addEventListener('abort', onAbort)
    const { ahead } = request

    if (ahead != null) {
      this.#events.onRequest?.(ahead.type, ahead.count ?? 1)
    }

    this.#events.onRequest?.(request.type, request.count ?? 1)

    try {
      if (turn != null) {
        shutdown.addEventListener('abort', onShutdown)
        pending.queued = true
        await this.#slots.take(turn.signal)
        hasTurn = true
      }

      this.#pool.send(pending)
      await pending.done
    } catch (error: any) {
      if (ended?.ours !== true && !isOurs(error)) {
        this.#events.onOutcome?.(to, request.type, { ok: false, ms: Date.now() - start, reach, queued: pending.queued, error })
      }

      throw error
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      shutdown.removeEventListener('abort', onShutdown)

      if (hasTurn) {
        this.#slots.give()
      }
    }
  }

  /**
   * A connection to the peer, within the limit on dials. Nobody ends it with the client: `signal` does.
   *
   * @throws {UndialableError} when there is no address to reach the peer at
   * @throws {RecentlyFailedDialError} when dialling it has failed a moment ago
   */
  async connect (to: WirePeer, signal: AbortSignal): Promise<Connection> {
    return this.#dialler.connect(to, { signal, onDial: () => {} })
  }

  async #open (to: WirePeer, options: ConnectOptions): Promise<OpenedStream> {
    const connection = await this.#dialler.connect(to, options)
    const stream = await connection.newStream(this.#options.protocol, {
      signal: options.signal,
      maxOutboundStreams: this.#options.maxOutboundStreams
    })

    return { stream, remoteAddr: connection.remoteAddr }
  }
}
