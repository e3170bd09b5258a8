// Finds the addresses of a peer whose id is known.

import { InvalidParametersError, NotFoundError } from '@libp2p/interface'
import { contactFromPeerId, decodeContacts } from '../query/contact.ts'
import { findClosest } from '../query/find-closest.ts'
import { toPeerInfo } from '../wire/peer.ts'
import type { Contact } from '../query/contact.ts'
import type { QueryManager } from '../query/manager.ts'
import type { QueryEvents } from '../query/query-events.ts'
import type { PeerInfoMapper } from '../wire/peer.ts'
import type { PeerId, PeerInfo, TraceOptions } from '@libp2p/interface'

/** What a search may use, and where its events go. */
export interface FindOptions {
  signal: AbortSignal
  events?: QueryEvents
  /** false: do not answer from what this node knows itself */
  useCache?: boolean
  /** false: answer only from what this node knows itself */
  useNetwork?: boolean
  /** what tracing of the caller this belongs to */
  trace?: TraceOptions['trace']
}

export interface FindPeerNeeds {
  self: PeerId
  queries: QueryManager
  mapper: PeerInfoMapper
  /** a peer as this node knows it, with addresses that may be used or none */
  known (id: PeerId): Promise<PeerInfo>
}

/**
 * @throws {NotFoundError} when no peer that was asked knows an address of it
 */
export async function findPeer (id: PeerId, { self, queries, mapper, known }: FindPeerNeeds, options: FindOptions): Promise<PeerInfo> {
  if (id.equals(self)) {
    throw new InvalidParametersError('The peer to find is this node itself: its addresses are in libp2p.getMultiaddrs()')
  }

  if (options.useCache !== false) {
    const peer = await known(id)

    if (peer.multiaddrs.length > 0) {
      options.events?.onFinal(self, peer)
      return peer
    }
  }

  if (options.useNetwork === false) {
    throw new NotFoundError(`No address of ${id.toString()} is known to this node, and the network was not to be asked`)
  }

  const target = contactFromPeerId(id)
  let found: PeerInfo | undefined

  const onReply = (from: Contact, named: Contact[]): boolean => {
    const contact = named.find(peer => peer.id === target.id)
    const peer = contact == null ? undefined : toPeerInfo(contact, mapper)

    if (peer == null || peer.multiaddrs.length === 0) {
      return false
    }

    found = peer
    return true
  }

  await findClosest(queries, {
    key: target.multihash,
    signal: options.signal,
    events: options.events,
    onReply: (from, reply) => onReply(from, decodeContacts(reply.closer, 2 * queries.k))
  })

  if (found == null) {
    throw new NotFoundError(`No peer near ${id.toString()} knows an address of it`)
  }

  options.events?.onFinal(id, found)

  return found
}
