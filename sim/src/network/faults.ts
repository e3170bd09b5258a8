// What goes wrong with nodes, and can be undone.

import { REFUSING } from './model.ts'
import type { Behaviour, Health, SimNode } from './node.ts'
import type { Random } from './random.ts'

/** dead: gone, as `REFUSING` says. silent, nat: see `Health`. */
export const FAULTS = ['dead', 'silent', 'nat'] as const

export type Fault = typeof FAULTS[number]

/** Gives a share of the nodes a fault, the same nodes for every fault and more of them for a greater share. */
export function afflict (nodes: SimNode[], fault: Fault, share: number, random: Random): void {
  for (const node of random.sample(nodes, Math.round(share * nodes.length))) {
    node.health = fault === 'dead' ? gone(random.fork(node.id)) : fault
  }
}

/** How one that is gone appears to those who dial it. */
export function gone (random: Random): Health {
  return random.chance(REFUSING) ? 'refusing' : 'vanished'
}

/** All are alive and honest again. */
export function heal (nodes: SimNode[]): void {
  for (const node of nodes) {
    node.health = 'alive'
    node.behaviour = undefined
  }
}

/** They do as they like. Returns who they are: the same for the same randomness, and more of them for a greater share. */
export function corrupt (nodes: SimNode[], share: number, random: Random, behaviour: (hostile: SimNode[]) => Behaviour): SimNode[] {
  const hostile = random.sample(nodes, Math.round(share * nodes.length))
  const does = behaviour(hostile)
  hostile.forEach(node => { node.behaviour = does })

  return hostile
}
