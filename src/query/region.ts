// Goes on where a lookup has ended, with everyone else who is in the region of its key (`kademlia/region.ts` says who that is, and when it is worth it).

import { keyOf } from '../kademlia/key.ts'
import { RegionSearch, wantsRegion } from '../kademlia/region.ts'
import { findClosest } from './find-closest.ts'
import type { Contact } from './contact.ts'
import type { Query, QueryManager, QueryResult } from './manager.ts'
import type { RegionMode } from '../kademlia/region.ts'

/** What became of it. */
export interface Region {
  /** those of the region that the lookup has not found among its nearest, nearest first */
  others: Contact[]
  /** lookups that it took to find them, and requests sent */
  lookups: number
  messages: number
}

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

  for (let centre = search.next(); centre != null; centre = search.next()) {
    try {
      const result = await findClosest(queries, { key: centre.multihash, signal, events })
      messages += result.messages
      search.onLookup(centre, result.found)
    } catch {
      signal.throwIfAborted()
      search.onLookup(centre, [])
    }
  }

  const known = new Set(closest.map(({ id }) => id))

  return { others: search.members().filter(({ id }) => !known.has(id)), lookups: search.lookups, messages }
}
