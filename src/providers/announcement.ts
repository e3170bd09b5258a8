// An announcement as it is stored, and as it is kept at hand: small, and such that a reply is put together from it without
// making or encoding anything.

import * as varint from 'uint8-varint'
import { concat as uint8ArrayConcat } from 'uint8arrays/concat'
import { toContact } from '../query/contact.ts'
import { toCharacters } from '../wire/characters.ts'
import { ProviderAddresses } from '../wire/dht.ts'
import { MAX_ADDRESSES, MAX_PEER, MAX_PEER_ID } from '../wire/limits.ts'
import { decodePeers, encodeAddresses, fromString, idOf, isPeerMultihash, joinPeer } from '../wire/peer.ts'
import { decodeBase58 } from './base58.ts'
import type { Contact } from '../query/contact.ts'

/** An announcement. */
export interface ProviderRecord {
  /** the provider, with the addresses that it announced */
  readonly contact: Contact
  /** when it was announced, unix ms; for one's own, when it last succeeded, and 0 if it never did */
  readonly announcedAt: number
}

/** The same at hand. */
export interface Announcement {
  /** the provider's */
  readonly id: string
  readonly announcedAt: number
  /** the addresses that it announced, as they go into replies, each byte a character; empty where @libp2p/kad-dht has stored it */
  readonly addresses: string
}

/** Field 2, of bytes, in a serialised peer; field 1 in what is stored. */
const TAG_OF_ADDRESS = 0x12
const TAG_OF_STORED_ADDRESS = 0x0a

export function toAnnouncement ({ contact, announcedAt }: ProviderRecord): Announcement {
  return { id: contact.id, announcedAt, addresses: encodeAddresses(contact.addrs) }
}

export function toRecord ({ id, addresses, announcedAt }: Announcement): ProviderRecord {
  const [provider] = decodePeers([joinPeer(id, addresses)], 1)

  return { contact: toContact(provider), announcedAt }
}

export function encodeStored ({ announcedAt, contact }: ProviderRecord): Uint8Array {
  const addrs = contact.addrs.slice(0, MAX_ADDRESSES) as Array<Uint8Array<ArrayBuffer>>

  return uint8ArrayConcat([varint.encode(announcedAt), ProviderAddresses.encode({ addrs })])
}

/**
 * What is stored under a key that ends, from `start` on, in the text of a peer id. Undefined when it is not ours, or damaged.
 * Hot: a request for what is not at hand reads one for each provider.
 */
export function decodeStored (key: Uint8Array, start: number, value: Uint8Array): Announcement | undefined {
  try {
    const id = decodeId(key, start)
    const announcedAt = varint.decode(value)
    const stored = value.subarray(varint.encodingLength(announcedAt))

    return { id, announcedAt, addresses: renumber(stored) ?? encodeAnew(stored) }
  } catch {
    // it is collected
  }
}

function decodeId (key: Uint8Array, start: number): string {
  const multihash = decodeBase58(key, start)

  // some ids are written otherwise
  return multihash != null && isPeerMultihash(multihash) ? idOf(multihash) : fromString(new TextDecoder().decode(key.subarray(start))).id
}

/** What is stored differs from what goes into a reply by the number of the field alone. Undefined when there is more to it. */
function renumber (stored: Uint8Array): string | undefined {
  if (stored.byteLength > MAX_PEER - MAX_PEER_ID - 2) {
    return
  }

  // the datastore's own is not to be written to
  const addresses = new Uint8Array(stored)
  let at = 0

  for (let i = 0; i < MAX_ADDRESSES && at < addresses.byteLength; i++) {
    const [first, second] = [addresses[at + 1], addresses[at + 2]]
    const isLong = first >= 0x80

    if (addresses[at] !== TAG_OF_STORED_ADDRESS || (isLong && second >= 0x80)) {
      return
    }

    addresses[at] = TAG_OF_ADDRESS
    at += isLong ? 3 + (first & 0x7f) + (second << 7) : 2 + first
  }

  return at === addresses.byteLength ? toCharacters(addresses) : undefined
}

/** @throws {Error} when they are no addresses, or too many */
function encodeAnew (stored: Uint8Array): string {
  return encodeAddresses(ProviderAddresses.decode(stored, { limits: { addrs: MAX_ADDRESSES } }).addrs)
}
