// A simulated node: its place in the key space and in the world, and the routing table that ships.

import { MAX_FAILURES } from '../../../src/kademlia/parameters.ts'
import { RoutingTable } from '../../../src/kademlia/routing-table.ts'
import { Latency } from '../../../src/query/latency.ts'
import { CONFIG } from './config.ts'
import type { Place } from './geography.ts'
import type { Key, PeerKey } from '../../../src/kademlia/key.ts'

/**
 * alive: answers. silent: accepts connections and never answers. refusing: gone, and its machine says so. vanished: gone, and
 * whoever dials it waits until the time-out. nat: answers those whom it is connected to, and can't be dialled.
 */
export type Health = 'alive' | 'silent' | 'refusing' | 'vanished' | 'nat'

/** What a hostile node answers; undefined for nothing at all. */
export interface Behaviour {
  (node: SimNode, from: SimNode, target: Key): SimNode[] | undefined
}

export interface SimNode extends PeerKey {
  readonly place: Place
  readonly table: RoutingTable<SimNode>
  /** what it has measured of others' round trips */
  readonly latency: Latency
  /** whom it is connected to, oldest first */
  readonly connections: Set<SimNode>
  health: Health
  /** undefined for an honest one */
  behaviour?: Behaviour
}

export function createNode (id: string, key: Key, place: Place): SimNode {
  return {
    id,
    key,
    place,
    table: new RoutingTable({ self: key, k: CONFIG.k, maxFailures: MAX_FAILURES }),
    latency: new Latency(CONFIG.slow),
    connections: new Set(),
    health: 'alive',
    behaviour: undefined
  }
}

/** One that others name and that does not exist. It shares what an existing one has of its own, for it never uses it. */
export function inventNode (id: string, key: Key, place: Place): SimNode {
  return { ...NOBODY, id, key, place }
}

const NOBODY = { ...createNode('', new Uint32Array(8), { x: 1, y: 0, z: 0, lastMile: 0 }), health: 'vanished' } satisfies SimNode

/** Whether it can be dialled and answers as it should. */
export function isHonest ({ health, behaviour }: SimNode): boolean {
  return health === 'alive' && behaviour == null
}
