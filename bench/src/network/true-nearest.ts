// The oracle: which nodes really are nearest to a key, by the distance of sha256 hashes.

import { digest } from '../digest.ts'
import type { PeerId } from '@libp2p/interface'

export class TrueNearest {
  readonly #k: number
  readonly #ids: string[]
  readonly #hashes: Buffer[]

  constructor (k: number, peers: PeerId[]) {
    this.#k = k
    this.#ids = peers.map(String)
    this.#hashes = peers.map(peer => digest(peer.toMultihash().bytes))
  }

  /** The nodes nearest to a key, as the node `from` sees it: without itself. Nearest first. */
  nodes (key: Uint8Array, from: number): number[] {
    const target = digest(key)

    return this.#hashes
      .map((hash, node) => ({ node, distance: Buffer.from(hash.map((byte, i) => byte ^ target[i])) }))
      .filter(({ node }) => node !== from)
      .sort((a, b) => Buffer.compare(a.distance, b.distance))
      .slice(0, this.#k)
      .map(({ node }) => node)
  }

  /** The share of them that is among `found`. */
  recall (key: Uint8Array, from: number, found: Array<{ toString(): string }>): number {
    const ids = new Set(found.map(String))
    const nearest = this.nodes(key, from)

    return nearest.filter(node => ids.has(this.#ids[node])).length / nearest.length
  }
}
