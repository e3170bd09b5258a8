// The network that a scenario asks its question.

import { createWorld } from '../world/world.ts'
import type { Settings } from './scenario.ts'
import type { SimNode } from '../world/node.ts'
import type { World } from '../world/world.ts'

/** Beyond so many nodes their joins take longer than one likes to wait. */
const MOST_JOINED = 10_000

/** `onRequest`: a request has come to a node, there and whenever its nodes live on */
export function build ({ seed, tables, note }: Settings, nodes: number, onRequest?: (to: SimNode, from: SimNode) => void): World {
  const how = tables ?? (nodes > MOST_JOINED ? 'filled' : 'joined')
  note(`building a network of ${nodes} nodes (tables ${how})`)

  return createWorld(seed, nodes, how, onRequest)
}
