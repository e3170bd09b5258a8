// Requests to peers. A new stream costs a negotiation round trip and a peer-store write on both ends, so each peer's last
// one is kept warm and reused; the far side may close it whenever it likes, so a request that fails on a *reused* stream
// before its reply is sent once more, on a new one.

import { AbortError, InvalidMessageError, NotStartedError, StreamResetError, TimeoutError } from '@libp2p/interface'
import { setMaxListeners } from 'main-event'
import { decodeReply } from './message.ts'
import { parseAddresses, toPeerId } from './peer.ts'
import { RequestStream } from './request-stream.ts'
import { WarmStreams } from './warm-streams.ts'
import type { EncodedRequest, Message, MessageName } from './message.ts'
import type { PeerInfoMapper, WirePeer } from './peer.ts'
import type { AbortOptions, Connection, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

export interface ClientOptions {
  protocol: string
  /** how long a request may take in all, dial included, ms */
  timeout: number
  /** how long an unused stream is kept, ms */
  idle: number
  /** streams a connection may have on the protocol */
  maxOutboundStreams: number
  /** streams kept for reuse in all */
  maxWarmStreams: number
}

export interface RequestOptions extends AbortOptions {
  /** how long it may take if not the usual time, ms */
  timeout?: number
}

/** What the client needs of a libp2p node. */
export interface ClientNetwork {
  connections (peer: PeerId): Connection[]
  /** the addresses that are known to be the peer's */
  addresses (peer: PeerId, options: AbortOptions): Promise<Multiaddr[]>
  dial (addresses: Multiaddr[], options: AbortOptions): Promise<Connection>
  /** every peer's addresses pass it before they are dialled */
  mapper: PeerInfoMapper
}

/** What became of a request. */
export interface RequestOutcome {
  ok: boolean
  /** how long it took, ms */
  ms: number
  /** it needed neither a new connection nor a new stream, so that `ms` is one round trip */
  warm: boolean
  /** why it failed */
  error?: Error
  /** where the peer was reached, if it was */
  remoteAddr?: Multiaddr
}

export interface ClientEvents {
  onRequest? (type: MessageName): void
  /** not called for a request that the caller gave up, nor for one sent that has no answer */
  onOutcome? (to: WirePeer, type: MessageName, outcome: RequestOutcome): void
}

/** Nobody gave an address of the peer that may be dialled. */
export class UndialableError extends Error {
  override name = 'UndialableError'
}

export class Client {
  readonly #options: ClientOptions
  readonly #network: ClientNetwork
  readonly #events: ClientEvents
  readonly #warm: WarmStreams
  readonly #busy = new Set<RequestStream>()
  #shutdown?: AbortController

  constructor (options: ClientOptions, network: ClientNetwork, events: ClientEvents = {}) {
    this.#options = options
    this.#network = network
    this.#events = events
    this.#warm = new WarmStreams({ idle: options.idle, most: options.maxWarmStreams })
  }

  /** How many streams are kept warm, and how many are in use. */
  get streams (): { warm: number, busy: number } {
    return { warm: this.#warm.size, busy: this.#busy.size }
  }

  /** Whether a request to the peer would need no new connection or stream. */
  isWarm (id: string): boolean {
    return this.#warm.has(id)
  }

  /** No effect while it runs. */
  start (): void {
    if (this.#shutdown == null) {
      this.#shutdown = new AbortController()
      setMaxListeners(Infinity, this.#shutdown.signal)
      this.#warm.start()
    }
  }

  /** Ends every request and every stream. */
  stop (): void {
    const error = new NotStartedError('The DHT was stopped')

    this.#shutdown?.abort(error)
    this.#shutdown = undefined
    this.#warm.stop(error)

    for (const stream of this.#busy) {
      stream.abort(error)
    }

    this.#busy.clear()
  }

  /**
   * Sends a request and returns its reply.
   *
   * @throws {UndialableError} when there is no address to reach the peer at
   * @throws {TimeoutError} when it took too long
   * @throws {InvalidMessageError} when the peer answered something else
   */
  async request (to: WirePeer, request: EncodedRequest, options: RequestOptions = {}): Promise<Message> {
    return this.#limited(to, request, options, async (stream, signal) => {
      return decodeReply(await stream.exchange(request.bytes, signal), request)
    })
  }

  /**
   * Sends a request that has no reply, as ADD_PROVIDER. It resolves when the stream has taken it, which is all that the
   * protocol lets anyone know.
   */
  async notify (to: WirePeer, request: EncodedRequest, options: RequestOptions = {}): Promise<void> {
    return this.#limited(to, request, options, async (stream, signal) => {
      await stream.write(request.bytes, { signal })
    }, false)
  }

  /** Does it within the time limit, and ends it when the caller or `stop` says so; reports what became of it. */
  async #limited <T> (to: WirePeer, request: EncodedRequest, options: RequestOptions, exchange: Exchange<T>, answered = true): Promise<T> {
    options.signal?.throwIfAborted()

    if (this.#shutdown == null) {
      throw new NotStartedError('The DHT is not started: start the libp2p node first')
    }

    const shutdown = this.#shutdown.signal
    const controller = new AbortController()
    const onAbort = (): void => { controller.abort(options.signal?.reason ?? new AbortError()) }
    const onShutdown = (): void => { controller.abort(shutdown.reason) }
    const timeout = options.timeout ?? this.#options.timeout
    const timer = setTimeout(() => { controller.abort(new TimeoutError(`No answer within ${timeout} ms`)) }, timeout)
    setMaxListeners(Infinity, controller.signal)
    options.signal?.addEventListener('abort', onAbort)
    shutdown.addEventListener('abort', onShutdown)

    const start = Date.now()
    this.#events.onRequest?.(request.type)

    try {
      const { result, warm, remoteAddr } = await this.#attempt(to, exchange, controller.signal)

      if (answered) {
        this.#events.onOutcome?.(to, request.type, { ok: true, ms: Date.now() - start, warm, remoteAddr })
      }

      return result
    } catch (error: any) {
      const reason = controller.signal.aborted ? controller.signal.reason : toError(error)

      if (options.signal?.aborted !== true && !shutdown.aborted) {
        this.#events.onOutcome?.(to, request.type, { ok: false, ms: Date.now() - start, warm: false, error: reason })
      }

      throw reason
    } finally {
      clearTimeout(timer)
      options.signal?.removeEventListener('abort', onAbort)
      shutdown.removeEventListener('abort', onShutdown)
    }
  }

  async #attempt <T> (to: WirePeer, exchange: Exchange<T>, signal: AbortSignal): Promise<Attempt<T>> {
    const warm = this.#warm.take(to.id)

    if (warm != null) {
      try {
        return { result: await this.#use(to.id, warm, exchange, signal), warm: true, remoteAddr: warm.remoteAddr }
      } catch (error) {
        if (signal.aborted || error instanceof InvalidMessageError) {
          throw error
        }
        // the other side had closed it, or was about to
      }
    }

    const stream = await this.#open(to, signal)

    return { result: await this.#use(to.id, stream, exchange, signal), warm: false, remoteAddr: stream.remoteAddr }
  }

  /** Afterwards the stream is warm, or it is gone. */
  async #use <T> (id: string, stream: RequestStream, exchange: Exchange<T>, signal: AbortSignal): Promise<T> {
    this.#busy.add(stream)

    try {
      const result = await exchange(stream, signal)
      this.#warm.keep(id, stream)

      return result
    } catch (error: any) {
      stream.abort(error)
      throw error
    } finally {
      this.#busy.delete(stream)
    }
  }

  async #open (to: WirePeer, signal: AbortSignal): Promise<RequestStream> {
    const connection = await this.#connect(to, signal)
    const stream = await connection.newStream(this.#options.protocol, {
      signal,
      maxOutboundStreams: this.#options.maxOutboundStreams
    })

    if (signal.aborted) {
      // it opened after the end: nobody else would close it
      stream.abort(signal.reason)
      throw signal.reason
    }

    return new RequestStream(stream, connection.remoteAddr)
  }

  async #connect (to: WirePeer, signal: AbortSignal): Promise<Connection> {
    const peer = toPeerId(to)
    const connected = this.#network.connections(peer).find(connection => connection.status === 'open' && connection.limits == null)

    if (connected != null) {
      return connected
    }

    // the peer's own word first: what others say of its addresses may be old, or a lie
    const known = await this.#network.addresses(peer, { signal })
    const heard = this.#network.mapper({ id: peer, multiaddrs: parseAddresses(to) }).multiaddrs
    const addresses = new Map([...known, ...heard].map(addr => withPeer(addr, peer)).map(addr => [addr.toString(), addr]))

    // dialling a peer without addresses would have libp2p ask the DHT for them, and so this very client
    if (addresses.size === 0) {
      throw new UndialableError('Nobody gave an address of this peer that may be dialled')
    }

    return this.#network.dial([...addresses.values()], { signal })
  }
}

interface Attempt<T> extends Pick<RequestOutcome, 'warm' | 'remoteAddr'> {
  result: T
}

interface Exchange<T> {
  (stream: RequestStream, signal: AbortSignal): Promise<T>
}

/** When a connection closes while a stream opens on it, libp2p throws the event that tells of it. */
function toError (thrown: unknown): Error {
  if (thrown instanceof Error) {
    return thrown
  }

  return (thrown as { error?: Error }).error ?? new StreamResetError('The connection was closed')
}

/** An address that says whom to expect there. */
function withPeer (addr: Multiaddr, peer: PeerId): Multiaddr {
  const suffix = `/p2p/${peer.toString()}`

  return addr.toString().endsWith(suffix) ? addr : addr.encapsulate(suffix)
}
