// Answers FIND_NODE, the request that costs a network most: put together from encodings made earlier, without waiting.

import { keyOf } from '../kademlia/key.ts'
import { idOf, isPeerMultihash } from '../wire/peer.ts'
import type { Key } from '../kademlia/key.ts'
import type { Contact } from '../query/contact.ts'
import type { RequestHandler } from '../wire/server.ts'

export interface CloserPeersSource {
  /** one's own id */
  self: string
  k: number
  /** the peers of the table nearest to a key */
  closest (target: Key, n: number, accept: (peer: Contact) => boolean): Contact[]
  /** whether an address of the peer is known */
  has (id: string): boolean
  /** a peer as it goes into a reply; undefined when no address of it is known */
  encoded (id: string): Uint8Array | undefined
  /** oneself as it goes into a reply */
  encodedSelf (): Uint8Array | undefined
}

/** The nearest peers with known addresses, without the requester, as they go into a reply. */
export function closerPeers (source: CloserPeersSource, target: Key, requester: string, except?: string): Uint8Array[] {
  const closest = source.closest(target, source.k, peer => peer.id !== requester && peer.id !== except && source.has(peer.id))

  return closest.map(peer => source.encoded(peer.id) as Uint8Array)
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
