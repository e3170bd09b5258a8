// A stream that requests go out on. The far side answers them one after the other, so the next one may go out before the reply
// to the last has come: the first reply is that to the oldest. It belongs to the client: the far side only answers.

import { InvalidMessageError, StreamResetError } from '@libp2p/interface'
import { drained } from './drained.ts'
import { FrameReader } from './frame.ts'
import { MAX_MESSAGE_READ } from './limits.ts'
import { PendingRequest } from './pending-request.ts'
import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

/** How a stream ended. */
export interface StreamEnd {
  /** what was not answered, oldest first */
  lost: PendingRequest[]
  error: Error
  /** the far side ended it: what it did not answer, or else could not be sent, may be the reason */
  byPeer: boolean
  /** it came to an end with requests unanswered right behind one that was answered, or after a reply to something else */
  outOfStep: boolean
}

export interface RequestStreamEvents {
  /** a reply has come, or a message has gone out: there may be nothing left to wait for */
  onRoom (stream: RequestStream): void
  /** it is of no more use; called once, and not for `close()` */
  onEnd (stream: RequestStream, end: StreamEnd): void
  /** the oldest request has not been answered in time, and others wait behind it */
  onLate (stream: RequestStream): void
  /** when that is, ms */
  lateAfter (): number
}

export class RequestStream {
  readonly remoteAddr: Multiaddr
  readonly #stream: Stream
  readonly #events: RequestStreamEvents
  readonly #reader = new FrameReader(MAX_MESSAGE_READ)
  /** not answered yet, oldest first */
  readonly #asked: PendingRequest[] = []
  /** without an answer, not yet taken by the stream */
  readonly #telling = new Set<PendingRequest>()
  /** of those that nobody waits for: when the stream is given up */
  readonly #patience = new Map<PendingRequest, ReturnType<typeof setTimeout>>()
  readonly #ending = new AbortController()
  /** since when the oldest is that, unix ms */
  #oldestSince = 0
  #late?: ReturnType<typeof setTimeout>
  #answeredBefore = false
  #used = false

  /** `remoteAddr`: where the far side was reached */
  constructor (stream: Stream, remoteAddr: Multiaddr, events: RequestStreamEvents) {
    this.#stream = stream
    this.remoteAddr = remoteAddr
    this.#events = events
    stream.addEventListener('message', this.#onMessage)
    stream.addEventListener('close', this.#onClose)
    stream.addEventListener('remoteCloseWrite', this.#onClose)
  }

  /** Whether a further request may go out on it. */
  get usable (): boolean {
    return !this.#ending.signal.aborted && this.#stream.status === 'open' && this.#stream.remoteWriteStatus === 'writable'
  }

  /** Whether anything has gone out on it. */
  get used (): boolean {
    return this.#used
  }

  /** How many requests have not been answered. */
  get inFlight (): number {
    return this.#asked.length + this.#telling.size
  }

  /** The oldest of them that has an answer. */
  get oldest (): PendingRequest | undefined {
    return this.#asked[0]
  }

  /** Whether the oldest of them has taken longer than usual. */
  get late (): boolean {
    return this.#asked.length > 0 && Date.now() - this.#oldestSince >= this.#events.lateAfter()
  }

  /** Sends a request, behind those that have not been answered. */
  send (request: PendingRequest): void {
    request.stream = this
    request.first = !this.#used
    request.sends++
    request.queued ||= this.inFlight > 0
    this.#used = true

    if (request.read == null) {
      this.#tell(request)
    } else {
      this.#ask(request)
    }
  }

  /**
   * Nobody waits for the reply any more. When it comes within `patience` ms it is still read, and the stream goes on; if not,
   * the stream is reset, and what waits behind it goes out on another one.
   */
  abandon (request: PendingRequest, patience: number): void {
    request.abandoned = true

    if (this.#asked.includes(request)) {
      this.#patience.set(request, setTimeout(() => {
        this.#end({ error: new StreamResetError('The reply to a request that was given up did not come'), byPeer: false })
      }, patience))
    }

    // one that has no reply goes out all the same: the stream has it already
  }

  /** Takes back those that wait behind the oldest, to be sent elsewhere: here their replies are not waited for. */
  takeBack (which: (request: PendingRequest) => boolean, patience: number): PendingRequest[] {
    const taken = this.#asked.slice(1).filter(request => !request.abandoned && which(request))

    for (const request of taken) {
      const stays = new PendingRequest(request)
      this.#asked[this.#asked.indexOf(request)] = stays
      this.abandon(stays, patience)
      request.stream = undefined
    }

    return taken
  }

