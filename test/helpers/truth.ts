// What an all-knowing observer would answer.

import { compareDistance, keyOf } from '../../src/kademlia/key.ts'
import type { PeerId } from '@libp2p/interface'

interface HasPeerId {
  peerId: PeerId
}

/** The `n` of `nodes` nearest to a key, nearest first, without `except`. */
export function trulyNearest <T extends HasPeerId> (nodes: T[], key: Uint8Array, n: number, except?: HasPeerId): T[] {
  const target = keyOf(key)

  return nodes
    .filter(node => node !== except)
    .map(node => ({ node, key: keyOf(node.peerId.toMultihash().bytes) }))
    .sort((a, b) => compareDistance(a.key, b.key, target))
    .slice(0, n)
    .map(({ node }) => node)
}

/** Which share of `expected` is among `found`. */
export function recall (expected: HasPeerId[], found: PeerId[]): number {
  const ids = new Set(found.map(id => id.toString()))

  return expected.filter(({ peerId }) => ids.has(peerId.toString())).length / expected.length
}
