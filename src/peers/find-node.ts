// Answers FIND_NODE, the request that costs a network most: put together from encodings made earlier, without waiting.

import { keyOf } from '../kademlia/key.ts'
import { idOf, isPeerMultihash, joinPeer } from '../wire/peer.ts'
import type { TablePeer } from './table-peer.ts'
import type { Key } from '../kademlia/key.ts'
import type { RequestHandler } from '../wire/server.ts'

export interface CloserPeersSource {
  /** one's own id */
  self: string
  k: number
  /** the peers of the table nearest to a key */
  closest (target: Key, n: number, accept: (peer: TablePeer) => boolean): TablePeer[]
  /** a peer as it goes into a reply; undefined when no address of it is known */
  encoded (id: string): Uint8Array | undefined
  /** oneself as it goes into a reply */
  encodedSelf (): Uint8Array | undefined
}

/** The nearest peers with known addresses, without the requester, as they go into a reply. */
export function closerPeers (source: CloserPeersSource, target: Key, requester: string, except?: string): Uint8Array[] {
  // hot: what the peers of the table have at hand, and no look into the address book for each
  const closest = source.closest(target, source.k, ({ id, addresses }) => addresses != null && id !== requester && id !== except)

  return closest.map(({ id, addresses = '' }) => joinPeer(id, addresses))
}

/**
 * The nearest k of the table, and first the target itself when it is a peer whose addresses are known, be it oneself or a
 * client; never the requester.
 */
export function findNodeHandler (source: CloserPeersSource): RequestHandler {
  return ({ key }, from) => {
    const id = isPeerMultihash(key) ? idOf(key) : undefined
    const closer = closerPeers(source, keyOf(key), from.id, id)

    if (id != null && id !== from.id) {
      const target = id === source.self ? source.encodedSelf() : source.encoded(id)

      if (target != null) {
        closer.unshift(target)
      }
    }

    return { closer }
  }
}
