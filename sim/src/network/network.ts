// The simulated network: carries requests, and lets nodes learn from them as running ones do.

import { CONFIG } from './config.ts'
import { roundTrip } from './geography.ts'
import { BYTES, COLD_ROUND_TRIPS, CONNECTIONS, LOSS, RETRANSMIT_AFTER, ROUND_TRIP } from './model.ts'
import { isGone, isUp } from './node.ts'
import type { Clock } from './clock.ts'
import type { SimNode } from './node.ts'
import type { Random } from './random.ts'
import type { Key } from '../../../src/kademlia/key.ts'

/** When whoever asks gives up, ms. */
export interface TimeLimits {
  dial: number
  /** for the reply, once it is connected */
  request: number
  /** for both together */
  total: number
}

/** A request on its way. */
export interface Sent {
  /** no round trip for a connection was needed */
  readonly warm: boolean
  /** when the connection was or will be there; Infinity for never */
  readonly connectedAt: number
  /** set to true by whoever has given it up: while it is still being dialled, nothing is sent any more */
  dropped: boolean
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
  /** requests to those who have just connected, to see whether they answer; not among `requests` */
  probes: number
}

export interface NetworkOptions {
  /** false: for one lookup, of which nothing changes a table, a connection or a latency, so that one does not change the next */
  learning: boolean
  /** a request has come to a node */
  onRequest? (to: SimNode, from: SimNode): void
}

export class SimNetwork {
  readonly clock: Clock
  readonly traffic: Traffic = { requests: 0, dials: 0, bytes: 0, probes: 0 }
  readonly #random: Random
  readonly #options: NetworkOptions
  /** whom the one lookup of a network without learning has connected to */
  readonly #opened = new Set<SimNode>()
  /** when those that it dials are or were connected */
  readonly #dials = new Map<SimNode, number>()

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
    const ms = this.#roundTrip(from, to)
    const gone = isGone(to)
    const warm = !gone && this.isWarm(from, to)
    const begun = clock.now
    let dialling = 0

    traffic.requests++

    if (!warm) {
      traffic.dials++

      if (gone || to.health === 'nat') {
        clock.after(to.health === 'refusing' ? ms : Math.min(limits.dial, limits.total), () => { this.#fail(from, to, settle) })
        return { warm, connectedAt: Infinity, dropped: false }
      }

      dialling = (this.#random.between(...COLD_ROUND_TRIPS) - 1) * ms
      traffic.bytes += BYTES.connection
    }

    const sent = { warm, connectedAt: clock.now + dialling, dropped: false }

    if (!this.#options.learning) {
      this.#dials.set(to, sent.connectedAt)
    }

    const giveUp = Math.min(dialling + limits.request, limits.total)

    clock.after(dialling + ms / 2, () => {
      if (sent.dropped) {
        return
      }

      const closer = this.#arrive(from, to, target, warm)

      if (closer == null) {
        clock.after(giveUp - dialling - ms / 2, () => { this.#fail(from, to, settle) })
      } else {
        clock.after(ms / 2 + this.#lost(ms), () => { this.#reply(from, to, closer, warm ? clock.now - begun : undefined, settle) })
      }
    })

    return sent
  }

  /**
   * Gives `to` something that is not answered; a dial that is under way is waited for. `settle` is called once: when it was sent, which is half a round trip before it is there, or
   * with false when `to` could not be dialled. Only in a network without learning.
   */
  post (from: SimNode, to: SimNode, limits: TimeLimits, settle: (sent: boolean) => void): void {
    const { clock } = this
    const ms = this.#roundTrip(from, to)

    if (isGone(to) || (to.health === 'nat' && !this.isWarm(from, to))) {
      clock.after(to.health === 'refusing' ? ms : Math.min(limits.dial, limits.total), () => { settle(false) })
      return
    }

    const dialling = this.isWarm(from, to) ? 0 : Math.min(Math.max(0, (this.#dials.get(to) ?? Infinity) - clock.now), (this.#random.between(...COLD_ROUND_TRIPS) - 1) * ms)

    clock.after(dialling, () => {
      this.#opened.add(to)
      settle(true)
    })
  }

  /** Whether there is a connection between two nodes. */
  isWarm (from: SimNode, to: SimNode): boolean {
    return from.connections.has(to) || this.#opened.has(to)
  }

  /** Two nodes have a connection; whoever has too many drops the oldest one. */
  connect (a: SimNode, b: SimNode): void {
    this.#use(a, b)
    this.#use(b, a)
  }

  /** A node is gone, and its connections with it. */
  disconnect (node: SimNode): void {
    for (const other of node.connections) {
      this.#part(other, node)
    }

    node.connections.clear()
  }

  /** This time, ms. */
  #roundTrip (from: SimNode, to: SimNode): number {
    return Math.min(ROUND_TRIP.max, roundTrip(from.place, to.place) * (1 + ROUND_TRIP.jitter * this.#random.float()))
  }

  #arrive (from: SimNode, to: SimNode, target: Key, warm: boolean): SimNode[] | undefined {
    this.traffic.bytes += BYTES.request
    this.#options.onRequest?.(to, from)

    if (!this.#options.learning) {
      this.#opened.add(to)
    } else if (isUp(from) && isUp(to)) {
      this.#meet(from, to, warm)
    }

    return answer(to, from, target)
  }

  #reply (from: SimNode, to: SimNode, closer: SimNode[], roundTrip: number | undefined, settle: Settle): void {
    this.traffic.bytes += closer.length * BYTES.peer

    if (this.#options.learning) {
      from.table.onAlive(to, this.clock.now, { roundTrip, connected: true })
    }

    settle(closer)
  }

  #fail (from: SimNode, to: SimNode, settle: Settle): void {
    if (this.#options.learning) {
      from.table.onFailure(to.id, to.key, this.clock.now)
    }

    settle(undefined)
  }

  /** As the service does it: whoever connects and is not in the table is asked whether it answers, over that connection. */
  #meet (from: SimNode, to: SimNode, warm: boolean): void {
    if (warm || to.connections.has(from)) {
      to.table.onHeard(from.id, this.clock.now)
      return
    }

    this.connect(from, to)

    if (!to.table.has(from.id)) {
      this.traffic.probes++
      // whoever has just sent a request would answer
      to.table.onAlive(from, this.clock.now, { connected: true })
    }
  }

  #use (node: SimNode, other: SimNode): void {
    const { connections } = node
    connections.add(other)
    node.table.onConnection(other.id, true)

    if (connections.size > CONNECTIONS) {
      const [oldest] = connections
      this.#part(node, oldest)
      this.#part(oldest, node)
    }
  }

  #part (node: SimNode, other: SimNode): void {
    node.connections.delete(other)
    node.table.onConnection(other.id, false)
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

/** Whom it names; undefined when it does not answer. */
function answer (node: SimNode, from: SimNode, target: Key): SimNode[] | undefined {
  if (node.health !== 'alive' && node.health !== 'nat') {
    return
  }

  return node.behaviour == null ? node.table.closest(target, CONFIG.k, peer => peer !== from) : node.behaviour(node, from, target)
}
