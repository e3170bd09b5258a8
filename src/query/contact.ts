// Peers as lookups and the table know them: what came over the wire, and its place in the key space.

import QuickLRU from 'quick-lru'
import { equals as uint8ArrayEquals } from 'uint8arrays/equals'
import { keyOf } from '../kademlia/key.ts'
import { MAX_ADDRESSES, MAX_FURTHER_ADDRESSES, MAX_KNOWN_ADDRESSES } from '../wire/limits.ts'
import { decodePeers, fromPeerId, fromString, multihashOf } from '../wire/peer.ts'
import type { Key, PeerKey } from '../kademlia/key.ts'
import type { WirePeer } from '../wire/peer.ts'
import type { PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

/** A peer with its key, which is the sha256 of its multihash. */
export interface Contact extends PeerKey, WirePeer {}

/** How many peers' keys are remembered: hashing is the dearest part of reading a reply. */
const KEYS = 16_384

const keys = new QuickLRU<string, Key>({ maxSize: KEYS / 2 })

export function toContact (peer: WirePeer): Contact {
  let key = keys.get(peer.id)

  if (key == null) {
    key = keyOf(peer.multihash)
    keys.set(peer.id, key)
  }

  return { id: peer.id, key, multihash: peer.multihash, addrs: peer.addrs }
}

/** A peer of which nothing but its name is at hand. */
export function contactNamed (id: string): Contact {
  return toContact({ id, multihash: multihashOf(id), addrs: [] })
}

export function contactFromPeerId (peerId: PeerId, addrs?: readonly Multiaddr[]): Contact {
  return toContact(fromPeerId(peerId, addrs))
}

/** @throws {Error} when it is no peer id as people write it */
export function contactFromString (peerId: string): Contact {
  return toContact(fromString(peerId))
}

/** Reads the first `most` peers that are well-formed. */
export function decodeContacts (peers: readonly Uint8Array[], most: number): Contact[] {
  return decodePeers(peers, most).map(toContact)
}

/** The peer with the addresses that both have, or undefined when `named` has none that is new. */
export function mergeContacts (known: Contact, named: Contact): Contact | undefined {
  const news = named.addrs.filter(addr => !known.addrs.some(other => uint8ArrayEquals(addr, other)))

  if (news.length > 0 && known.addrs.length < MAX_KNOWN_ADDRESSES) {
    const further = news.slice(0, known.addrs.length === 0 ? MAX_ADDRESSES : MAX_FURTHER_ADDRESSES)

    // not spread: one of the table reads its multihash when it is asked for
    return { id: known.id, key: known.key, multihash: known.multihash, addrs: [...known.addrs, ...further].slice(0, MAX_KNOWN_ADDRESSES) }
  }
}
