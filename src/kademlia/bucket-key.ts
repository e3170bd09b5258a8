// Keys to look up so that a chosen bucket is refreshed. A node is asked for the neighbours of *bytes*, whose place in the
// key space is their hash; so the bytes for a bucket are found by trial: on average 2^(cpl + 1) hashes. Pure.

import { commonPrefixLength, keyOf } from './key.ts'
import type { Key } from './key.ts'

/**
 * Bytes whose key shares exactly `cpl` leading bits with `self`, or undefined when none was found within `tries`.
 * The result is uniform in the bucket, because hashes are.
 *
 * `seed`: random bytes; the same seed gives the same result. It is used as the memory of the trials.
 */
export function bytesInBucket (self: Key, cpl: number, seed: Uint8Array, tries: number): Uint8Array | undefined {
  const counter = new DataView(seed.buffer, seed.byteOffset, seed.byteLength)

  for (let i = 0; i < tries; i++) {
    counter.setUint32(0, counter.getUint32(0) + 1)

    if (commonPrefixLength(self, keyOf(seed)) === cpl) {
      return seed
    }
  }
}
