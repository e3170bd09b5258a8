// Many lookups in a network that does not change, each on its own: the same ones for all lookup rules.

import { CONFIG } from '../network/config.ts'
import { nearestNodes } from '../network/nearest-nodes.ts'
import { isHonest } from '../network/node.ts'
import { runLookup } from '../world/run-lookup.ts'
import { rounded, sumUp } from './row.ts'
import type { Measures } from './row.ts'
import type { Key } from '../../../src/kademlia/key.ts'
import type { Traffic } from '../network/network.ts'
import type { SimNode } from '../network/node.ts'
import type { Rules } from '../policies/policy.ts'
import type { LookupReport, LookupTask } from '../world/run-lookup.ts'
import type { World } from '../world/world.ts'

/** Who looks for what. */
export interface Sample {
  /** what its chances follow from */
  label: string
  from: SimNode
  target: Key
}

export interface MeasureOptions {
  /** what ends a lookup before its time */
  isGoal? (peer: SimNode, sample: Sample): boolean
  onRequest? (to: SimNode): void
}

/** `count` lookups for random keys by random honest nodes. */
export function drawSamples (world: World, count: number, label: string): Sample[] {
  const random = world.random.fork(label)
  const honest = world.nodes.filter(isHonest)

  return Array.from({ length: count }, (_, i) => ({ label: `${label} ${i}`, from: random.pick(honest), target: random.key() }))
}

/**
 * Of the honest nodes that the one who looks can reach, the nearest to each sample's target: those that can be dialled, and those
 * that it is connected to.
 */
export function truthOf (world: World, samples: Sample[]): SimNode[][] {
  const answering = world.nodes.filter(({ health, behaviour }) => (health === 'alive' || health === 'nat') && behaviour == null)

  return samples.map(({ from, target }) => {
    const reachable = answering.filter(node => node !== from && (node.health === 'alive' || from.connections.has(node)))

    return nearestNodes(reachable, target, CONFIG.k)
  })
}

/** Does one lookup by some rules, in a copy of time of its own. */
export function lookUp (world: World, rules: Rules, { label, from, target }: Sample, task?: Partial<LookupTask>, onRequest?: (to: SimNode) => void): { report: LookupReport, traffic: Traffic } {
  const random = world.random.fork(label)
  const network = world.frozen(random.fork('network'), onRequest)
  const reports: LookupReport[] = []

  runLookup(network, { rules, from, target, random, ...task }, report => { reports.push(report) })
  network.clock.run()

  return { report: reports[0], traffic: network.traffic }
}

/** Does the lookups by some rules, each in a copy of time of its own. */
export function lookUpAll (world: World, rules: Rules, samples: Sample[], { isGoal, onRequest }: MeasureOptions = {}): { reports: LookupReport[], bytes: number } {
  const reports: LookupReport[] = []
  let bytes = 0

  for (const sample of samples) {
    const { report, traffic } = lookUp(world, rules, sample, { isGoal: peer => isGoal?.(peer, sample) === true }, onRequest)
    reports.push(report)
    bytes += traffic.bytes
  }

  return { reports, bytes }
}

/** Does the lookups by some rules and holds what they find against the truth. */
export function measure (world: World, rules: Rules, samples: Sample[], truth: SimNode[][], options?: MeasureOptions): Measures {
  const { reports, bytes } = lookUpAll(world, rules, samples, options)

  return sumUp(reports, reports.map(({ found }, i) => recall(found, truth[i])), bytes)
}

/** The share of the lookups in which one who holds what is looked for has answered. */
export function success (world: World, rules: Rules, samples: Sample[], holds: (peer: SimNode, sample: Sample) => boolean): number {
  const { reports } = lookUpAll(world, rules, samples, { isGoal: holds })

  return rounded(reports.filter(({ reachedGoal }) => reachedGoal).length / reports.length)
}

/** The share of the true ones that is among the nearest k found; 1 when there are none. */
export function recall (found: SimNode[], truth: SimNode[]): number {
  const nearest = new Set(found.slice(0, CONFIG.k))

  return truth.length === 0 ? 1 : truth.filter(node => nearest.has(node)).length / truth.length
}
