// Peers on the wire: how they come in, how they go out, and what stands between their bytes and libp2p's PeerInfo.

import { peerIdFromMultihash, peerIdFromString } from '@libp2p/peer-id'
import { CODE_P2P, multiaddr } from '@multiformats/multiaddr'
import * as Digest from 'multiformats/hashes/digest'
import { fromCharacters, toCharacters } from './characters.ts'
import { Peer } from './dht.ts'
import { MAX_ADDRESS, MAX_ADDRESSES, MAX_ADDRESSES_COUNTED, MAX_PEER, MAX_PEER_ID, MAX_PEER_READ } from './limits.ts'
import type { PeerId, PeerInfo } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

/** A peer and the addresses that somebody gave for it: a hint, no more, until the peer itself answers. */
export interface WirePeer {
  /** the bytes of its multihash as characters: a name that is unique to it, and quicker to make than base58 */
  readonly id: string

  /** the multihash of its peer id */
  readonly multihash: Uint8Array

  /** binary multiaddrs as they came, parsed only when they are used */
  readonly addrs: readonly Uint8Array[]
}

/** Replaces a peer's addresses by those that may be used; every peer that comes in or goes out passes it. */
export interface PeerInfoMapper {
  (peer: PeerInfo): PeerInfo
}

/** In a serialised peer the id comes first: field 1, of bytes. Its length, `MAX_PEER_ID` at most, takes one byte. */
const TAG_OF_ID = '\x0a'

const CODE_IDENTITY = 0x00
const CODE_SHA256 = 0x12

/** The name of the peer with this multihash. */
export function idOf (multihash: Uint8Array): string {
  return toCharacters(multihash)
}

/** The multihash of the peer with this name. */
export function multihashOf (id: string): Uint8Array {
  return fromCharacters(id)
}

/** The peer of a libp2p peer id. */
export function fromPeerId (peerId: PeerId, addrs: readonly Multiaddr[] = []): WirePeer {
  const multihash = peerId.toMultihash().bytes

  return { id: idOf(multihash), multihash, addrs: addrs.map(addr => addr.bytes) }
}

/** @throws {Error} when it is no peer id as people write it */
export function fromString (peerId: string): WirePeer {
  return fromPeerId(peerIdFromString(peerId))
}

/** Whether the bytes are the multihash of a peer id: an inlined public key, or a sha2-256. */
export function isPeerMultihash (bytes: Uint8Array): boolean {
  return bytes.byteLength > 2 && bytes.byteLength <= MAX_PEER_ID && bytes[1] === bytes.byteLength - 2 &&
    (bytes[0] === CODE_IDENTITY || (bytes[0] === CODE_SHA256 && bytes[1] === 32))
}

/** @throws {Error} when the multihash is that of no key, as an inlined one may be */
export function toPeerId (peer: Pick<WirePeer, 'multihash'>): PeerId {
  return peerIdFromMultihash(Digest.decode(peer.multihash) as Parameters<typeof peerIdFromMultihash>[0])
}

/**
 * Reads the first `most` peers that are well-formed. One that is not is passed over: it says nothing about the others.
 */
export function decodePeers (peers: readonly Uint8Array[], most: number): WirePeer[] {
  const read: WirePeer[] = []
  // with so many that are not, the rest is not worth reading either
  const worthReading = peers.slice(0, 2 * most + 16)

  for (const bytes of worthReading) {
    if (read.length >= most) {
      break
    }

    const peer = decodePeer(bytes)

    if (peer != null) {
      read.push(peer)
    }
  }

  return read
}

function decodePeer (bytes: Uint8Array): WirePeer | undefined {
  if (bytes.byteLength > MAX_PEER_READ) {
    return
  }

  try {
    // a piece of a long message would keep all of it
    const own = bytes.buffer.byteLength > MAX_PEER_READ ? new Uint8Array(bytes) : bytes
    const { id, addrs } = Peer.decode(own, { limits: { addrs: MAX_ADDRESSES_COUNTED } })

    if (isPeerMultihash(id)) {
      return { id: idOf(id), multihash: id, addrs: addrs.slice(0, MAX_ADDRESSES) }
    }
  } catch {
    // truncated or garbled: it does not exist for us
  }
}

/** Serialises a peer, with as many of its first addresses as keep it under the limit. */
export function encodePeer (multihash: Uint8Array, addrs: readonly Uint8Array[], connected = false): Uint8Array {
  return Peer.encode({
    id: multihash as Uint8Array<ArrayBuffer>,
    addrs: underLimit(addrs),
    connection: connected ? 1 : 0
  })
}

/** What follows the id in a serialised peer, each byte a character: for peers that are kept. */
export function encodeAddresses (addrs: readonly Uint8Array[]): string {
  return toCharacters(Peer.encode({ addrs: underLimit(addrs) }))
}

/** A serialised peer out of its name and what follows it. */
export function joinPeer (id: string, addresses: string): Uint8Array {
  return fromCharacters(TAG_OF_ID + String.fromCharCode(id.length) + id + addresses)
}

function underLimit (addrs: readonly Uint8Array[]): Array<Uint8Array<ArrayBuffer>> {
  let kept = addrs.slice(0, MAX_ADDRESSES)

  while (kept.reduce((sum, addr) => sum + addr.byteLength + 3, MAX_PEER_ID + 8) > MAX_PEER) {
    kept = kept.slice(0, -1)
  }

  return kept as Array<Uint8Array<ArrayBuffer>>
}

/** The same peer with fewer addresses: the first half of them, in the end one. */
export function halveAddresses (peer: Uint8Array): Uint8Array {
  const { id, addrs, connection } = Peer.decode(peer)

  return Peer.encode({ id, addrs: addrs.slice(0, Math.max(1, addrs.length >> 1)), connection })
}

/** Whether a serialised peer has more than one address. */
export function hasSpareAddresses (peer: Uint8Array): boolean {
  return Peer.decode(peer).addrs.length > 1
}

/**
 * A peer's addresses: each is parsed alone, and a bad one is passed over. So is one that ends in another peer's id; its
 * own id at the end is cut off, for some send their addresses with it and some without.
 */
export function parseAddresses (peer: WirePeer): Multiaddr[] {
  const seen = new Set<string>()
  const addrs: Multiaddr[] = []

  for (const bytes of peer.addrs) {
    const addr = parseAddress(bytes, peer)

    if (addr != null && !seen.has(addr.toString())) {
      seen.add(addr.toString())
      addrs.push(addr)
    }
  }

  return addrs
}

function parseAddress (bytes: Uint8Array, peer: WirePeer): Multiaddr | undefined {
  if (bytes.byteLength > MAX_ADDRESS) {
    return
  }

  try {
    const addr = multiaddr(bytes)
    const last = addr.getComponents().at(-1)

    if (last == null) {
      return
    }

    if (last.code !== CODE_P2P) {
      return addr
    }

    if (last.value === toPeerId(peer).toString()) {
      const rest = addr.decapsulateCode(CODE_P2P)

      return rest.getComponents().length === 0 ? undefined : rest
    }
  } catch {
    // a protocol that we do not know, or no address at all
  }
}

/**
 * libp2p's view of a peer, its addresses passed through the mapper.
 *
 * @throws {Error} when the multihash is that of no key
 */
export function toPeerInfo (peer: WirePeer, mapper: PeerInfoMapper): PeerInfo {
  return mapper({ id: toPeerId(peer), multiaddrs: parseAddresses(peer) })
}
