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

/**
 * What `make` returns when its key has at least two nodes nearer to it than any of the holders. Those then give what they hold under the key to none that
 * has just joined: it is for the nearest to do that.
 */
export async function makeFarFrom <T extends { key: Uint8Array }, A extends unknown[]> (holders: AnyNode[], nodes: AnyNode[], make: (...args: A) => Promise<T>, ...args: A): Promise<T> {
  for (;;) {
    const made = await make(...args)
    const near = nearest(nodes, made.key, 2)

    if (!holders.some(holder => near.includes(idOf(holder)))) {
      return made
    }
  }
}

function sha256 (bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}

function xor (a: Buffer, b: Buffer): Buffer {
  return Buffer.from(a.map((byte, i) => byte ^ b[i]))
}
