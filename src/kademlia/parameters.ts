// The numbers of the algorithm that are no options, for the running node and the simulator alike.

const SECOND = 1000
const MINUTE = 60 * SECOND

/**
 * A lookup starts with so many times k peers of the table. The first k are asked; the others take the places of those that
 * turn out to be dead, which in a small network nobody else may name.
 */
export const SEEDS = 3

/** A lookup asks no more than this many times k peers; one among honest peers asks about 2k. */
export const MAX_ASKED = 25

/** A peer loses its place in the table after so many failed requests in a row. */
export const MAX_FAILURES = 3

/** Upkeep of the table, times in ms. */
export const UPKEEP = {
  /** between two looks at who is to be probed */
  probeInterval: 30 * SECOND,
  /** a peer not heard of for so long is probed */
  staleAfter: 10 * MINUTE,
  /** before the first repeated probe of a peer that failed; doubled with each failure */
  probeBackoff: 5 * SECOND,
  /** probes that one look may start */
  maxProbes: 20
}

/** The self lookup's interval grows by this factor until it is the regular one: a new node's neighbourhood changes fast. */
export const SELF_INTERVAL_GROWTH = 4

/** Every interval is stretched or shrunk by up to this share, so that nodes started together do not stay in step. */
export const JITTER = 0.2

/** Deepest bucket refreshed by a key of its own; deeper ones are part of the own neighbourhood. 2^16 hashes find a key for it. */
export const MAX_REFRESH_DEPTH = 15
