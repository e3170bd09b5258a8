// Whom a node joins through. They are asked once, when it joins, and then left in peace for a while: upkeep has the others to ask.

import { SEEDS_SPARED } from '../kademlia/parameters.ts'
import type { Contact } from '../query/contact.ts'

export class Seeds {
  /** as configured */
  readonly all: readonly Contact[]
  readonly #configured: ReadonlySet<string>
  #joinedThrough: ReadonlySet<string> = new Set()
  #joinedAt = 0
  #returning = false

  constructor (seeds: readonly Contact[]) {
    this.all = seeds
    this.#configured = new Set(seeds.map(({ id }) => id))
  }

  /** Whether the options say that it is one. */
  has (id: string): boolean {
    return this.#configured.has(id)
  }

  /** So many peers are known from the last time. */
  onSaved (count: number): void {
    this.#returning ||= count > 0
  }

  /** These are all the peers that the node knows, now that it joins: its seeds, unless it is back among those it knows. */
  onJoin (ids: Iterable<string>, now: number): void {
    this.#joinedThrough = new Set(this.#returning ? [] : ids)
    this.#joinedAt = now
  }

  /** Whether upkeep leaves the peer in peace as long as there are others to ask. */
  spares (id: string, now: number): boolean {
    return now < this.#joinedAt + SEEDS_SPARED && (this.has(id) || this.#joinedThrough.has(id))
  }
}
