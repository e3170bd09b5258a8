// The simulated network: carries requests, and lets nodes learn from them as running ones do.

import { BYTES, COLD_ROUND_TRIPS, CONNECTIONS, LOSS, RETRANSMIT_AFTER, ROUND_TRIP } from './model.ts'
import { CONFIG } from './config.ts'
import { roundTrip } from './geography.ts'
import type { Clock } from './clock.ts'
import type { SimNode } from './node.ts'
import type { Random } from './random.ts'
import type { Key } from '../../../src/kademlia/key.ts'

/** When whoever asks gives up, ms. */
export interface TimeLimits {
  dial: number
  /** once it is connected */
  request: number
}

/** A request on its way. */
export interface Sent {
  /** no round trip for a connection was needed */
  readonly warm: boolean
  /** when the connection was or will be there; Infinity for never */
  readonly connectedAt: number
}

/** Called once: whom the peer named, or undefined when it did not answer. */
export interface Settle {
  (closer: SimNode[] | undefined): void
}

/** What went over the network so far. */
export interface Traffic {
  requests: number
  dials: number
  bytes: number
  /** requests that were sent only to see whether a peer is there */
  probes: number
}

export interface NetworkOptions {
  /** false: nothing that happens changes a table or a connection, so that one measurement does not change the next */
  learning: boolean
  /** a request has come to a node */
  onRequest? (to: SimNode, from: SimNode): void
}

export class SimNetwork {
  readonly clock: Clock
  readonly traffic: Traffic = { requests: 0, dials: 0, bytes: 0, probes: 0 }
  readonly #random: Random
  readonly #options: NetworkOptions

  constructor (clock: Clock, random: Random, options: NetworkOptions) {
    this.clock = clock
    this.#random = random
    this.#options = options
  }

  get learning (): boolean {
    return this.#options.learning
  }

  /** Asks `to` for the nodes nearest to `target`. */
  request (from: SimNode, to: SimNode, target: Key, limits: TimeLimits, settle: Settle): Sent {
    const { clock, traffic } = this
    const ms = roundTrip(from.place, to.place) * (1 + ROUND_TRIP.jitter * this.#random.float())
    const gone = to.health === 'refusing' || to.health === 'vanished'
    const warm = !gone && from.connections.has(to)
    let dialling = 0

    traffic.requests++

    if (!warm) {
      traffic.dials++

      if (gone || to.health === 'nat') {
        clock.after(to.health === 'refusing' ? ms : limits.dial, () => { this.#fail(from, to, settle) })
        return { warm, connectedAt: Infinity }
      }

      dialling = (this.#random.between(...COLD_ROUND_TRIPS) - 1) * ms
      traffic.bytes += BYTES.connection
    }

    traffic.bytes += BYTES.request
    clock.after(dialling + ms / 2, () => { this.#arrive(from, to, target, ms / 2 + this.#lost(ms), limits, settle) })

    return { warm, connectedAt: clock.now + dialling }
  }

  /** Two nodes have a connection; whoever has too many drops the oldest one. */
  connect (a: SimNode, b: SimNode): void {
    this.#use(a, b)
    this.#use(b, a)
  }

  /** A node is gone, and its connections with it. */
  disconnect (node: SimNode): void {
    for (const other of node.connections) {
      other.connections.delete(node)
    }

    node.connections.clear()
  }

  #arrive (from: SimNode, to: SimNode, target: Key, back: number, limits: TimeLimits, settle: Settle): void {
    this.#options.onRequest?.(to, from)

    if (this.#options.learning) {
      this.#meet(from, to)
    }

    const answers = to.health === 'alive' || to.health === 'nat'
    const closer = !answers ? undefined : to.behaviour == null ? nearest(to, from, target) : to.behaviour(to, from, target)

    if (closer == null) {
      this.clock.after(limits.request, () => { this.#fail(from, to, settle) })
      return
    }

    this.traffic.bytes += closer.length * BYTES.peer

    this.clock.after(back, () => {
      if (this.#options.learning) {
        from.table.onAlive(to, this.clock.now)
      }

      settle(closer)
    })
  }

  #fail (from: SimNode, to: SimNode, settle: Settle): void {
    if (this.#options.learning) {
      from.table.onFailure(to.id, to.key, this.clock.now)
    }

    settle(undefined)
  }

  /** As the service does it: whoever connects and is not in the table is asked whether it answers, over that connection. */
  #meet (from: SimNode, to: SimNode): void {
    if (to.connections.has(from)) {
      return
    }

    this.connect(from, to)

    if (!to.table.has(from.id)) {
      this.traffic.probes++
      // whoever has just sent a request would answer
      to.table.onAlive(from, this.clock.now)
    }
  }

  #use (node: SimNode, other: SimNode): void {
    const { connections } = node
    connections.add(other)

    if (connections.size > CONNECTIONS) {
      const [oldest] = connections
      connections.delete(oldest)
      oldest.connections.delete(node)
    }
  }

  /** How long what gets lost of a request or its reply delays it, ms. */
  #lost (ms: number): number {
    let delay = 0

    for (let wait = Math.max(RETRANSMIT_AFTER, 2 * ms); this.#random.chance(2 * LOSS); wait *= 2) {
      delay += wait
    }

    return delay
  }
}

function nearest (node: SimNode, from: SimNode, target: Key): SimNode[] {
  return node.table.closest(target, CONFIG.k, peer => peer !== from)
}
