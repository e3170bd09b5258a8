// The network that a scenario asks its question.

import { RULES } from '../policies/index.ts'
import { jsWith } from '../policies/js.ts'
import { createWorld } from '../world/world.ts'
import type { Settings } from './scenario.ts'
import type { Row } from '../measure/row.ts'
import type { PolicyName, Rules } from '../policies/policy.ts'
import type { Tables, World, WorldOptions } from '../world/world.ts'

/** Beyond so many nodes their joins take longer than one likes to wait. */
const MOST_JOINED = 10_000

function tablesOf ({ tables }: Settings, nodes: number): Tables {
  return tables ?? (nodes > MOST_JOINED ? 'filled' : 'joined')
}

/** The policies that a network of that size says something true about: filled tables make js look worse than it is (docs/simulation.md). */
export function measurable (settings: Settings, nodes: number): PolicyName[] {
  return tablesOf(settings, nodes) === 'joined' ? settings.policies : settings.policies.filter(policy => policy !== 'js')
}

/** Kademlia's own numbers, with which js asks fewest. */
const JS_AT_ITS_BEST = { alpha: 3, paths: 1 }

/** Rules to measure, and how the row names what differs from their defaults. */
export interface Contestant {
  rules: Rules
  label: Pick<Row, 'policy' | 'paths'>
}

/** The measurable policies with their defaults, and js with its best options too. */
export function contestants (settings: Settings, nodes: number): Contestant[] {
  return measurable(settings, nodes).flatMap((policy): Contestant[] => [
    { rules: RULES[policy], label: { policy } },
    ...policy === 'js' ? [{ rules: jsWith(JS_AT_ITS_BEST), label: { policy, paths: JS_AT_ITS_BEST.paths } }] : []
  ])
}

/** `js`, or `js, 1 path` with other paths than by default, or `ours without ramp`. */
export function nameOf ({ policy, paths, without }: Row): string {
  const name = without == null ? policy : `${policy} without ${without}`

  return paths == null ? name : `${name}, ${paths} ${paths === 1 ? 'path' : 'paths'}`
}

export function build (settings: Settings, nodes: number, options?: WorldOptions): World {
  const tables = tablesOf(settings, nodes)
  settings.note(`building a network of ${nodes} nodes (tables ${tables}${tables === 'filled' ? ', which js is not measured on' : ''})`)

  return createWorld(settings.seed, nodes, tables, options)
}
