// Contacts: peers as they are on the wire.

import { peerIdFromMultihash } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { sha256 } from '@noble/hashes/sha2.js'
import * as Digest from 'multiformats/hashes/digest'
import { toContact } from '../../src/query/contact.ts'
import { encodePeer, idOf } from '../../src/wire/peer.ts'
import { randomBytes, randomNumbers } from './random.ts'
import type { Contact } from '../../src/query/contact.ts'
import type { PeerId } from '@libp2p/interface'

/** The multihash of a peer with an RSA key: a sha2-256. */
export function hashedId (i: number): Uint8Array {
  return Uint8Array.from([0x12, 32, ...sha256(Uint8Array.of(i >>> 24, i >>> 16, i >>> 8, i))])
}

/** The multihash of a peer with an Ed25519 key: the key itself, inlined. */
export function inlinedId (i: number): Uint8Array {
  return Uint8Array.from([0x00, 36, 0x08, 0x01, 0x12, 32, ...randomBytes(randomNumbers(i), 32)])
}

export function peerIdOf (multihash: Uint8Array): PeerId {
  return peerIdFromMultihash(Digest.decode(multihash) as Parameters<typeof peerIdFromMultihash>[0])
}

export function address (text: string): Uint8Array {
  return multiaddr(text).bytes
}

/** So many addresses of their own, each of 8 bytes. */
export function addresses (count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => address(`/ip4/10.0.${i >> 8}.${i & 255}/tcp/4001`))
}

export function contactOf (multihash: Uint8Array, addrs: Uint8Array[] = []): Contact {
  return toContact({ id: idOf(multihash), multihash, addrs })
}

/** A contact with these addresses. */
export function contact (i: number, ...addrs: string[]): Contact {
  return contactOf(hashedId(i), addrs.map(address))
}

/** So many peers as they go into a message, each with so many addresses. */
export function encodedPeers (count: number, addrs: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => encodePeer(hashedId(i), addresses(addrs)))
}
