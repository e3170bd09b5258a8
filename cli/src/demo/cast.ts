// Who plays which part: readers that do not hold what they read, and victims whose death hurts without being the end.

import type { DemoNode } from './nodes.ts'
import type { PeerId } from '@libp2p/interface'

/** The first that is in neither list; where there is none, the first that is not in `never`. */
export function pick (nodes: DemoNode[], never: DemoNode[], rather: DemoNode[] = []): DemoNode {
  const allowed = nodes.filter(node => node.alive && !never.includes(node))

  return allowed.find(node => !rather.includes(node)) ?? allowed[0]
}

export function withIds (nodes: DemoNode[], ids: PeerId[]): DemoNode[] {
  const names = new Set(ids.map(id => id.toString()))

  return nodes.filter(node => names.has(node.id))
}

/** Two that have no connection, and do not even know each other, if there are such. */
export function strangers (nodes: DemoNode[]): { asker: DemoNode, sought: DemoNode } {
  const pairs = nodes.flatMap(asker => nodes.filter(node => node !== asker).map(sought => ({ asker, sought })))
  const apart = pairs.filter(({ asker, sought }) => !asker.isConnectedTo(sought))

  return apart.find(({ asker, sought }) => !asker.dht.routingTable.has(sought.libp2p.peerId)) ?? apart[0] ?? pairs[0]
}

export interface Victims {
  count: number
  /** those to be killed before others */
  first: DemoNode[]
  /** those that must live, for there is nobody else to do what they do */
  spared: DemoNode[]
  /** groups of which half must live: k copies are for surviving deaths, not the end of all */
  halves: DemoNode[][]
}

export function chooseVictims (nodes: DemoNode[], { count, first, spared, halves }: Victims): DemoNode[] {
  const victims: DemoNode[] = []
  // holders before bystanders, so that something is lost
  const candidates = new Set([...first, ...halves.flat(), ...nodes])

  for (const node of candidates) {
    const killed = [...victims, node]
    const bearable = halves.every(group => group.filter(member => killed.includes(member)).length <= group.length / 2)

    if (victims.length < count && bearable && !spared.includes(node)) {
      victims.push(node)
    }
  }

  return victims
}
