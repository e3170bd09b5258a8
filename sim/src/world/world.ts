// A network of nodes, and how it comes to be.

import { Clock } from '../network/clock.ts'
import { settle } from '../network/geography.ts'
import { SEEDS_DIALLED } from '../network/model.ts'
import { SimNetwork } from '../network/network.ts'
import { SimNode } from '../network/node.ts'
import { Random } from '../network/random.ts'
import { RULES } from '../policies/index.ts'
import { fill } from './fill.ts'
import { join } from './join.ts'
import type { Key } from '../../../src/kademlia/key.ts'
import type { Place } from '../network/geography.ts'

/** joined: by the nodes' own joins and refreshes. filled: by one who knows them all, which is faster. */
export type Tables = 'joined' | 'filled'

/** A network grows by one in so long, ms, divided by its size: it doubles every 83 seconds. */
const GROWTH = 120_000

export interface WorldOptions {
  /** a request has come to a node */
  onRequest? (to: SimNode, from: SimNode): void
  /** where a node is, if not anywhere on the globe */
  place? (random: Random): Place
}

export class World {
  readonly random: Random
  readonly clock = new Clock()
  /** in which nodes live: they learn */
  readonly network: SimNetwork
  readonly nodes: SimNode[] = []
  readonly #place: (random: Random) => Place

  constructor (seed: string, { onRequest, place = settle }: WorldOptions = {}) {
    this.#place = place
    this.random = new Random(seed)
    this.network = new SimNetwork(this.clock, this.random.fork('network'), { learning: true, onRequest })
  }

  /** One more node, not connected to anyone. */
  addNode (key?: Key): SimNode {
    const node = this.createNode(this.nodes.length, key)
    this.nodes.push(node)

    return node
  }

  /** The `i`-th node to be. */
  createNode (i: number, key?: Key): SimNode {
    const id = i.toString(36)
    const random = this.random.fork(`node ${id}`)

    return new SimNode(id, key ?? random.key(), this.#place(random))
  }

  /** The same nodes as they are now, in a network of its own time in which nobody learns: what happens there leaves no trace. */
  frozen (random: Random, onRequest?: (to: SimNode, from: SimNode) => void): SimNetwork {
    return new SimNetwork(new Clock(this.clock.now), random, { learning: false, onRequest })
  }
}

/** A network of `size` honest nodes, at rest. */
export function createWorld (seed: string, size: number, tables: Tables, options?: WorldOptions): World {
  const world = new World(seed, options)

  if (tables === 'filled') {
    Array.from({ length: size }, () => world.addNode())
    fill(world.nodes, world.network, world.random.fork('fill'))
  } else {
    grow(world, size)
  }

  return world
}

/** The nodes join one after the other, the more at a time the more there are. */
function grow (world: World, size: number): void {
  const { clock, network, nodes } = world
  const random = world.random.fork('grow')
  const upkeep = { network, random: world.random.fork('upkeep'), rules: RULES.ours }

  // made at once, for what everyone looks at is found faster when it lies close together
  for (const node of Array.from({ length: size }, (_, i) => world.createNode(i))) {
    const seeds = random.sample(nodes.slice(0, 100), SEEDS_DIALLED)
    nodes.push(node)
    join(upkeep, node, seeds)
    clock.run(clock.now + GROWTH / nodes.length)
  }

  clock.run()
}
