// The streams to all peers. One without anything to do is kept for a while, one a peer, in case the peer is asked again; they are
// bounded, and swept together.

import { AbortError } from '@libp2p/interface'
import QuickLRU from 'quick-lru'
import { PeerStreams } from './peer-streams.ts'
import type { PeerLimits, PeerStreamsNeeds } from './peer-streams.ts'
import type { PendingRequest } from './pending-request.ts'
import type { RequestStream } from './request-stream.ts'

/** How many peers that answer one request a stream are remembered. */
const ONE_BY_ONE = 512

export interface StreamPoolOptions {
  /** how long a stream without a request is kept, ms; it is closed within twice this */
  idle: number
  /** how many are kept in all; when there are more, the one unused longest is closed */
  most: number
  /** how much may be under way with one peer */
  perPeer: PeerLimits
}

export interface StreamPoolNeeds extends Pick<PeerStreamsNeeds, 'open' | 'timeout'> {
  lateAfter (id: string): number
}

export class StreamPool {
  readonly #options: StreamPoolOptions
  readonly #needs: StreamPoolNeeds
  /** those that have a stream or wait for one */
  readonly #peers = new Map<string, PeerStreams>()
  readonly #oneByOne = new QuickLRU<string, true>({ maxSize: ONE_BY_ONE / 2 })
  readonly #busy = new Set<RequestStream>()
  /** since when they have nothing to do; whose turn came last stands last */
  readonly #idle = new Map<RequestStream, { id: string, since: number }>()
  /** which of them is kept of a peer */
  readonly #kept = new Map<string, RequestStream>()
  /** closed by us, not yet by the other side */
  readonly #closing = new Set<RequestStream>()

  constructor (options: StreamPoolOptions, needs: StreamPoolNeeds) {
    this.#options = options
    this.#needs = needs
  }

  /** How many streams have nothing to do, and how many have. */
  get size (): { warm: number, busy: number } {
    return { warm: this.#idle.size, busy: this.#busy.size }
  }

  /** How many requests wait for a stream. */
  get waiting (): number {
    let waiting = 0

    for (const peer of this.#peers.values()) {
      waiting += peer.waiting
    }

    return waiting
  }

  /** Whether a request to the peer would need no new connection or stream. */
  isWarm (id: string): boolean {
    return this.#peers.get(id)?.warm ?? false
  }

  /** Whether it is up to the peer, and not to a limit of this node, that a request to it is not answered yet. */
  isCalled (id: string): boolean {
    return this.#peers.get(id)?.called ?? false
  }

  /** @throws {TooManyRequestsError} when too many requests to the peer wait */
  send (request: PendingRequest): void {
    this.#peer(request.to.id).send(request)
  }

  /** The caller does not want it any more. No effect when it is done. */
  giveUp (request: PendingRequest, error: Error): void {
    this.#peers.get(request.to.id)?.giveUp(request, error)
  }

  /**
   * Its time has run out. No effect when it is done.
   *
   * @returns whether the peer had its chance
   */
  expire (request: PendingRequest, error: Error): boolean {
    return this.#peers.get(request.to.id)?.expire(request, error) ?? true
  }

  /** Ends every request and every stream. */
  stop (error: Error): void {
    for (const peer of this.#peers.values()) {
      peer.stop(error)
    }

    this.#closing.forEach(stream => { stream.abort(error) })
    this.#closing.clear()
    this.#peers.clear()
    this.#busy.clear()
    this.#idle.clear()
    this.#kept.clear()
  }

  /** Closes streams that have had nothing to do for long, and resets those that the other side has not closed. */
  sweep (): void {
    this.#closing.forEach(stream => { stream.abort(new AbortError('The peer did not close its end in time')) })
    this.#closing.clear()
    const before = Date.now() - this.#options.idle

    for (const [stream, { since }] of this.#idle) {
      if (since > before) {
        break
      }

      this.#close(stream)
    }
  }

  #peer (id: string): PeerStreams {
    const known = this.#peers.get(id)

    if (known != null) {
      return known
    }

    const peer = new PeerStreams({ limits: this.#options.perPeer, oneByOne: this.#oneByOne.has(id) }, {
      open: this.#needs.open,
      timeout: this.#needs.timeout,
      lateAfter: () => this.#needs.lateAfter(id),
      onBusy: stream => { this.#onBusy(id, stream) },
      onIdle: stream => { this.#onIdle(id, stream) },
      onEnded: stream => {
        this.#onBusy(id, stream)
        this.#busy.delete(stream)
      },
      onOneByOne: () => { this.#oneByOne.set(id, true) },
      onEmpty: () => {
        if (this.#peers.get(id) === peer) {
          this.#peers.delete(id)
        }
      }
    })
    this.#peers.set(id, peer)

    return peer
  }

  #onBusy (id: string, stream: RequestStream): void {
    this.#busy.add(stream)

    if (this.#idle.delete(stream) && this.#kept.get(id) === stream) {
      this.#kept.delete(id)
    }
  }

  #onIdle (id: string, stream: RequestStream): void {
    this.#busy.delete(stream)
    const other = this.#kept.get(id)
    this.#kept.set(id, stream)
    this.#idle.delete(stream)
    this.#idle.set(stream, { id, since: Date.now() })

    if (other != null && other !== stream) {
      // several were needed for a moment; one a peer is enough
      this.#close(other)
    }

    if (this.#idle.size > this.#options.most) {
      const [oldest] = this.#idle.keys()
      this.#close(oldest)
    }
  }

  #close (stream: RequestStream): void {
    const { id } = this.#idle.get(stream) as { id: string }
    this.#onBusy(id, stream)
    this.#busy.delete(stream)
    this.#closing.add(stream)
    stream.close(() => { this.#closing.delete(stream) })
    this.#peers.get(id)?.remove(stream)
  }
}
