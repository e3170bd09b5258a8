// Whom a node joins through. They are asked once, when it joins, and left in peace afterwards: upkeep has the others to ask.

import type { Contact } from '../query/contact.ts'

/** How long those whom a node has joined through without being told that they are seeds are left in peace, ms. */
const SPARED = 10 * 60 * 1000

export class Seeds {
  /** as configured */
  readonly all: readonly Contact[]
  readonly #configured: ReadonlySet<string>
  #joinedThrough: ReadonlySet<string> = new Set()
  #joinedAt = 0

  constructor (seeds: readonly Contact[]) {
    this.all = seeds
    this.#configured = new Set(seeds.map(({ id }) => id))
  }

  /** Whether the options say that it is one. */
  has (id: string): boolean {
    return this.#configured.has(id)
  }

  /** These are all the peers that the node knows, now that it joins. */
  onJoin (ids: Iterable<string>, now: number): void {
    this.#joinedThrough = new Set(ids)
    this.#joinedAt = now
  }

  /** Whether upkeep leaves the peer in peace as long as there are others to ask. */
  spares (id: string, now: number): boolean {
    return this.has(id) || (now < this.#joinedAt + SPARED && this.#joinedThrough.has(id))
  }
}
