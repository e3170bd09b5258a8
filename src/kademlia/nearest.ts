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
