// The streams to one peer, and the requests that wait for one. A new stream is dear: a negotiation round trip and, in libp2p, two
// writes to the peer store on both ends. So requests go out one behind the other on the stream there is, and another one is
// opened only when that is full, or stuck behind a request that takes longer than usual.

import { TooManyRequestsError } from './errors.ts'
import { RequestStream } from './request-stream.ts'
import { StreamOpening } from './stream-opening.ts'
import type { WirePeer } from './peer.ts'
import type { PendingRequest } from './pending-request.ts'
import type { StreamEnd } from './request-stream.ts'
import type { OpenStream } from './stream-opening.ts'

/** How often a request is sent in all: once more when a used stream fails, and once more when that was not its own fault. */
const MAX_SENDS = 3

/** How long the reply to a request that was given up is waited for before its stream is reset, ms: as long as anyone counts as slow only. */
const PATIENCE = 5_000

/** How much may be under way with one peer. */
export interface PeerLimits {
  /** streams at once */
  streams: number
  /** requests on one of them that are not answered yet */
  inFlight: number
  /** requests that wait for a stream */
  waiting: number
}

export interface PeerStreamsOptions {
  limits: PeerLimits
  /** the peer is known to answer one request a stream */
  oneByOne: boolean
}

/** What a peer's streams need, and whom they tell. */
export interface PeerStreamsNeeds {
  open: OpenStream
  /** how long opening one may take once it is up to the peer, ms */
  timeout: number
  /** when a reply of the peer is late, ms */
  lateAfter (): number
  /** nothing is under way on the stream */
  onIdle (stream: RequestStream): void
  onBusy (stream: RequestStream): void
  /** it is of no more use */
  onEnded (stream: RequestStream): void
  /** the peer answers one request a stream */
  onOneByOne (): void
  /** there is no stream left and nothing waits */
  onEmpty (): void
}

export class PeerStreams {
  readonly #needs: PeerStreamsNeeds
  readonly #streams = new Set<RequestStream>()
  readonly #opening = new Set<StreamOpening>()
  readonly #waiting: PendingRequest[] = []
  readonly #most: number
  /** fewer than `#most` when the peer or libp2p took no more */
  #limit: number
  #inFlight: number
  readonly #maxWaiting: number
  #stopped = false

  constructor ({ limits, oneByOne }: PeerStreamsOptions, needs: PeerStreamsNeeds) {
    this.#needs = needs
    this.#most = this.#limit = limits.streams
    this.#inFlight = oneByOne ? 1 : limits.inFlight
    this.#maxWaiting = limits.waiting
  }

  /** Whether a request would go out on a stream that there is. */
  get warm (): boolean {
    return this.#roomiest() != null
  }

  /** How many requests wait for a stream. */
  get waiting (): number {
    return this.#waiting.length
  }

  /** Whether it is up to the peer that a request is not answered yet. */
  get called (): boolean {
    return this.#streams.size > 0 || [...this.#opening].some(opening => opening.calling)
  }

  /** @throws {TooManyRequestsError} when so many wait that this one would only wait longer */
  send (request: PendingRequest): void {
    if (this.#waiting.length >= this.#maxWaiting) {
      throw new TooManyRequestsError(`${this.#waiting.length} requests to this peer wait already, which is the limit: do fewer things at once, or raise limits.waitingPerPeer`)
    }

    // it gets there sooner than the one that a stream is opened for
    request.queued = this.#opening.size > 0
    this.#waiting.push(request)
    this.#serve()
  }

  /** The caller gives it up. No effect when it is done. */
  giveUp (request: PendingRequest, error: Error): void {
    if (request.stream != null) {
      request.stream.abandon(request, PATIENCE)
    } else {
      this.#leave(request, error)
    }
  }

  /**
   * Its time has run out: a stream whose oldest request it is is of no more use. No effect when it is done.
   *
   * @returns whether the peer had its chance: it was asked, or called
   */
  expire (request: PendingRequest, error: Error): boolean {
    const { stream } = request

    if (stream == null) {
      const calling = this.called && this.#streams.size === 0
      this.#leave(request, error)

      return calling
    }

    if (stream.oldest === request || request.read == null) {
      request.abandoned = true
      stream.abort(error)
    } else {
      stream.abandon(request, PATIENCE)
    }

    return true
  }

  /** Ends everything at once; what waits fails with the error. */
  stop (error: Error): void {
    this.#stopped = true
    this.#waiting.splice(0).forEach(request => { request.fail(error) })
    this.#giveUpOpening(error)
    this.#streams.forEach(stream => { stream.abort(error) })
  }

  /** Takes a stream out, on which nothing is under way. */
  remove (stream: RequestStream): void {
    this.#streams.delete(stream)
    this.#emptied()
  }

  /** Sends what can be sent, in the order in which it came, and opens streams for the rest. */
  #serve (): void {
    while (this.#waiting.length > 0) {
      const stream = this.#roomiest()
      const next = stream == null ? -1 : this.#waiting.findIndex(({ wantsNew }) => !wantsNew || !stream.used || this.#atLimit)

      if (stream == null || next === -1) {
        break
      }

      const [request] = this.#waiting.splice(next, 1)
      this.#needs.onBusy(stream)
      stream.send(request)
    }

