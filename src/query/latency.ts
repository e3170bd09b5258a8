// When a request counts as slow: by what was measured of that peer, or else of the network.

import QuickLRU from 'quick-lru'
import { lateAfter, observe } from '../kademlia/latency.ts'
import type { LateBounds, RoundTrip } from '../kademlia/latency.ts'

/** How many peers' round trips are remembered beside those of the table. */
const PEERS = 1_024

export class Latency {
  readonly #bounds: LateBounds
  readonly #inTable: (id: string) => Readonly<RoundTrip> | undefined
  /** others than those of the table */
  readonly #peers = new QuickLRU<string, RoundTrip>({ maxSize: PEERS / 2 })
  #warm?: RoundTrip
  #cold?: RoundTrip

  /** `inTable`: what the table has measured of a peer of its own */
  constructor (bounds: LateBounds, inTable: (id: string) => Readonly<RoundTrip> | undefined) {
    this.#bounds = bounds
    this.#inTable = inTable
  }

  /**
   * A peer has answered.
   *
   * `warm`: it needed no new connection or stream, so that it was one round trip
   */
  onAnswer (id: string, ms: number, warm: boolean): void {
    if (warm) {
      this.#warm = observe(this.#warm, ms)

      if (this.#inTable(id) == null) {
        this.#peers.set(id, observe(this.#peers.get(id), ms))
      }
    } else {
      this.#cold = observe(this.#cold, ms)
    }
  }

  /** How long the peer may take, ms. */
  slowAfter (id: string, warm: boolean): number {
    return lateAfter(warm ? this.#inTable(id) ?? this.#peers.get(id) ?? this.#warm : this.#cold, this.#bounds)
  }
}
