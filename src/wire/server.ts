// Requests from peers: inbound streams, any number of requests on each, one answered after another. Whatever is malformed,
// oversized, unknown or refused resets the stream and is counted; nothing is answered by halves.

import { InvalidMessageError, TimeoutError } from '@libp2p/interface'
import { drained } from './drained.ts'
import { FrameReader } from './frame.ts'
import { MAX_MESSAGE_READ, MAX_UNSERVED } from './limits.ts'
import { decodeRequest, encodeMessage } from './message.ts'
import { fromPeerId } from './peer.ts'
import type { Message, MessageName, OutgoingMessage } from './message.ts'
import type { WirePeer } from './peer.ts'
import type { Connection, Logger, Stream } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

/** What a handler answers; the type and the key of the request go with it. */
export type Reply = Omit<OutgoingMessage, 'type' | 'key'>

/**
 * Answers one type of request; undefined is no answer at all. When it throws, the stream is reset. Handlers that need not
 * wait answer at once: the busiest one never does. `remoteAddr` is the address from which it came, the same object for
 * each request on a connection.
 */
export interface RequestHandler {
  (request: Message, from: WirePeer, remoteAddr?: Multiaddr): Reply | undefined | Promise<Reply | undefined>
}

export type RequestHandlers = Record<MessageName, RequestHandler>

export interface ServerOptions {
  /** how long a request may take, from its first byte to its answer, ms */
  requestTimeout: number
  /** how long a stream may stay without a request, ms */
  idleTimeout: number
}

export interface ServerEvents {
  onRequest? (type: MessageName, from: WirePeer): void
  onServed? (type: MessageName, ms: number): void
  /** `type` is unknown when the message could not be read */
  onRefused? (type: MessageName | 'UNREADABLE', from: WirePeer, error: Error): void
}

interface Served {
  readonly stream: Stream
  readonly from: WirePeer
  readonly remoteAddr: Multiaddr
  readonly reader: FrameReader
  /** when the last request was answered, or the request at hand began */
  since: number
  serving: boolean
  ended: boolean
}

export class Server {
  readonly #handlers: RequestHandlers
  readonly #options: ServerOptions
  readonly #events: ServerEvents
  readonly #log: Logger
  readonly #streams = new Set<Served>()
  #sweep?: ReturnType<typeof setInterval>

  constructor (handlers: RequestHandlers, options: ServerOptions, log: Logger, events: ServerEvents = {}) {
    this.#handlers = handlers
    this.#options = options
    this.#events = events
    this.#log = log
  }

  /** How many inbound streams are open. */
  get streams (): number {
    return this.#streams.size
  }

  /** No effect while it runs. */
  start (): void {
    this.#sweep ??= setInterval(() => { this.#resetLate() }, this.#options.requestTimeout / 2)
  }

  /** Resets every inbound stream. */
  stop (error: Error): void {
    clearInterval(this.#sweep)
    this.#sweep = undefined

    for (const { stream } of this.#streams) {
      stream.abort(error)
    }

    this.#streams.clear()
  }

  /** Serves a stream until either side ends it. */
  readonly onStream = (stream: Stream, connection: Connection): void => {
    const served: Served = {
      stream,
      from: fromPeerId(connection.remotePeer),
      remoteAddr: connection.remoteAddr,
      reader: new FrameReader(MAX_MESSAGE_READ),
      since: Date.now(),
      serving: false,
      ended: stream.remoteWriteStatus === 'closed'
    }

    if (this.#sweep == null) {
      stream.abort(new InvalidMessageError('The DHT was stopped'))
      return
    }

    this.#streams.add(served)
    stream.addEventListener('close', () => { this.#streams.delete(served) })
    stream.addEventListener('remoteCloseWrite', () => {
      served.ended = true
      this.#serve(served)
    })
    stream.addEventListener('message', event => {
      if (served.reader.pending === 0 && !served.serving) {
        served.since = Date.now()
      }

      served.reader.push(event.data)

      if (served.serving && served.reader.pending > MAX_UNSERVED && stream.readStatus === 'readable') {
        stream.pause()
      }

      this.#serve(served)
    })

    // what came before is handed over in the next microtask; the other side may have left since
    queueMicrotask(() => { queueMicrotask(() => { this.#serve(served) }) })
  }

  /**
   * Answers what has come in, one request after another. Synchronous as long as the handlers are and the other side reads
   * what it is sent. No effect while a request is being answered.
   */
  #serve (served: Served): void {
    while (!served.serving && served.stream.status === 'open') {
      let type: MessageName | 'UNREADABLE' = 'UNREADABLE'

      try {
        const bytes = served.reader.next()

        if (bytes == null) {
          this.#rest(served)
          return
        }

        const request = decodeRequest(bytes)
        type = request.type
        this.#events.onRequest?.(type, served.from)
        const reply = this.#handlers[type](request, served.from, served.remoteAddr)
        const sent = reply instanceof Promise
          ? reply.then(reply => this.#answer(served, request, reply))
          : this.#answer(served, request, reply)

        if (sent != null) {
          served.serving = true
          sent.then(() => {
            served.serving = false
            this.#serve(served)
          }).catch((error: Error) => { this.#refuse(served, request.type, error) })
        }
      } catch (error: any) {
        this.#refuse(served, type, error)
      }
    }
  }

  /** Nothing to do until more comes. */
  #rest (served: Served): void {
    if (served.stream.readStatus === 'paused') {
      // this may bring more, and so begin to serve anew
      served.stream.resume()
    }

    if (!served.ended || served.serving || served.stream.status !== 'open') {
      return
    }

    if (served.reader.pending > 0) {
      this.#refuse(served, 'UNREADABLE', new InvalidMessageError('The stream ended in the middle of a message'))
    } else {
      served.stream.close().catch((error: Error) => { served.stream.abort(error) })
    }
  }

  /** Sends the reply; when the other side does not read fast enough, resolves when it has. */
  #answer (served: Served, request: Message, reply: Reply | undefined): Promise<void> | undefined {
    let sent: Promise<void> | undefined

    if (reply != null && served.stream.writeStatus === 'writable') {
      if (!served.stream.send(encodeMessage({ type: request.type, key: request.key, ...reply }))) {
        sent = drained(served.stream)
      }
    }

    const now = Date.now()
    this.#events.onServed?.(request.type, now - served.since)
    served.since = now

    return sent
  }

  #refuse (served: Served, type: MessageName | 'UNREADABLE', error: Error): void {
    if (!this.#streams.delete(served)) {
      // the other side ended it while it was served: there is nothing to refuse
      return
    }

    this.#log('refused %s - %e', type, error)
    this.#events.onRefused?.(type, served.from, error)
    served.stream.abort(error)
  }

  #resetLate (): void {
    const now = Date.now()

    for (const served of this.#streams) {
      const busy = served.serving || served.reader.pending > 0
      const late = now - served.since > (busy ? this.#options.requestTimeout : this.#options.idleTimeout)

      if (late && busy) {
        this.#refuse(served, 'UNREADABLE', new TimeoutError('The request took too long'))
      } else if (late) {
        this.#streams.delete(served)
        served.stream.abort(new TimeoutError('The stream was idle for too long'))
      }
    }
  }
}
