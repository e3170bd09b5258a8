// The oracle: which nodes really are nearest to a key.

import { offerNearest } from '../../../src/kademlia/nearest.ts'
import type { SimNode } from './node.ts'
import type { Key } from '../../../src/kademlia/key.ts'

/** The `n` of them nearest to `target`, nearest first. */
export function nearestNodes (nodes: Iterable<SimNode>, target: Key, n: number): SimNode[] {
  const nearest: SimNode[] = []

  for (const node of nodes) {
    offerNearest(nearest, node, target, n)
  }

  return nearest
}
