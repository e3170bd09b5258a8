// When a request is overdue, and when it counts as slow: by what was measured of that peer, or else of the network.

import QuickLRU from 'quick-lru'
import { lateAfter, observe } from '../kademlia/latency.ts'
import type { LateBounds, RoundTrip } from '../kademlia/latency.ts'
import type { Reach } from '../wire/client.ts'

/** Overdue comes before slow, at the latest at this share of its time: docs/simulation.md has what asking another early brings. */
const OVERDUE = 0.85

/** Nobody is overdue sooner than this, ms. */
const OVERDUE_MIN = 50

/** Who failed last time keeps its slot for this share of the usual time. */
const SUSPECT = 0.5

/** A request on a new stream takes so many round trips, where that was not measured yet: libp2p negotiates the protocol before it. */
const STREAM_ROUND_TRIPS = 3

/** What the table knows of a peer of its own. */
export interface KnownPeer {
  readonly rtt?: Readonly<RoundTrip>
  readonly failures: number
}

/** How many peers' round trips are remembered beside those of the table. */
const PEERS = 1_024

export class Latency {
  readonly #bounds: LateBounds
  readonly #inTable: (id: string) => KnownPeer | undefined
  /** others than those of the table */
  readonly #peers = new QuickLRU<string, RoundTrip>({ maxSize: PEERS / 2 })
  /** of the network, by what requests went by */
  readonly #network: Partial<Record<Reach, RoundTrip>> = {}

  constructor (bounds: LateBounds, inTable: (id: string) => KnownPeer | undefined) {
    this.#bounds = bounds
    this.#inTable = inTable
  }

  /** A peer has answered. */
  onAnswer (id: string, ms: number, reach: Reach): void {
    this.#network[reach] = observe(this.#network[reach], ms)

    if (reach === 'stream' && this.#inTable(id) == null) {
      this.#peers.set(id, observe(this.#peers.get(id), ms))
    }
  }

  /** How long the peer may take before it is slow, ms. */
  slowAfter (id: string, reach: Reach): number {
    const usual = lateAfter(this.#estimate(id, reach), this.#bounds)

    return this.#isSuspect(id) ? SUSPECT * usual : usual
  }

  /** How long it may take before another is asked as well, ms: not at all if it failed last time. */
  overdueAfter (id: string, reach: Reach): number {
    if (this.#isSuspect(id)) {
      return 0
    }

    return Math.min(OVERDUE * this.slowAfter(id, reach), lateAfter(this.#estimate(id, reach), { ...this.#bounds, min: OVERDUE_MIN }))
  }

  #isSuspect (id: string): boolean {
    return (this.#inTable(id)?.failures ?? 0) > 0
  }

  #estimate (id: string, reach: Reach): Readonly<RoundTrip> | undefined {
    const { stream, connection, dial } = this.#network

    if (reach === 'dial') {
      return dial
    }

    const roundTrip = this.#inTable(id)?.rtt ?? this.#peers.get(id) ?? stream

    if (reach === 'stream' || connection != null || roundTrip == null) {
      return reach === 'stream' ? roundTrip : connection
    }

    return { mean: STREAM_ROUND_TRIPS * roundTrip.mean, deviation: STREAM_ROUND_TRIPS * roundTrip.deviation }
  }
}
