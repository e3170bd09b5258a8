// What the process that is killed and the test that kills it know of each other.

import { cidsOf } from '../helpers/content.ts'
import { randomNumbers, SEED } from '../helpers/random.ts'
import type { KadDHTInit } from '../../src/index.ts'

/** What is provided in the end: what comes first is there before the first kill. */
export const PROVIDED = cidsOf(2_000, randomNumbers(SEED))
export const BEFORE = 1_000

/** Added in steps of so many. */
export const STEP = 50

/** Its key, the same after each start. */
export const PROVIDER_SEED = new Uint8Array(32).fill(9)

export const K = 5

export const PROVIDER_INIT: KadDHTInit = { kBucketSize: K, networkDialTimeout: { minTimeout: 8_000 } }
