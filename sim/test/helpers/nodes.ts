// Nodes at places in the key space that a test can reason about: the target is the key of zeros, so that a node's key is its distance
// (twice as far as its name says, which leaves room between two).

import { SimNode } from '../../src/network/node.ts'
import type { Key } from '../../../src/kademlia/key.ts'
import type { Place } from '../../src/network/geography.ts'

export const TARGET: Key = Array.from({ length: 8 }, () => 0)

/** Somewhere, with a line as fast as there is. */
export const HERE: Place = { x: 1, y: 0, z: 0, lastMile: 10 }

/** A quarter of the way round the world from `HERE`. */
export const FAR: Place = { x: 0, y: 1, z: 0, lastMile: 20 }

/** At that distance from the target: nodes of lower numbers are nearer. */
export function nodeAt (distance: number, place = HERE): SimNode {
  return new SimNode(`at ${distance}`, [0, 0, 0, 0, 0, 0, 0, 2 * distance], place)
}

/** At these distances, from the first to the last. */
export function nodesAt (first: number, last: number): SimNode[] {
  return Array.from({ length: last - first + 1 }, (_, i) => nodeAt(first + i))
}

/** Farther than that and nearer than the next. */
export function nodeAfter (distance: number): SimNode {
  return new SimNode(`after ${distance}`, [0, 0, 0, 0, 0, 0, 0, 2 * distance + 1], HERE)
}

/** So far away that nobody of the tests is farther. */
export function farAway (): SimNode {
  return new SimNode('far away', Array.from({ length: 8 }, () => -1), HERE)
}

export function idsOf (nodes: Iterable<SimNode>): string[] {
  return Array.from(nodes, ({ id }) => id)
}
