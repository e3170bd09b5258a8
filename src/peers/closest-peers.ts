// The peers nearest to a key, all of which have answered.

import { NotFoundError } from '@libp2p/interface'
import { findClosest } from '../query/find-closest.ts'
import type { FindOptions } from './find-peer.ts'
import type { Key } from '../kademlia/key.ts'
import type { Contact } from '../query/contact.ts'
import type { QueryManager } from '../query/manager.ts'
import type { PeerInfo } from '@libp2p/interface'

export interface ClosestPeersNeeds {
  queries: QueryManager
  /** the peers of the table nearest to a key */
  closest (target: Key, n: number): Contact[]
  keyOf (key: Uint8Array): Key
  /** a peer with its addresses */
  info (contact: Contact): PeerInfo
}

/** Nearest first, at most k. */
export async function closestPeers (key: Uint8Array, needs: ClosestPeersNeeds, { signal, events, useNetwork }: FindOptions): Promise<PeerInfo[]> {
  const closest = useNetwork === false
    ? needs.closest(needs.keyOf(key), needs.queries.k)
    : (await findClosest(needs.queries, { key, signal, events })).closest
  const peers = closest.map(contact => needs.info(contact)).filter(peer => peer.multiaddrs.length > 0)

  if (peers.length === 0) {
    throw new NotFoundError('No peer near the key has an address that may be used')
  }

  for (const peer of peers) {
    events?.onFinal(peer.id, peer)
  }

  return peers
}
