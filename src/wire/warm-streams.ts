// Each peer's last stream, kept for a while in case it is asked again. Bounded, and swept by one timer for all.

import { AbortError } from '@libp2p/interface'
import type { RequestStream } from './request-stream.ts'

export interface WarmStreamsOptions {
  /** how long an unused stream is kept, ms; it is closed within twice this */
  idle: number
  /** how many are kept in all; when there are more, the one unused longest is closed */
  most: number
}

export class WarmStreams {
  readonly #options: WarmStreamsOptions
  /** by peer; who was used last stands last */
  readonly #streams = new Map<string, { stream: RequestStream, usedAt: number }>()
  /** closed by us, not yet by the other side */
  readonly #closing = new Set<RequestStream>()
  #sweep?: ReturnType<typeof setInterval>

  constructor (options: WarmStreamsOptions) {
    this.#options = options
  }

  get size (): number {
    return this.#streams.size
  }

  has (id: string): boolean {
    return this.#streams.has(id)
  }

  start (): void {
    this.#sweep ??= setInterval(() => { this.#closeIdle() }, this.#options.idle)
  }

  stop (error: Error): void {
    clearInterval(this.#sweep)
    this.#sweep = undefined

    for (const stream of [...this.#closing, ...[...this.#streams.values()].map(({ stream }) => stream)]) {
      stream.abort(error)
    }

    this.#closing.clear()
    this.#streams.clear()
  }

  /** The peer's warm stream, which is the caller's from then on. */
  take (id: string): RequestStream | undefined {
    const warm = this.#streams.get(id)

    if (warm != null) {
      this.#streams.delete(id)
      warm.stream.onEnd = undefined

      return warm.stream
    }
  }

  /** Hands over a stream that the caller is done with. */
  keep (id: string, stream: RequestStream): void {
    if (!stream.usable) {
      this.#discard(stream)
      return
    }

    const other = this.take(id)
    this.#streams.set(id, { stream, usedAt: Date.now() })
    stream.onEnd = () => { this.#end(id, stream) }

    if (other != null) {
      // several were needed for a moment; one a peer is enough
      this.#close(other)
    }

    if (this.#streams.size > this.#options.most) {
      const [oldest] = this.#streams.keys()
      this.#close(this.take(oldest) as RequestStream)
    }
  }

  #end (id: string, stream: RequestStream): void {
    if (this.#streams.get(id)?.stream === stream) {
      this.#streams.delete(id)
      this.#discard(stream)
    }
  }

  #discard (stream: RequestStream): void {
    if (stream.finished) {
      this.#close(stream)
    } else {
      stream.abort(new AbortError('The peer closed its end'))
    }
  }

  #close (stream: RequestStream): void {
    stream.close()
    this.#closing.add(stream)
  }

  #closeIdle (): void {
    for (const stream of this.#closing) {
      if (!stream.ended) {
        stream.abort(new AbortError('The peer did not close its end in time'))
      }
    }

    this.#closing.clear()

    const before = Date.now() - this.#options.idle

    for (const [id, { usedAt }] of this.#streams) {
      if (usedAt <= before) {
        this.#close(this.take(id) as RequestStream)
      }
    }
  }
}
