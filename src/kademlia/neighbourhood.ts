// How far away the nearest peers of any key are to be expected. Pure (law 2).

import type { Key, PeerKey } from './key.ts'

/**
 * The distance, its first word, within which a key has its k nearest peers: that of one's own, for ids are spread evenly and nobody
 * knows a neighbourhood as well as one's own. Undefined when fewer are known.
 *
 * `nearest`: the peers nearest to `self`
 */
export function neighbourhood (self: Key, nearest: readonly PeerKey[], k: number): number | undefined {
  return nearest.length < k ? undefined : (nearest[k - 1].key[0] ^ self[0]) >>> 0
}
