// Nodes that come and go: each stays for a session, and when one leaves another one joins, so that there are always as many.

import { gone } from '../network/faults.ts'
import { SEEDS_DIALLED } from '../network/model.ts'
import { RULES } from '../policies/index.ts'
import { join } from './join.ts'
import { residual, session } from './session.ts'
import { keepUp } from './upkeep.ts'
import type { Upkeep } from './join.ts'
import type { World } from './world.ts'
import type { SimNode } from '../network/node.ts'
import type { Random } from '../network/random.ts'

export class Population {
  readonly #world: World
  readonly #random: Random
  readonly #upkeep: Upkeep
  readonly #up: Set<SimNode>

  /** Those who are there now are so in the middle of their sessions. */
  constructor (world: World) {
    this.#world = world
    this.#random = world.random.fork('population')
    this.#upkeep = { network: world.network, random: world.random.fork('upkeep'), rules: RULES.ours }
    this.#up = new Set(world.nodes)

    for (const node of world.nodes) {
      this.#live(node, residual(this.#random))
    }
  }

  /** Who is there. */
  get up (): SimNode[] {
    return [...this.#up]
  }

  #live (node: SimNode, session: number): void {
    keepUp(this.#upkeep, node)
    this.#world.clock.after(session, () => { this.#leave(node) })
  }

  #leave (node: SimNode): void {
    node.health = gone(this.#random)
    this.#world.network.disconnect(node)
    this.#up.delete(node)

    const seeds = this.#random.sample(this.up, SEEDS_DIALLED)
    const joiner = this.#world.addNode()
    this.#up.add(joiner)
    join(this.#upkeep, joiner, seeds)
    this.#live(joiner, session(this.#random))
  }
}
