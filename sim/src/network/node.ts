// A simulated node: its place in the key space and in the world, and the routing table that ships.

import { tableRules } from '../../../src/kademlia/parameters.ts'
import { RoutingTable } from '../../../src/kademlia/routing-table.ts'
import { Latency } from '../../../src/query/latency.ts'
import { CONFIG } from './config.ts'
import type { Place } from './geography.ts'
import type { Key, PeerKey } from '../../../src/kademlia/key.ts'

const NOBODY: ReadonlySet<SimNode> = new Set()

const TABLE_RULES = tableRules(CONFIG.k)

/**
 * alive: answers. silent: accepts connections and never answers. refusing: gone, and its machine says so. vanished: gone, and
 * whoever dials it waits until the time-out. nat: answers those whom it is connected to, and can't be dialled.
 */
export type Health = 'alive' | 'silent' | 'refusing' | 'vanished' | 'nat'

/** What a hostile node answers; undefined for nothing at all. */
export interface Behaviour {
  (node: SimNode, from: SimNode, target: Key): SimNode[] | undefined
}

/** What it has of its own comes to be when it is used: an invented one never uses it, and the many stay small. */
export class SimNode implements PeerKey {
  readonly id: string
  readonly key: Key
  readonly place: Place
  health: Health = 'alive'
  /** undefined for an honest one */
  behaviour: Behaviour | undefined = undefined
  /** whom it has joined through, and until when they are spared */
  seeds: ReadonlySet<SimNode> = NOBODY
  seedsSparedUntil = 0
  #table?: RoutingTable<SimNode>
  #latency?: Latency
  #connections?: Set<SimNode>

  constructor (id: string, key: Key, place: Place) {
    this.id = id
    this.key = key
    this.place = place
  }

  get table (): RoutingTable<SimNode> {
    this.#table ??= new RoutingTable({ self: this.key, ...TABLE_RULES })

    return this.#table
  }

  /** what it has measured of others' round trips */
  get latency (): Latency {
    this.#latency ??= new Latency(CONFIG.slow, id => this.table.get(id))

    return this.#latency
  }

  /** whom it is connected to, oldest first */
  get connections (): Set<SimNode> {
    this.#connections ??= new Set()

    return this.#connections
  }
}

/** Whether it is there to do anything. */
export function isUp ({ health }: SimNode): boolean {
  return health === 'alive' || health === 'silent' || health === 'nat'
}

export function isGone ({ health }: SimNode): boolean {
  return health === 'refusing' || health === 'vanished'
}

/** Whether it can be dialled and answers as it should. */
export function isHonest ({ health, behaviour }: SimNode): boolean {
  return health === 'alive' && behaviour == null
}
