// How long things may take on a network, the same for every subject.

import type { Quiet } from '../cpu.ts'

/** How long a node may take to get the seed into its table, ms. */
export const JOIN_LIMIT = 20_000

/**
 * A refresh may go on after its call has resolved: the network is used when its process rests for so long. On a machine with
 * much else to do a process that works gets more than this twentieth of a processor. It has formed when its tables
 * and connections changed for the last time before that; lookups of regular upkeep that find nothing new are no part of it.
 */
export const RESTING: Quiet = { window: 500, cpu: 25, times: 4, limit: 60_000 }

/** A lookup of the warm-up may take so long, ms. */
export const LOOKUP_LIMIT = 20_000

/** An operation is told to end after this, ms. */
export const ABORT_AFTER = 10_000

/** One that does not listen is left alone after this, ms. */
export const LEAVE_AFTER = 12_000

/** One announcement of many that are made at a time may take so long, ms. */
export const ANNOUNCE_ONE_LIMIT = 60_000

/** And all of a sweep, ms. */
export const ANNOUNCE_ALL_LIMIT = 900_000
