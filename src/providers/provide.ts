// Announces that this node provides a key, on the nodes nearest to it.

import { QueryError } from '../query/errors.ts'
import { storeNearest } from '../query/store-nearest.ts'
import { encodeRequest, MessageType } from '../wire/message.ts'
import { encodePeer } from '../wire/peer.ts'
import type { Contact } from '../query/contact.ts'
import type { QueryManager } from '../query/manager.ts'
import type { StoreOptions } from '../query/store-nearest.ts'
import type { WriteResult } from '../query/write-result.ts'
import type { EncodedRequest } from '../wire/message.ts'
import type { AbortOptions } from '@libp2p/interface'

export interface ProvideNeeds {
  queries: QueryManager
  /** oneself, with the addresses that others may use */
  contact (): Contact
  /** sends what has no reply */
  notify (to: Contact, request: EncodedRequest, options: AbortOptions): Promise<void>
}

/**
 * The protocol has no answer to an announcement, so that a peer counts as a holder when the message has been sent to it.
 *
 * @throws {NotStartedError}
 * @throws {QueryError} when no other node could be told, or this one has no address to tell
 */
export async function provide (multihash: Uint8Array, { queries, contact, notify }: ProvideNeeds, options: StoreOptions): Promise<WriteResult> {
  // before it is started it has no address either
  queries.requireStarted()
  const self = withAddress(contact())
  const request = announcementOf(self)(multihash)

  return storeNearest(queries, {
    key: multihash,
    request,
    send: async (to, options) => {
      await notify(to, request, options)
      return undefined
    }
  }, options)
}

/** @throws {QueryError} when it has no address to tell: nobody would take the announcement */
export function withAddress (self: Contact): Contact {
  if (self.addrs.length === 0) {
    throw noAddress()
  }

  return self
}

export function noAddress (): QueryError {
  return new QueryError('This node has no address that others may use, so they could not fetch from it: listen on one, or let peerInfoMapper pass those it has')
}

/** Makes requests that announce keys. `self`: the provider, with its addresses */
export function announcementOf (self: Contact): (multihash: Uint8Array) => EncodedRequest {
  const providers = [encodePeer(self.multihash, self.addrs)]

  return multihash => encodeRequest({ type: MessageType.ADD_PROVIDER, key: multihash, providers })
}
