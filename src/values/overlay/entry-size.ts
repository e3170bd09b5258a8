// How long entries can be. What a member is charged when a list is cut to its limit follows from its key and the overlay alone, so
// that no entry of its own, earlier or later, is charged otherwise: merging is associative only because of that (member-set.ts).

import * as varint from 'uint8-varint'
import { MAX_OVERLAY_ID } from './overlay-key.ts'

/** The longest public key of a member, as protobuf, bytes: that of an RSA key of 4096 bits. */
export const MAX_PUBLIC_KEY = 555

/** The longest signature of keys that are shorter than it, bytes: that of secp256k1. An RSA key is longer than its signatures. */
const MAX_SHORT_SIGNATURE = 72

/** The multicodec by which the envelope says what is in it, bytes. */
const PAYLOAD_TYPE = 4

/** A sha2-256; keys that have a longer multihash are much shorter than the longest key. */
const MULTIHASH_OF_LONGEST_KEY = 34

/** Fields 3 to 5 of the payload with their tags, bytes: a uint64, a safe integer, a boolean. */
const NUMBERS = 11 + 9 + 2

export interface EntryLengths {
  /** the overlay's id, bytes */
  overlay: number
  /** the member's multihash, bytes */
  member: number
  /** the member's public key as protobuf, bytes */
  publicKey: number
}

/** The most bytes that an entry of this member in this overlay can have. */
export function longestEntry ({ overlay, member, publicKey }: EntryLengths): number {
  const payload = fieldLength(overlay) + fieldLength(member) + NUMBERS
  const signature = Math.max(publicKey, MAX_SHORT_SIGNATURE)

  return fieldLength(publicKey) + fieldLength(PAYLOAD_TYPE) + fieldLength(payload) + fieldLength(signature)
}

/** The most bytes that an entry of any member in any overlay can have. */
export const MAX_ENTRY = longestEntry({ overlay: MAX_OVERLAY_ID, member: MULTIHASH_OF_LONGEST_KEY, publicKey: MAX_PUBLIC_KEY })

/** How many bytes a field of so many bytes takes with its tag and length. */
export function fieldLength (length: number): number {
  return 1 + varint.encodingLength(length) + length
}

/** The least limit of a list, bytes: room for any entry. */
export const MIN_SET_SIZE = fieldLength(MAX_ENTRY)
