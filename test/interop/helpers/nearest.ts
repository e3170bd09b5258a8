// Kademlia's distance by its definition, with nothing of `src/`: what any implementation has to find.

import { createHash } from 'node:crypto'
import { idOf, peerIdOf } from './nodes.ts'
import type { AnyNode } from './nodes.ts'

/** The ids of the `n` nodes nearest to the key, nearest first: by sha256 of the multihash, XOR sha256 of the key. */
export function nearest (nodes: AnyNode[], key: Uint8Array, n: number): string[] {
  const target = sha256(key)

  return nodes
    .map(node => ({ id: idOf(node), distance: xor(sha256(peerIdOf(node).toMultihash().bytes), target) }))
    .sort((a, b) => Buffer.compare(a.distance, b.distance))
    .slice(0, n)
    .map(({ id }) => id)
}

function sha256 (bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}

function xor (a: Buffer, b: Buffer): Buffer {
  return Buffer.from(a.map((byte, i) => byte ^ b[i]))
}
