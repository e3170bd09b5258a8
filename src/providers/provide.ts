// Announces that this node provides a key, on the nodes nearest to it.

import { QueryError } from '../query/errors.ts'
import { storeNearest } from '../query/store-nearest.ts'
import { encodeRequest, MessageType } from '../wire/message.ts'
import { encodePeer } from '../wire/peer.ts'
import type { ProviderStore } from './provider-store.ts'
import type { Contact } from '../query/contact.ts'
import type { QueryManager } from '../query/manager.ts'
import type { QueryEvents } from '../query/query-events.ts'
import type { WriteResult } from '../query/store-nearest.ts'
import type { EncodedRequest } from '../wire/message.ts'
import type { AbortOptions } from '@libp2p/interface'

export interface ProvideNeeds {
  queries: QueryManager
  store: ProviderStore
  /** oneself, without addresses: they change, and are added when they are needed */
  self: Contact
  /** oneself, with the addresses that others may use */
  contact (): Contact
  /** sends what has no reply */
  notify (to: Contact, request: EncodedRequest, options: AbortOptions): Promise<void>
}

export interface ProvideOptions {
  signal: AbortSignal
  events?: QueryEvents
  /** false: remember it only; it is announced when the time for that comes */
  useNetwork?: boolean
}

/**
 * Remembers the key first: whatever happens, it is announced again and again until it is cancelled. The protocol has no
 * answer to an announcement, so that a peer counts as a holder when the message has been sent to it.
 *
 * @throws {QueryError} when no other node could be told, or this one has no address to tell
 */
export async function provide (multihash: Uint8Array, needs: ProvideNeeds, { signal, events, useNetwork }: ProvideOptions): Promise<WriteResult> {
  const { queries, store, self, notify } = needs

  if (!await store.isOwn(multihash)) {
    await store.add(multihash, { contact: self, announcedAt: 0 }, { signal })
  }

  if (useNetwork === false) {
    return { stored: [], failed: [], messages: 0, hops: 0 }
  }

  const contact = needs.contact()

  if (contact.addrs.length === 0) {
    throw new QueryError('This node has no address that others may use, so they could not fetch from it: listen on one, or let peerInfoMapper pass those it has')
  }

  const request = encodeRequest({ type: MessageType.ADD_PROVIDER, key: multihash, providers: [encodePeer(contact.multihash, contact.addrs)] })
  const result = await storeNearest(queries, {
    key: multihash,
    request,
    send: async (to, options) => {
      await notify(to, request, options)
      return undefined
    }
  }, { signal, events })

  // only now: what failed is tried again soon, not in a day; and not if it was cancelled meanwhile
  await store.renew(multihash, Date.now())

  return result
}
