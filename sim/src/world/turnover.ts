// Nodes that come and go as those of a population do, but for that they have no tables and send nothing: so that a day of many takes
// seconds. For what depends on who is there and not on how they find each other.

import { residual, session } from './session.ts'
import type { World } from './world.ts'
import type { SimNode } from '../network/node.ts'
import type { Random } from '../network/random.ts'

export interface TurnoverEvents {
  /** also for each that is there from the beginning */
  onJoin (node: SimNode): void
  onLeave (node: SimNode): void
}

export class Turnover {
  readonly #world: World
  readonly #random: Random
  readonly #events: TurnoverEvents
  readonly #up = new Set<SimNode>()

  /** Always `size` nodes: whenever one leaves another joins. Those who are there now are so in the middle of their sessions. */
  constructor (world: World, size: number, events: TurnoverEvents) {
    this.#world = world
    this.#random = world.random.fork('turnover')
    this.#events = events

    for (let i = 0; i < size; i++) {
      this.#join(residual)
    }
  }

  isUp (node: SimNode): boolean {
    return this.#up.has(node)
  }

  #join (length: (random: Random) => number): void {
    const node = this.#world.addNode()
    this.#up.add(node)
    this.#events.onJoin(node)
    this.#world.clock.after(length(this.#random.fork(node.id)), () => { this.#leave(node) })
  }

  #leave (node: SimNode): void {
    this.#up.delete(node)
    this.#events.onLeave(node)
    this.#join(session)
  }
}