  /** Ends it as one should: the far side still has to end its half, and `onClosed` tells when it has. Nothing is in flight. */
  close (onClosed: () => void): void {
    this.#detach()
    this.#stream.addEventListener('close', onClosed, { once: true })
    this.#stream.close().catch((error: Error) => { this.#stream.abort(error) })
  }

  /** Ends it at once. What is in flight is lost. */
  abort (error: Error): void {
    if (this.#ending.signal.aborted) {
      this.#stream.abort(error)
    } else {
      this.#end({ error, byPeer: false })
    }
  }

  #ask (request: PendingRequest): void {
    this.#asked.push(request)

    if (this.#asked.length === 1) {
      this.#oldestSince = Date.now()
    } else {
      this.#watch()
    }

    try {
      this.#stream.send(request.bytes)
    } catch (error: any) {
      this.#end({ error, byPeer: true })
    }
  }

  #tell (request: PendingRequest): void {
    this.#telling.add(request)
    const onTold = (): void => {
      if (this.#telling.delete(request)) {
        request.stream = undefined
        request.succeed()
        this.#events.onRoom(this)
      }
    }

    try {
      if (this.#stream.send(request.bytes)) {
        onTold()
      } else {
        drained(this.#stream, { signal: this.#ending.signal }).then(onTold, (error: Error) => { this.#end({ error, byPeer: true }) })
      }
    } catch (error: any) {
      this.#end({ error, byPeer: true })
    }
  }

  readonly #onMessage = (event: StreamMessageEvent): void => {
    let answered = this.oldest

    try {
      this.#reader.push(event.data)

      for (let frame = this.#reader.next(); frame != null; frame = this.#reader.next()) {
        this.#onReply(this.#asked.shift(), frame)
        answered = this.oldest
      }

      if (answered == null && this.#reader.pending > 0) {
        throw new InvalidMessageError('The peer answered more than it was asked')
      }
    } catch (error: any) {
      this.#end({ error, byPeer: false, outOfStep: this.#asked.length > 0 }, answered)
      return
    }

    this.#events.onRoom(this)
  }

  #onReply (request: PendingRequest | undefined, frame: Uint8Array): void {
    if (request == null) {
      throw new InvalidMessageError('The peer answered more than it was asked')
    }

    clearTimeout(this.#patience.get(request))
    this.#patience.delete(request)
    this.#oldestSince = Date.now()
    this.#answeredBefore = this.#asked.length > 0

    if (this.#asked.length < 2) {
      clearTimeout(this.#late)
      this.#late = undefined
    }

    request.read?.(frame, request)
    request.stream = undefined
    request.succeed()
  }

  readonly #onClose = (event: Event): void => {
    this.#end({
      error: (event as StreamCloseEvent).error ?? new StreamResetError('The peer closed the stream'),
      byPeer: true,
      outOfStep: event.type === 'remoteCloseWrite' && this.#answeredBefore && this.#asked.length > 0
    })
  }

  /** Looks when the oldest is late, for as long as something waits behind it. */
  #watch (): void {
    if (this.#late == null && this.#asked.length > 1) {
      const rest = this.#oldestSince + this.#events.lateAfter() - Date.now()

      this.#late = setTimeout(() => {
        this.#late = undefined

        if (this.late) {
          this.#events.onLate(this)
        } else {
          this.#watch()
        }
      }, Math.max(0, rest))
    }
  }

  /** `failed`: whose reply was the reason; it has failed, and is not sent again. */
  #end ({ error, byPeer, outOfStep = false }: Pick<StreamEnd, 'error' | 'byPeer'> & Partial<StreamEnd>, failed?: PendingRequest): void {
    if (this.#ending.signal.aborted) {
      return
    }

    const lost = [...this.#asked, ...this.#telling].filter(request => request !== failed)
    // the far side has ended its half after whole replies: so shall we
    const finished = this.inFlight === 0 && this.#stream.status === 'open' && this.#stream.remoteWriteStatus === 'closed' && this.#reader.pending === 0
    this.#detach()

    for (const request of lost) {
      request.stream = undefined
    }

    failed?.fail(error)

    if (finished) {
      this.#stream.close().catch((error: Error) => { this.#stream.abort(error) })
    } else {
      this.#stream.abort(error)
    }

    this.#events.onEnd(this, { lost, error, byPeer, outOfStep })
  }

  #detach (): void {
    this.#ending.abort()
    this.#asked.length = 0
    this.#telling.clear()
    clearTimeout(this.#late)

    for (const timer of this.#patience.values()) {
      clearTimeout(timer)
    }

    this.#patience.clear()
    this.#stream.removeEventListener('message', this.#onMessage)
    this.#stream.removeEventListener('close', this.#onClose)
    this.#stream.removeEventListener('remoteCloseWrite', this.#onClose)
  }
}
