// Nodes that come and go, sorted by their keys: the nearest of them are found without a look at all.

import { compareDistance } from '../../../src/kademlia/key.ts'
import { nearestNodes } from './nearest-nodes.ts'
import type { SimNode } from './node.ts'
import type { Key } from '../../../src/kademlia/key.ts'

/** The order of keys is that of their distances from the key of zeros. */
const ZERO: Key = [0, 0, 0, 0, 0, 0, 0, 0]

const WORD = 32

export class SortedNodes {
  readonly #nodes: SimNode[] = []

  get size (): number {
    return this.#nodes.length
  }

  add (node: SimNode): void {
    this.#nodes.splice(this.#firstNotBelow(node.key), 0, node)
  }

  /** No effect on one that is not there. */
  remove (node: SimNode): void {
    const at = this.#firstNotBelow(node.key)

    if (this.#nodes[at] === node) {
      this.#nodes.splice(at, 1)
    }
  }

  /** The `n` nearest to a key, nearest first. All that share so many of its bits lie side by side, and are nearer than all others. */
  nearest (target: Key, n: number): SimNode[] {
    // of the first word alone: with fewer than 2^32 nodes hardly two share it
    for (let shared = WORD; shared > 0; shared--) {
      const mask = shared === WORD ? -1 : ~(-1 >>> shared)
      const low = this.#firstNotBelow([target[0] & mask, ...ZERO.slice(1)])
      const high = this.#firstNotBelow([target[0] | ~mask, ...ZERO.slice(1).fill(-1)])

      if (high - low >= n) {
        return nearestNodes(this.#nodes.slice(low, high), target, n)
      }
    }

    return nearestNodes(this.#nodes, target, n)
  }

  #firstNotBelow (key: Key): number {
    let low = 0
    let high = this.#nodes.length

    while (low < high) {
      const middle = (low + high) >>> 1

      if (compareDistance(this.#nodes[middle].key, key, ZERO) < 0) {
        low = middle + 1
      } else {
        high = middle
      }
    }

    return low
  }
}
