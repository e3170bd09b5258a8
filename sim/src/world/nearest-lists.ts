// The nearest nodes of each of many keys, kept as nodes come and go.

import { compareDistance } from '../../../src/kademlia/key.ts'
import { offerNearest } from '../../../src/kademlia/nearest.ts'
import { SortedNodes } from '../network/sorted-nodes.ts'
import type { Key } from '../../../src/kademlia/key.ts'
import type { SimNode } from '../network/node.ts'

export class NearestLists {
  readonly #keys: Key[]
  readonly #n: number
  readonly #nodes = new SortedNodes()
  readonly #lists: SimNode[][]

  /** `n`: how many of each key */
  constructor (keys: Key[], n: number) {
    this.#keys = keys
    this.#n = n
    this.#lists = keys.map(() => [])
  }

  /** Of the `i`-th key, nearest first. */
  of (i: number): readonly SimNode[] {
    return this.#lists[i]
  }

  /** Returns the indices of the keys that it is now one of the nearest of. */
  add (node: SimNode): number[] {
    const changed = this.#nearTo(node)
    this.#nodes.add(node)
    changed.forEach(i => { offerNearest(this.#lists[i], node, this.#keys[i], this.#n) })

    return changed
  }

  remove (node: SimNode): void {
    this.#nodes.remove(node)
    this.#nearTo(node).forEach(i => { this.#lists[i] = this.#nodes.nearest(this.#keys[i], this.#n) })
  }

  /** The keys of whose nearest it is one, or has to be. */
  #nearTo (node: SimNode): number[] {
    const near: number[] = []

    for (let i = 0; i < this.#keys.length; i++) {
      const list = this.#lists[i]

      if (list.length < this.#n || compareDistance(node.key, list[list.length - 1].key, this.#keys[i]) <= 0) {
        near.push(i)
      }
    }

    return near
  }
}
