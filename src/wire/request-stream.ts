// A stream that requests go out on, one after another. It belongs to the client: the far side only answers.

import { InvalidMessageError, StreamResetError } from '@libp2p/interface'
import { drained } from './drained.ts'
import { FrameReader } from './frame.ts'
import { MAX_MESSAGE_READ } from './limits.ts'
import type { AbortOptions, Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

export class RequestStream {
  readonly remoteAddr: Multiaddr
  readonly #stream: Stream
  readonly #reader = new FrameReader(MAX_MESSAGE_READ)
  #waiting?: PromiseWithResolvers<Uint8Array>

  /** Called once when the stream ends while no reply is awaited: it is of no more use. */
  onEnd?: () => void

  /** `remoteAddr`: where the far side was reached */
  constructor (stream: Stream, remoteAddr: Multiaddr) {
    this.#stream = stream
    this.remoteAddr = remoteAddr
    stream.addEventListener('message', this.#onMessage)
    stream.addEventListener('close', this.#onClose)
    stream.addEventListener('remoteCloseWrite', this.#onClose)
  }

  /** Whether a further request may go out on it. */
  get usable (): boolean {
    return this.#stream.status === 'open' && this.#stream.remoteWriteStatus === 'writable' && this.#reader.pending === 0
  }

  /** Whether the far side has ended its half after whole replies. */
  get finished (): boolean {
    return this.#stream.status === 'open' && this.#stream.remoteWriteStatus === 'closed' && this.#reader.pending === 0
  }

  get ended (): boolean {
    return this.#stream.status !== 'open' && this.#stream.status !== 'closing'
  }

  /** Sends bytes and returns the frame that comes back. */
  async exchange (bytes: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    signal.throwIfAborted()
    const waiting = this.#waiting = Promise.withResolvers<Uint8Array>()
    // a stream that breaks while it is written to rejects it before anyone waits
    waiting.promise.catch(() => {})
    const onAbort = (): void => { waiting.reject(signal.reason) }
    signal.addEventListener('abort', onAbort)

    try {
      this.#stream.send(bytes)
      return await waiting.promise
    } finally {
      if (this.#waiting === waiting) {
        this.#waiting = undefined
      }

      signal.removeEventListener('abort', onAbort)
    }
  }

  /** Sends bytes that nothing comes back for, and resolves when the stream has taken them. */
  async write (bytes: Uint8Array, options: AbortOptions): Promise<void> {
    options.signal?.throwIfAborted()

    if (!this.#stream.send(bytes)) {
      await drained(this.#stream, options)
    }
  }

  /** Ends it as one should: the far side still has to end its half. */
  close (): void {
    this.#detach()
    this.#stream.close().catch((error: Error) => { this.#stream.abort(error) })
  }

  /** Ends it at once. No effect when it has ended. */
  abort (error: Error): void {
    this.#detach()
    this.#waiting?.reject(error)
    this.#stream.abort(error)
  }

  readonly #onMessage = (event: StreamMessageEvent): void => {
    try {
      this.#reader.push(event.data)
      const frame = this.#reader.next()

      if (frame == null) {
        return
      }

      if (this.#waiting == null) {
        throw new InvalidMessageError('The peer answered more than it was asked')
      }

      this.#waiting.resolve(frame)
      this.#waiting = undefined
    } catch (error: any) {
      this.#end(error)
      this.#stream.abort(error)
    }
  }

  readonly #onClose = (event: Event): void => {
    this.#end((event as StreamCloseEvent).error ?? new StreamResetError('The peer closed the stream'))
  }

  #end (error: Error): void {
    if (this.#waiting != null) {
      this.#waiting.reject(error)
    } else {
      this.onEnd?.()
    }
  }

  #detach (): void {
    this.onEnd = undefined
    this.#stream.removeEventListener('message', this.#onMessage)
    this.#stream.removeEventListener('close', this.#onClose)
    this.#stream.removeEventListener('remoteCloseWrite', this.#onClose)
  }
}
