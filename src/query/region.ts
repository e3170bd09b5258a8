// Goes on where a lookup has ended, with everyone else who is in the region of its key (`kademlia/region.ts` says who that is, and when it is worth it).

import { randomBytes } from '@libp2p/crypto'
import { bytesInBucket } from '../kademlia/bucket-key.ts'
import { keyOf } from '../kademlia/key.ts'
import { RegionSearch, wantsRegion } from '../kademlia/region.ts'
import { findClosest } from './find-closest.ts'
import type { Contact } from './contact.ts'
import type { Query, QueryManager, QueryResult } from './manager.ts'
import type { Key } from '../kademlia/key.ts'
import type { RegionMode } from '../kademlia/region.ts'

/** What became of it. */
export interface Region {
  /** those of the region that the lookup has not found among its nearest, nearest first */
  others: Contact[]
  /** lookups that it took to find them, and requests sent */
  lookups: number
  messages: number
}

/** Hashes tried at once for a key at the far side, so that nothing else waits for long: in a network of a million it takes 2^17 of them. */
const TRIES_AT_ONCE = 4_096

const NONE: Region = { others: [], lookups: 0, messages: 0 }

/** Nobody when the region is not to be searched. A lookup that fails is left out: what others know is good all the same. */
export async function searchRegion (queries: QueryManager, key: Uint8Array, { closest, found }: QueryResult, { mode, signal, events }: Pick<Query, 'signal' | 'events'> & { mode: RegionMode }): Promise<Region> {
  const { k, networkSize } = queries
  const target = keyOf(key)

  if (!wantsRegion(mode, target, closest, k, networkSize)) {
    return NONE
  }

  const search = new RegionSearch({ target, k, size: networkSize }, found)
  let messages = 0

  for (let bits = search.next(); bits != null; bits = search.next()) {
    const far = await bytesNear(target, bits, signal)

    try {
      const result = await findClosest(queries, { key: far, signal, events, avoid: peer => search.avoids(peer) })
      messages += result.messages
      search.onLookup(keyOf(far), result.found)
    } catch {
      signal.throwIfAborted()
      search.onLookup(keyOf(far), [])
    }
  }

  const known = new Set(closest.map(({ id }) => id))

  return { others: search.members().filter(({ id }) => !known.has(id)), lookups: search.lookups, messages }
}

/** Bytes whose key shares exactly so many bits with the target; nobody knows beforehand which. */
async function bytesNear (target: Key, bits: number, signal: AbortSignal): Promise<Uint8Array> {
  const seed = randomBytes(32)

  while (true) {
    const bytes = bytesInBucket(target, bits, seed, TRIES_AT_ONCE)

    if (bytes != null) {
      return bytes
    }

    await new Promise(resolve => setTimeout(resolve, 0))
    signal.throwIfAborted()
  }
}
