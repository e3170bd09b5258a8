// Looking into a bucket for peers that it lacks. A lookup goes on until it has confirmed all that are nearest to its target;
// a bucket needs just any k that belong there. So a few peers of the table are asked whom they know, of those only strangers
// that belong into the bucket, and nobody any more when it is full. Pure (law 2): it says who is asked, by a lookup.

import { commonPrefixLength } from './key.ts'
import type { Key, PeerKey } from './key.ts'
import type { RoutingTable } from './routing-table.ts'

/** So many peers of the table are asked whom they know. */
const TELLERS = 3

export class BucketRefresh<P extends PeerKey> {
  readonly #table: RoutingTable<P>
  readonly #self: Key
  readonly #cpl: number
  readonly #isSpared: (peer: PeerKey) => boolean
  readonly #tellers: ReadonlySet<string>
  #answers = 0

  /**
   * Into the bucket of the peers that share `cpl` bits with `self`, by way of a `target` in it.
   *
   * `isSpared`: who is not to be asked
   */
  constructor (table: RoutingTable<P>, self: Key, cpl: number, target: Key, isSpared: (peer: PeerKey) => boolean) {
    this.#isSpared = isSpared
    this.#table = table
    this.#self = self
    this.#cpl = cpl
    this.#tellers = new Set(table.closest(target, TELLERS, peer => !isSpared(peer) && table.get(peer.id)?.failures === 0).map(({ id }) => id))
  }

  /** Whether there are enough to tell. If not, a lookup in full has to find whoever there is. */
  get possible (): boolean {
    return this.#tellers.size === TELLERS
  }

  /** Whether the peer is not to be asked. */
  avoids (peer: PeerKey): boolean {
    return this.#isSpared(peer) || (this.#table.has(peer.id) ? !this.#tellers.has(peer.id) : commonPrefixLength(this.#self, peer.key) !== this.#cpl)
  }

  /** One that was asked has answered, and is in the table, if it found a place there: whether that is enough. */
  onReply (): boolean {
    this.#answers++

    return this.#answers >= TELLERS && !this.#table.hasRoom(this.#cpl)
  }
}
