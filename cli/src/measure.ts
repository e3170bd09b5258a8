// Runs an operation of the DHT to its end and counts what it took: messages, hops, milliseconds. Hops come from who named
// whom: a peer that was known before has depth 0, and one that was first named in a reply is one deeper than who replied.

import { EventTypes } from 'libp2p-kad'
import type { PeerId } from '@libp2p/interface'
import type { KadDHT, Operation, QueryEvent, WriteResult } from 'libp2p-kad'

export interface Measured<T> {
  result: T
  /** replies, one leading to the next, that it took to hear of the peer that had the answer */
  hops: number
  /** requests sent */
  messages: number
  ms: number
}

/** What an event adds to the picture. */
export interface EventView {
  event: QueryEvent
  /** depth of the peer that the event is about */
  depth: number
  /** ms since the peer was asked, where it is an answer */
  ms?: number
}

export class Trace {
  messages = 0
  hops = 0
  readonly #depths = new Map<string, number>()
  readonly #named = new Map<string, number>()
  readonly #askedAt = new Map<string, number>()
  #answered = false

  /** @param known - the peers that the node knows without asking anybody */
  constructor (known: PeerId[]) {
    known.forEach(peer => { this.#depths.set(peer.toString(), 0) })
  }

  onEvent (event: QueryEvent): EventView {
    switch (event.type) {
      case EventTypes.SEND_QUERY:
        this.messages++
        this.#askedAt.set(event.to.toString(), performance.now())
        return { event, depth: this.#depth(event.to) }
      case EventTypes.PEER_RESPONSE: {
        const depth = this.#depth(event.from)

        for (const { id } of event.closer) {
          const name = id.toString()
          this.#named.set(name, this.#named.get(name) ?? depth + 1)
        }

        return { event, depth, ms: this.#since(event.from) }
      }
      case EventTypes.QUERY_ERROR:
        return { event, depth: this.#depth(event.from), ms: this.#since(event.from) }
      case EventTypes.VALUE:
      case EventTypes.PROVIDER:
        this.#onAnswer(this.#depth(event.from))
        return { event, depth: this.#depth(event.from) }
      case EventTypes.FINAL_PEER:
        // whoever looks for a peer needs somebody to name it, even a peer that it knows
        this.#onAnswer(this.#named.get(event.peer.id.toString()) ?? 0)
        return { event, depth: this.hops }
      default:
        return { event, depth: 0 }
    }
  }

  #onAnswer (depth: number): void {
    if (!this.#answered) {
      this.#answered = true
      this.hops = depth
    }
  }

  #depth (peer: PeerId): number {
    const name = peer.toString()

    return this.#depths.get(name) ?? this.#named.get(name) ?? 0
  }

  #since (peer: PeerId): number | undefined {
    const askedAt = this.#askedAt.get(peer.toString())

    return askedAt == null ? undefined : performance.now() - askedAt
  }
}

/**
 * @param dht - on which it runs
 * @param start - starts the operation; it is iterated if it has events, so it must be a new one
 * @param onEvent - hears what happens
 * @throws {Error} what the operation rejects with
 */
export async function measure <T> (dht: KadDHT, start: () => Operation<T> | Promise<T>, onEvent?: (view: EventView) => void): Promise<Measured<T>> {
  const trace = new Trace(dht.routingTable.peers())
  const begun = performance.now()
  const operation = start()

  if (Symbol.asyncIterator in operation) {
    for await (const event of operation) {
      const view = trace.onEvent(event)
      onEvent?.(view)
    }
  }

  const result = await operation
  const ms = performance.now() - begun

  // a write knows best itself
  return { result, ms, ...(isWriteResult(result) ? { hops: result.hops, messages: result.messages } : { hops: trace.hops, messages: trace.messages }) }
}

function isWriteResult (result: unknown): result is WriteResult {
  return typeof result === 'object' && result != null && 'stored' in result && 'messages' in result
}
