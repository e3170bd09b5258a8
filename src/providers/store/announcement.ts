// An announcement as it is stored, and as it is kept at hand: small, and such that a reply is put together from it without
// making or encoding anything.

import * as varint from 'uint8-varint'
import { concat as uint8ArrayConcat } from 'uint8arrays/concat'
import { fromString as uint8ArrayFromString } from 'uint8arrays/from-string'
import { toContact } from '../../query/contact.ts'
import { toCharacters } from '../../wire/characters.ts'
import { ProviderAddresses } from '../../wire/dht.ts'
import { MAX_ADDRESSES, MAX_PEER, MAX_PEER_ID } from '../../wire/limits.ts'
import { decodePeers, encodeAddresses, fromString, idOf, isPeerMultihash, joinPeer } from '../../wire/peer.ts'
import { decodeBase58 } from './base58.ts'
import type { Contact } from '../../query/contact.ts'

/** An announcement. */
export interface ProviderRecord {
  /** the provider, with the addresses that it announced */
  readonly contact: Contact
  /** when it was announced, unix ms; for one's own, when it last succeeded, and 0 if it never did */
  readonly announcedAt: number
  /** the group of the address from which it came; undefined for one of none, as on a LAN */
  readonly group?: string
}

/** The same at hand. */
export interface Announcement {
  /** the provider's */
  readonly id: string
  readonly announcedAt: number
  /** the addresses that it announced, as they go into replies, each byte a character; empty where @libp2p/kad-dht has stored it */
  readonly addresses: string
  /** the group of the address from which it came, in UTF-8, each byte a character; empty for one of none */
  readonly group: string
}

/** Field 2, of bytes, in a serialised peer; field 1 in what is stored. */
const TAG_OF_ADDRESS = 0x12
const TAG_OF_STORED_ADDRESS = 0x0a

/** Field 2 of what is stored, which comes last. */
const TAG_OF_GROUP = 0x12

export function toAnnouncement ({ contact, announcedAt, group }: ProviderRecord): Announcement {
  return { id: contact.id, announcedAt, addresses: encodeAddresses(contact.addrs), group: groupCharacters(group) }
}

function groupCharacters (group = ''): string {
  return toCharacters(uint8ArrayFromString(group))
}

export function toRecord ({ id, addresses, announcedAt }: Announcement): ProviderRecord {
  const [provider] = decodePeers([joinPeer(id, addresses)], 1)

  return { contact: toContact(provider), announcedAt }
}

export function encodeStored ({ announcedAt, contact, group }: ProviderRecord): Uint8Array {
  return storedAt(announcedAt, encodeStoredAddresses(contact.addrs, group))
}

/** What is stored of an announcement but its time. */
export function encodeStoredAddresses (addrs: readonly Uint8Array[], group?: string): Uint8Array {
  return ProviderAddresses.encode({
    addrs: addrs.slice(0, MAX_ADDRESSES) as Array<Uint8Array<ArrayBuffer>>,
    group: group == null ? undefined : uint8ArrayFromString(group) as Uint8Array<ArrayBuffer>
  })
}

/** The same with its time. */
export function storedAt (announcedAt: number, addresses: Uint8Array): Uint8Array {
  return uint8ArrayConcat([varint.encode(announcedAt), addresses])
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

    return renumber(stored, id, announcedAt) ?? encodeAnew(stored, id, announcedAt)
  } catch {
    // it is collected
  }
}

/** The peer whose id is written there. Some ids are written otherwise than most. */
export function decodeId (key: Uint8Array, start: number): string {
  const multihash = decodeBase58(key, start)

  return multihash != null && isPeerMultihash(multihash) ? idOf(multihash) : fromString(new TextDecoder().decode(key.subarray(start))).id
}

/** What is stored differs from what goes into a reply by the number of the field alone. Undefined when there is more to it. */
function renumber (stored: Uint8Array, id: string, announcedAt: number): Announcement | undefined {
  if (stored.byteLength > MAX_PEER - MAX_PEER_ID - 2) {
    return
  }

  // the datastore's own is not to be written to
  const addresses = new Uint8Array(stored)
  let at = 0

  for (let i = 0; i < MAX_ADDRESSES && at < addresses.byteLength && addresses[at] === TAG_OF_STORED_ADDRESS; i++) {
    const [first, second] = [addresses[at + 1], addresses[at + 2]]
    const isLong = first >= 0x80

    if (isLong && second >= 0x80) {
      return
    }

    addresses[at] = TAG_OF_ADDRESS
    at += isLong ? 3 + (first & 0x7f) + (second << 7) : 2 + first
  }

  if (at === addresses.byteLength) {
    return { id, announcedAt, addresses: toCharacters(addresses), group: '' }
  }

  // a length of one byte, for a longer one the other way does
  if (addresses[at] === TAG_OF_GROUP && addresses[at + 1] < 0x80 && at + 2 + addresses[at + 1] === addresses.byteLength) {
    return { id, announcedAt, addresses: toCharacters(addresses.subarray(0, at)), group: toCharacters(addresses.subarray(at + 2)) }
  }
}

/** @throws {Error} when they are no addresses, or too many */
function encodeAnew (stored: Uint8Array, id: string, announcedAt: number): Announcement {
  const { addrs, group } = ProviderAddresses.decode(stored, { limits: { addrs: MAX_ADDRESSES } })

  return { id, announcedAt, addresses: encodeAddresses(addrs), group: group == null ? '' : toCharacters(group) }
}
