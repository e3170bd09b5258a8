// How long a value lives, as those who hold it say.

import type { ValueRecord } from '../wire/record.ts'

/** How long a value is held: go-libp2p's `MaxRecordAge` and the IPFS Kademlia specification, ms. */
export const MAX_RECORD_AGE = 48 * 60 * 60 * 1000

/**
 * When a record ends that somebody else holds, unix ms: by what is left of its life, if it says, as rust-libp2p does, or else by when it got there. Nobody can say more than
 * that it has come just now.
 */
export function endElsewhere ({ timeReceived, ttl }: ValueRecord, now: number): number {
  return ttl == null ? Math.min(timeReceived ?? now, now) + MAX_RECORD_AGE : now + Math.min(ttl * 1000, MAX_RECORD_AGE)
}
