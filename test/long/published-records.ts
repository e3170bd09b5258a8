// What the process that is killed and the test that kills it know of each other.

import type { KadDHTInit } from '../../src/index.ts'

/** The names that it publishes under, all at once. */
export const PUBLISHED = ['a', 'b', 'c']

/** Its key, the same after each start. */
export const PUBLISHER_SEED = new Uint8Array(32).fill(7)

export const PUBLISHER_INIT: KadDHTInit = { kBucketSize: 3, networkDialTimeout: { minTimeout: 8_000 } }
