// After a get: those of the nearest k that have another value than the best, or none, are given it, in the background. What they say to
// it is told by events, and is nobody's error.

import { equals as uint8ArrayEquals } from 'uint8arrays/equals'
import { hold } from './hold.ts'
import { encodePut, sendPut } from './put.ts'
import type { PutNeeds } from './put.ts'
import type { Contact } from '../query/contact.ts'
import type { QueryEvents } from '../query/query-events.ts'

export interface RepairNeeds extends PutNeeds {
  /** runs what nobody waits for; it ends when the node stops */
  background (task: (options: { signal: AbortSignal }) => Promise<void>): void
}

export interface Repair {
  key: Uint8Array
  /** the best one */
  value: Uint8Array
  /** what this node holds itself */
  own?: Uint8Array
  /** who holds which */
  holders: Map<Contact, Uint8Array>
  /** who should hold it */
  closest: Contact[]
  events?: QueryEvents
}

export function repair ({ key, value, own, holders, closest, events }: Repair, needs: RepairNeeds): void {
  const { namespaces } = needs
  const current = new Set([...holders].filter(([, theirs]) => namespaces.covers(key, theirs, value)).map(([{ id }]) => id))
  const behind = closest.filter(peer => !current.has(peer.id))
  const ownIsBehind = own != null && !uint8ArrayEquals(own, value)

  if (behind.length === 0 && !ownIsBehind) {
    return
  }

  needs.background(async ({ signal }) => {
    const request = encodePut({ key, value })

    await Promise.allSettled([
      ...behind.map(async peer => {
        try {
          events?.onAsk(peer, request.type)
          events?.onReply(peer, request.type, await sendPut(needs, peer, request, { key, value }, { signal }))
        } catch (error: any) {
          events?.onError(peer, error)
        }
      }),
      ownIsBehind ? hold({ key, value, timeReceived: Date.now() }, needs, { signal }) : undefined
    ])
  })
}
