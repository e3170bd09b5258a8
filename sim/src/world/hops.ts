// How many replies, one leading to the next, it took to hear of each peer: the same count for all lookup rules.

import type { SimNode } from '../network/node.ts'

export class Hops {
  readonly #depths = new Map<SimNode, number>()

  constructor (seeds: SimNode[]) {
    seeds.forEach(seed => { this.#depths.set(seed, 0) })
  }

  /** No effect on those who were heard of before. */
  onReply (peer: SimNode, closer: SimNode[]): void {
    const depth = this.of(peer) + 1

    for (const named of closer) {
      if (!this.#depths.has(named)) {
        this.#depths.set(named, depth)
      }
    }
  }

  /** 0 for who was known before. */
  of (peer: SimNode): number {
    return this.#depths.get(peer) ?? 0
  }

  /** Until the nearest of `found` was heard of. */
  discovery (found: SimNode[]): number {
    return found.length === 0 ? 0 : this.of(found[0])
  }

  /** Until each of `found` had answered itself. */
  confirmation (found: SimNode[]): number {
    return found.reduce((most, peer) => Math.max(most, this.of(peer) + 1), 0)
  }
}
