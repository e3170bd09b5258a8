// How many peers a node believes that there are, from lookups that it has made.

import { NetworkSizeEstimator } from '../../../src/kademlia/network-size.ts'
import { CONFIG } from '../network/config.ts'
import { RULES } from '../policies/index.ts'
import { drawSamples, lookUp } from './sample.ts'
import type { NetworkSize } from '../../../src/kademlia/network-size.ts'
import type { SimNode } from '../network/node.ts'
import type { World } from '../world/world.ts'

/** After 0, 1, 2 … `lookups` lookups for random keys. */
export function observedSizes (world: World, from: SimNode, lookups: number): Array<NetworkSize | undefined> {
  const { now } = world.clock
  const estimator = new NetworkSizeEstimator(CONFIG.k)
  const random = world.random.fork(`size observed by ${from.id}`)

  return Array.from({ length: lookups + 1 }, (_, i) => {
    if (i > 0) {
      const target = random.key()
      estimator.onLookup(target, lookUp(world, RULES.ours, { label: `size observed by ${from.id} ${i}`, from, target }).report.found, now)
    }

    return estimator.estimate(now)
  })
}

/** A node, and what it knows of the size of the network. */
export interface Observer {
  from: SimNode
  size: NetworkSize | undefined
}

/** Honest nodes by chance, each of which has made so many lookups. */
export function observers (world: World, count: number, lookups: number, label: string): Observer[] {
  return drawSamples(world, count, `observers ${label}`).map(({ from }) => ({ from, size: observedSizes(world, from, lookups)[lookups] }))
}