    this.#openMore()
  }

  /** No stream will be opened for what waits. */
  get #atLimit (): boolean {
    return this.#opening.size === 0 && this.#streams.size >= this.#limit
  }

  /** The stream with the least to do that has room and is not stuck; one that is new before one that is not. */
  #roomiest (): RequestStream | undefined {
    let best: RequestStream | undefined

    for (const stream of this.#streams) {
      if (stream.usable && stream.inFlight < this.#inFlight && !stream.late &&
        (best == null || stream.inFlight < best.inFlight || (stream.inFlight === best.inFlight && best.used))) {
        best = stream
      }
    }

    return best
  }

  #openMore (): void {
    // the first one shows whether there is any use, and what waits goes out on it
    const most = this.#streams.size === 0 ? 1 : this.#limit
    const wanted = this.#waiting.filter(({ wantsNew }) => wantsNew).length || Math.ceil(this.#waiting.length / this.#inFlight)

    while (!this.#stopped && this.#opening.size < wanted && this.#streams.size + this.#opening.size < most) {
      const opening = new StreamOpening()
      this.#opening.add(opening)
      void this.#open(opening, this.#waiting[0].to)
    }

    for (const request of this.#waiting) {
      request.queued ||= this.#streams.size > 0
    }
  }

  /** Never rejects. */
  async #open (opening: StreamOpening, to: WirePeer): Promise<void> {
    try {
      const { stream, remoteAddr } = await opening.run(this.#needs.open, to, this.#needs.timeout, () => {
        this.#waiting.forEach(request => { request.queued = true })
      })

      this.#opening.delete(opening)
      this.#take(new RequestStream(stream, remoteAddr, {
        onRoom: stream => { this.#onRoom(stream) },
        onEnd: (stream, end) => { this.#onEnd(stream, end) },
        onLate: stream => { this.#onLate(stream) },
        lateAfter: this.#needs.lateAfter
      }))
    } catch (error: any) {
      this.#opening.delete(opening)

      if (!opening.givenUp) {
        this.#onOpenFailed(error)
      }
    }

    this.#emptied()
  }

  #take (stream: RequestStream): void {
    this.#streams.add(stream)
    this.#serve()

    if (stream.usable && stream.inFlight === 0) {
      // whoever it was opened for was served otherwise meanwhile
      this.#needs.onIdle(stream)
    }
  }

  #onOpenFailed (error: Error): void {
    if (this.#streams.size > 0) {
      // it takes no more streams than it has: these have to do
      this.#limit = this.#streams.size
      this.#serve()
    } else if (this.#opening.size === 0) {
      this.#waiting.splice(0).forEach(request => { request.fail(error) })
    }
  }

  #onRoom (stream: RequestStream): void {
    this.#serve()

    if (stream.usable && stream.inFlight === 0) {
      this.#needs.onIdle(stream)
    }
  }

  #onEnd (stream: RequestStream, { lost, error, byPeer, outOfStep }: StreamEnd): void {
    this.#streams.delete(stream)
    this.#needs.onEnded(stream)

    if (outOfStep && this.#inFlight > 1) {
      this.#inFlight = 1
      this.#needs.onOneByOne()
    }

    if (this.#streams.size === 0) {
      this.#limit = this.#most
    }

    const again: PendingRequest[] = []

    for (const [i, request] of lost.entries()) {
      // the far side answers in turn: the oldest is the one that it would not answer
      const mayBeWhy = byPeer && i === 0

      if (request.abandoned) {
        continue
      }

      if (this.#stopped || request.sends >= MAX_SENDS || (mayBeWhy && request.first)) {
        request.fail(error)
      } else {
        request.wantsNew = mayBeWhy
        again.push(request)
      }
    }

    this.#waiting.unshift(...again)
    this.#serve()
    this.#emptied()
  }

  /** What waits behind a request that takes longer than usual goes out on another stream, if there may be one. */
  #onLate (stream: RequestStream): void {
    if (this.#roomiest() != null || this.#streams.size + this.#opening.size < this.#limit) {
      this.#waiting.unshift(...stream.takeBack(({ sends }) => sends < MAX_SENDS, PATIENCE))
      this.#serve()
    }
  }

  #leave (request: PendingRequest, error: Error): void {
    const index = this.#waiting.indexOf(request)

    if (index === -1) {
      return
    }

    this.#waiting.splice(index, 1)

    if (this.#waiting.length === 0) {
      // nobody needs them any more
      this.#giveUpOpening(error)
      this.#emptied()
    }
  }

  #giveUpOpening (error: Error): void {
    this.#opening.forEach(opening => { opening.giveUp(error) })
    this.#opening.clear()
  }

  #emptied (): void {
    if (this.#streams.size === 0 && this.#opening.size === 0 && this.#waiting.length === 0) {
      this.#needs.onEmpty()
    }
  }
}
