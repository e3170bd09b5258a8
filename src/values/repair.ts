// After a get: those of the nearest k that have another value than the best, or none, are given it, in the background. What they say to
// it is told by events, and is nobody's error.

import { equals as uint8ArrayEquals } from 'uint8arrays/equals'
import { cacheLife, ttlLeft } from '../kademlia/replication.ts'
import { hold } from './hold.ts'
import { encodePut, sendPut } from './put.ts'
import type { PutNeeds } from './put.ts'
import type { Refusals } from './refusals.ts'
import type { Contact } from '../query/contact.ts'
import type { QueryEvents } from '../query/query-events.ts'
import type { EncodedRequest } from '../wire/message.ts'

const SECOND = 1000

export interface RepairNeeds extends PutNeeds {
  /** who has refused what lately */
  refusals: Refusals
  /** runs what nobody waits for; it ends when the node stops */
  background (task: (options: { signal: AbortSignal }) => Promise<void>): void
}

export interface Repair {
  key: Uint8Array
  /** the best one */
  value: Uint8Array
  /** when it ends where it is held longest, unix ms: it is not to live longer for having been read */
  ends: number
  /** what this node holds itself */
  own?: Uint8Array
  /** who holds which */
  holders: Map<Contact, Uint8Array>
  /** the nearest that answered */
  closest: Contact[]
  /** they are those that should hold it */
  complete: boolean
  events?: QueryEvents
}

export function repair ({ key, value, ends, own, holders, closest, complete, events }: Repair, needs: RepairNeeds): void {
  const { namespaces, refusals } = needs
  const ttl = ttlLeft(Math.min(ends, namespaces.rulesOf(key).expires?.(value) ?? Infinity), Date.now())
  const current = new Set([...holders].filter(([, theirs]) => uint8ArrayEquals(theirs, value) || namespaces.covers(key, theirs, value)).map(([{ id }]) => id))
  // where the search ended early, those who answered need not be those who should hold it
  const behind = (complete ? closest : [...holders.keys()]).filter(peer => !current.has(peer.id) && !refusals.has(peer.id, key))
  const ownIsBehind = own != null && !uint8ArrayEquals(own, value)
  const copy = complete ? undefined : copyFor(closest, holders, ttl)

  if (ttl === 0 || (behind.length === 0 && copy == null && !ownIsBehind)) {
    return
  }

  needs.background(async ({ signal }) => {
    const give = async (peer: Contact, request: EncodedRequest): Promise<void> => {
      try {
        await sendPut(needs, peer, request, { key, value }, { signal })
      } catch (error: any) {
        events?.onError(peer, error)

        if (!signal.aborted) {
          refusals.add(peer.id, key)
        }
      }
    }
    const request = encodePut({ key, value, ttl })

    await Promise.allSettled([
      ...behind.map(async peer => give(peer, request)),
      copy == null ? undefined : give(copy.peer, encodePut({ key, value, ttl: copy.ttl })),
      ownIsBehind ? hold({ key, value, ttl, timeReceived: Date.now() }, needs, { signal }) : undefined
    ])
  })
}

/**
 * Kademlia's caching (section 2.3): the nearest that has no value may have a copy, so that those who come the same way need not go so far. It lives
 * the shorter the more nodes there are between it and the next one that has it.
 */
function copyFor (closest: Contact[], holders: Map<Contact, Uint8Array>, life: number): { peer: Contact, ttl: number } | undefined {
  const holds = new Set([...holders.keys()].map(({ id }) => id))
  const at = closest.findIndex(({ id }) => !holds.has(id))
  const between = closest.slice(0, Math.max(0, at)).filter(({ id }) => !holds.has(id)).length
  const ttl = at === -1 ? 0 : Math.floor(cacheLife(life * SECOND, at - between) / SECOND)

  return ttl === 0 ? undefined : { peer: closest[at], ttl }
}
