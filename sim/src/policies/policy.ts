// What a set of lookup rules is to the simulator: a state machine like the library's own, and what surrounds it.

import type { Key } from '../../../src/kademlia/key.ts'
import type { TimeLimits } from '../network/network.ts'
import type { SimNode } from '../network/node.ts'
import type { Random } from '../network/random.ts'

export type PolicyName = 'ours' | 'go' | 'js' | 'rust'

/** What to do next; see the library's `LookupStep`. */
export type Step = { ask: SimNode, about?: SimNode } | { wait: number } | { done: true }

/** A lookup while it goes on; see `LookupView` of the library's query manager. */
export interface LookupView {
  closest (n: number): SimNode[]
  settled (n: number): SimNode[]
  likely (n: number): SimNode[]
  readonly answered: number
}

export interface Policy {
  /** An `ask` counts as sent: call again until it says otherwise. `wait` is until a reply, or until that time. */
  next (now: number): Step
  onReply (peer: SimNode, closer: SimNode[]): void
  onFailure (peer: SimNode): void
  /** what a search would give its caller, nearest first */
  closest (): SimNode[]
  /** what it has found so far, for whoever looks on; ours only */
  readonly view?: LookupView
  /** those who took too long, for the table to know */
  silent? (): SimNode[]
}

/** What a lookup is given. */
export interface LookupInit {
  target: Key
  self: SimNode
  k: number
  random: Random
  /** some are left out of it */
  isPartial: boolean
  /** whether the peer is still being dialled */
  isDialling (peer: SimNode): boolean
  /** whether there is a connection to the peer */
  isWarm (peer: SimNode): boolean
}

export interface Rules {
  name: PolicyName
  limits: TimeLimits
  /** a lookup ends after so long with what it has, ms; undefined for never */
  longest?: number
  /** it starts with the so many nearest of its own table */
  seeds: number
  start (init: LookupInit, seeds: SimNode[]): Policy
}
