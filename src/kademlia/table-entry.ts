// What the routing table knows of a peer. A node holds hundreds of them as long as it runs: their fields are few and flat.

import { observe } from './latency.ts'
import type { PeerKey } from './key.ts'
import type { RoundTrip } from './latency.ts'

/** A peer of the table and what is known of it. Times are unix milliseconds. */
export interface TableEntry<P extends PeerKey> {
  readonly peer: P
  /** when it first answered, as far as the table remembers */
  readonly firstSeen: number
  /** when it last showed that it is alive; 0 for a candidate that was promoted and has not answered since */
  readonly lastSeen: number
  /** when a failure last counted, 0 for never */
  readonly lastFailure: number
  /** how many failures counted since it last answered */
  readonly failures: number
  /** how long its answers take; undefined until one was measured */
  readonly rtt?: Readonly<RoundTrip>
  /** whether there is a connection to it */
  readonly connected: boolean
  /** peers that one operator is likely to run, such as those of one /16; undefined when no limit applies to it */
  readonly group?: string
}

/** What else is known of a peer that answered. */
export interface Sighting {
  /** how long the answer took, ms, when that was one round trip */
  roundTrip?: number
  /** whether there is a connection to it */
  connected?: boolean
  /** the group of its address */
  group?: string
}

export class Entry<P extends PeerKey> implements TableEntry<P> {
  readonly peer: P
  group: string | undefined
  readonly firstSeen: number
  lastSeen: number
  lastFailure = 0
  failures = 0
  connected: boolean
  /** ms; not measured while the mean is less than 0 */
  #mean = -1
  #deviation = 0

  constructor (peer: P, now: number, lastSeen: number, { roundTrip, connected = false, group }: Sighting) {
    this.peer = peer
    this.group = group
    this.firstSeen = now
    this.lastSeen = lastSeen
    this.connected = connected
    this.onRoundTrip(roundTrip)
  }

  get rtt (): RoundTrip | undefined {
    return this.#mean < 0 ? undefined : { mean: this.#mean, deviation: this.#deviation }
  }

  /** `ms`: undefined when it was not measured */
  onRoundTrip (ms?: number): void {
    if (ms != null) {
      const { mean, deviation } = observe(this.rtt, ms)
      this.#mean = mean
      this.#deviation = deviation
    }
  }
}
