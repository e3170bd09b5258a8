// Selection of the n nearest out of many, without sorting the many. Pure (law 2).

import { compareDistance } from './key.ts'
import type { Key, PeerKey } from './key.ts'

/**
 * Keeps `nearest`, which is sorted by distance from `target`, at no more than `n` peers while offering it
 * `peer`. Hot: peers too far away cost one comparison.
 */
export function offerNearest<P extends PeerKey> (nearest: P[], peer: P, target: Key, n: number): void {
  let i = nearest.length

  if (i >= n) {
    if (n === 0 || compareDistance(peer.key, nearest[i - 1].key, target) >= 0) {
      return
    }

    i--
  } else {
    nearest.push(peer)
  }

  while (i > 0 && compareDistance(peer.key, nearest[i - 1].key, target) < 0) {
    nearest[i] = nearest[i - 1]
    i--
  }

  nearest[i] = peer
}

/**
 * The n peers nearest to a target out of many offered with the first word of their keys, which is enough to turn most of them
 * down without a look at the peer itself. Hot.
 */
export class NearestPeers<P extends PeerKey> {
  readonly #target: Key
  readonly #n: number
  /** nearest first */
  readonly peers: P[] = []
  /** the first word of each one's distance */
  readonly #distances: number[] = []

  constructor (target: Key, n: number) {
    this.#target = target
    this.#n = n
  }

  get full (): boolean {
    return this.peers.length >= this.#n
  }

  /** False when a peer whose key begins with `head` is too far away, whatever follows. */
  mayTake (head: number): boolean {
    const { length } = this.#distances

    return length < this.#n || (length > 0 && ((head ^ this.#target[0]) >>> 0) <= this.#distances[length - 1])
  }

  offer (peer: P, head: number): void {
    const { peers } = this
    const distances = this.#distances
    const distance = (head ^ this.#target[0]) >>> 0
    let i = peers.length

    if (i >= this.#n) {
      if (i === 0 || !this.#isNearer(peer, distance, i - 1)) {
        return
      }

      i--
    } else {
      peers.push(peer)
      distances.push(distance)
    }

    while (i > 0 && this.#isNearer(peer, distance, i - 1)) {
      peers[i] = peers[i - 1]
      distances[i] = distances[i - 1]
      i--
    }

    peers[i] = peer
    distances[i] = distance
  }

  #isNearer (peer: P, distance: number, than: number): boolean {
    const other = this.#distances[than]

    return distance === other ? compareDistance(peer.key, this.peers[than].key, this.#target) < 0 : distance < other
  }
}
