// The numbers of the algorithm that are no options, for the running node and the simulator alike.

import type { GroupLimits } from './diversity.ts'
import type { LookupRules } from './lookup-rules.ts'
import type { RoutingTableOptions } from './routing-table.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/**
 * A lookup starts with so many times k peers of the table. The first k are asked; the others take the places of those that
 * turn out to be dead, which in a small network nobody else may name.
 */
export const SEEDS = 3

/** A lookup asks no more than this many times k peers; one among honest peers asks about 2k. */
export const MAX_ASKED = 25

/** How a lookup goes about it: chosen by the simulator, which measures each rule with and without (docs/simulation.md). */
export const LOOKUP_RULES: LookupRules = {
  ramp: { start: 2, growth: 0.9 },
  trust: { blame: 1, credit: 0.15, trial: 3 },
  around: { ignored: 1, lostPerCentre: 0.1, askedPerCentre: 2, mostCentres: 12 },
  doubt: { deviations: 4.5, most: 20, atOnce: 2 },
  grace: { lost: 2, share: 0.5 }
}

/** The same for a lookup that ends early, with the first of the nearest: what it sends more at the beginning it saves in the end. */
export const HURRIED_LOOKUP_RULES: LookupRules = { ...LOOKUP_RULES, ramp: { start: 3, growth: 1.5 } }

/** A peer loses its place in the table after so many failures in a row. */
const MAX_FAILURES = 3

/** A failure counts only so long after the one before, ms; doubled with each failure in a row. A peer that failed is asked again then. */
const FAILURE_BACKOFF = 5 * SECOND

/** Upkeep of the table, times in ms. */
export const UPKEEP = {
  /** between two looks at who is to be probed */
  probeInterval: MINUTE,
  /** when a peer that nothing is heard of is probed */
  patience: { least: 10 * MINUTE, most: HOUR, connected: HOUR },
  /** probes that one look may start */
  maxProbes: 20
}

/** Peers of one group of addresses: go-libp2p-kad-dht's limits for the public network. */
export const PEERS_PER_GROUP: GroupLimits = { perBucket: 2, perTable: 3 }

/** The limits of groups apply when so many times k peers are left without those over them. */
const ENOUGH_FOR_DIVERSITY = 2

/** How the table treats its peers. */
export function tableRules (k: number, perGroup = PEERS_PER_GROUP): Omit<RoutingTableOptions, 'self'> {
  return { k, maxFailures: MAX_FAILURES, backoff: FAILURE_BACKOFF, diversity: { ...perGroup, enough: ENOUGH_FOR_DIVERSITY * k } }
}

/** How values that are held for others are kept alive (`replication.ts`), times in ms. */
export const REPLICATION = {
  /** a holder puts a value to the nearest again when nobody has put it here for so long (Kademlia paper, 2.5) */
  interval: HOUR,
  /** holders wait by chance up to this share longer, so that the first of k has put it before the second looks up (docs/simulation.md) */
  jitter: 0.5,
  /** a copy off the way that would live shorter is not worth its put */
  leastCacheLife: MINUTE
}

/** The self lookup's interval grows by this factor until it is the regular one: a new node's neighbourhood changes fast. */
export const SELF_INTERVAL_GROWTH = 4

/** A bucket that is full of peers that have not failed is refreshed so many times less often than the others. */
export const FULL_REFRESH_FACTOR = 6

/** How long a node that has joined leaves its seeds in peace, ms; then they are peers like all others. */
export const SEEDS_SPARED = 10 * MINUTE

/** Every interval is stretched or shrunk by up to this share, so that nodes started together do not stay in step. */
export const JITTER = 0.2

/** Deepest bucket refreshed by a key of its own; deeper ones are part of the own neighbourhood. 2^16 hashes find a key for it. */
export const MAX_REFRESH_DEPTH = 15
