// Finds out whether a peer is alive and serves the protocol, by asking it for itself. Peers enter the table by answering,
// and lose their places by not answering; what the answer says is the client's report, this only asks. Bounded: a peer is
// asked once at a time, and whoever finds the queue full is not asked.

import { setMaxListeners } from 'main-event'
import PQueue from 'p-queue'
import { encodeRequest, MessageType } from '../wire/message.ts'
import type { Contact } from '../query/contact.ts'
import type { RequestOptions } from '../wire/client.ts'
import type { EncodedRequest, Message } from '../wire/message.ts'

export interface ProberOptions {
  /** probes at once */
  concurrency: number
  /** probes that may wait for their turn */
  maxQueueSize: number
  /** how long a peer may take, ms */
  timeout: number
}

/** Sends a request, and reports what became of it. */
interface Request {
  (to: Contact, request: EncodedRequest, options: RequestOptions): Promise<Message>
}

export interface ProberEvents {
  /** the queue is full: the peer is not asked */
  onDropped? (peer: Contact): void
  /** the peer was asked, and has answered within so many ms or not at all */
  onProbed? (ms: number, answered: boolean): void
}

export class Prober {
  readonly #options: ProberOptions
  readonly #request: Request
  readonly #events: ProberEvents
  readonly #queue: PQueue
  readonly #pending = new Map<string, Promise<boolean>>()
  #shutdown = quietController()

  constructor (options: ProberOptions, request: Request, events: ProberEvents = {}) {
    this.#options = options
    this.#request = request
    this.#events = events
    this.#queue = new PQueue({ concurrency: options.concurrency })
  }

  /** How many probes wait or run. */
  get pending (): number {
    return this.#pending.size
  }

  stop (): void {
    this.#shutdown.abort()
    this.#shutdown = quietController()
    this.#queue.clear()
    this.#pending.clear()
  }

  /** Whether the peer answers. A probe of it that is under way already serves both. */
  async probe (peer: Contact): Promise<boolean> {
    const pending = this.#pending.get(peer.id)

    if (pending != null) {
      return pending
    }

    if (this.#queue.size >= this.#options.maxQueueSize) {
      this.#events.onDropped?.(peer)
      return false
    }

    const { signal } = this.#shutdown
    // one that still waits when the node stops is not made
    const probe = this.#queue.add(async () => this.#ask(peer, signal)).catch(() => false).finally(() => {
      if (this.#pending.get(peer.id) === probe) {
        this.#pending.delete(peer.id)
      }
    })
    this.#pending.set(peer.id, probe)

    return probe
  }

  async #ask (peer: Contact, signal: AbortSignal): Promise<boolean> {
    const start = Date.now()
    let answered = true

    try {
      await this.#request(peer, encodeRequest({ type: MessageType.FIND_NODE, key: peer.multihash }), { signal, timeout: this.#options.timeout })
    } catch {
      // why it did not answer does not matter here; the client has reported it
      answered = false
    }

    this.#events.onProbed?.(Date.now() - start, answered)

    return answered
  }
}

/** One that does not warn when all probes listen to it. */
function quietController (): AbortController {
  const controller = new AbortController()
  setMaxListeners(Infinity, controller.signal)

  return controller
}
