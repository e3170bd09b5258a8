// A bucket of the routing table: the live peers that share as many bits with oneself, and those that wait for their places.

import type { PeerKey } from './key.ts'
import type { NearestPeers } from './nearest.ts'
import type { Entry } from './table-entry.ts'

/** A peer that waits for a place. */
export interface Candidate<P extends PeerKey> {
  readonly peer: P
  readonly group?: string
}

export class Bucket<P extends PeerKey> {
  /** oldest first: peers that have stayed long are likely to stay (Kademlia paper, 2.2) */
  readonly entries: Array<Entry<P>> = []
  /** freshest last */
  readonly candidates = new Map<string, Candidate<P>>()
  /** when a lookup last went there, 0 for never */
  refreshedAt = 0
  /** the peers of the entries, in the same order, and the first words of their keys: what a search needs lies close together */
  readonly #peers: P[] = []
  readonly #heads: number[] = []

  /** Whether it has `k` peers that have not failed. */
  isSettled (k: number): boolean {
    return this.entries.length >= k && this.entries.every(({ failures }) => failures === 0)
  }

  add (entry: Entry<P>): void {
    this.entries.push(entry)
    this.#peers.push(entry.peer)
    this.#heads.push(entry.peer.key[0])
  }

  remove (entry: Entry<P>): void {
    const at = this.entries.indexOf(entry)
    this.entries.splice(at, 1)
    this.#peers.splice(at, 1)
    this.#heads.splice(at, 1)
  }

  /**
   * One more candidate; of more than `most` the oldest goes, if it can be one of the newcomer's own group.
   *
   * `perGroup`: candidates of one group that are no reason for it to be one of them
   */
  wait (newcomer: Candidate<P>, most: number, perGroup: number): void {
    const { candidates } = this
    candidates.set(newcomer.peer.id, newcomer)

    if (candidates.size > most) {
      const [oldest] = candidates.values()
      const kin = [...candidates.values()].filter(({ group }) => group != null && group === newcomer.group)
      candidates.delete((kin.length > perGroup ? kin[0] : oldest).peer.id)
    }
  }

  /** Offers its live peers to a search. Hot. */
  offerTo (nearest: NearestPeers<P>, accept?: (peer: P) => boolean): void {
    const peers = this.#peers
    const heads = this.#heads

    for (let i = 0; i < peers.length; i++) {
      if (nearest.mayTake(heads[i]) && (accept == null || accept(peers[i]))) {
        nearest.offer(peers[i], heads[i])
      }
    }
  }
}
