// Peers in the order of their distance from a key, each with a state: what the rivals' lookups are rendered with.

import { compareDistance } from '../../../src/kademlia/key.ts'
import type { Key } from '../../../src/kademlia/key.ts'
import type { SimNode } from '../network/node.ts'

export interface Candidate<State> {
  readonly peer: SimNode
  state: State
}

export class Candidates<State> {
  readonly #target: Key
  readonly #states = new Map<SimNode, Candidate<State>>()
  /** nearest first */
  readonly sorted: Array<Candidate<State>> = []

  constructor (target: Key) {
    this.#target = target
  }

  get size (): number {
    return this.sorted.length
  }

  get (peer: SimNode): Candidate<State> | undefined {
    return this.#states.get(peer)
  }

  /** False, and no effect, when the peer is there already. */
  add (peer: SimNode, state: State): boolean {
    if (this.#states.has(peer)) {
      return false
    }

    const candidate = { peer, state }
    let low = 0
    let high = this.sorted.length

    while (low < high) {
      const middle = (low + high) >>> 1

      if (compareDistance(this.sorted[middle].peer.key, peer.key, this.#target) < 0) {
        low = middle + 1
      } else {
        high = middle
      }
    }

    this.sorted.splice(low, 0, candidate)
    this.#states.set(peer, candidate)

    return true
  }

  /** The nearest `n` in one of these states. */
  nearest (n: number, ...states: State[]): Array<Candidate<State>> {
    const found: Array<Candidate<State>> = []

    for (let i = 0; i < this.sorted.length && found.length < n; i++) {
      if (states.includes(this.sorted[i].state)) {
        found.push(this.sorted[i])
      }
    }

    return found
  }
}
