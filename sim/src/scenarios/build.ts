// The network that a scenario asks its question.

import { createWorld } from '../world/world.ts'
import type { Settings } from './scenario.ts'
import type { SimNode } from '../network/node.ts'
import type { PolicyName } from '../policies/policy.ts'
import type { Tables, World } from '../world/world.ts'

/** Beyond so many nodes their joins take longer than one likes to wait. */
const MOST_JOINED = 10_000

function tablesOf ({ tables }: Settings, nodes: number): Tables {
  return tables ?? (nodes > MOST_JOINED ? 'filled' : 'joined')
}

/** The policies that a network of that size says something true about: filled tables make js look worse than it is (docs/simulation.md). */
export function measurable (settings: Settings, nodes: number): PolicyName[] {
  return tablesOf(settings, nodes) === 'joined' ? settings.policies : settings.policies.filter(policy => policy !== 'js')
}

/** `onRequest`: a request has come to a node, there and whenever its nodes live on */
export function build (settings: Settings, nodes: number, onRequest?: (to: SimNode, from: SimNode) => void): World {
  const tables = tablesOf(settings, nodes)
  settings.note(`building a network of ${nodes} nodes (tables ${tables}${tables === 'filled' ? ', which js is not measured on' : ''})`)

  return createWorld(settings.seed, nodes, tables, onRequest)
}
