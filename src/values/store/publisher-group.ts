// Whose a value is, for the limit of values that one publisher may have here.

import { sha256 } from '@noble/hashes/sha2.js'
import { concat as uint8ArrayConcat } from 'uint8arrays/concat'
import { fromString as uint8ArrayFromString } from 'uint8arrays/from-string'
import { toCharacters } from '../../wire/characters.ts'
import { isPeerMultihash, multihashOf } from '../../wire/peer.ts'
import type { ValueRecord } from '../../wire/record.ts'

/** Of signed records, whose owner's multihash follows. */
const SIGNED = uint8ArrayFromString('/sig/')

/** Bytes of a hash that tell publishers apart: to find a second one with the same takes 2^64 attempts. */
const LENGTH = 8

/** Who stands behind a name: a signature, a record that says so, or a connection. Nobody uses up the places of another by claiming to be it. */
type Kind = 'signed' | 'claimed' | 'sent'

/**
 * The owner of the key if it is one of signed records; else the publisher that the record names; else the peer that sent it,
 * if that is known. A short hash as characters; empty for nobody.
 */
export function publisherGroup ({ key, publisher }: ValueRecord, from?: string): string {
  const owner = ownerOf(key)

  if (owner != null) {
    return group('signed', owner)
  }

  if (publisher != null) {
    return group('claimed', publisher)
  }

  return from == null ? '' : group('sent', multihashOf(from))
}

/** By its own length: a multihash may contain the byte of a slash. */
function ownerOf (key: Uint8Array): Uint8Array | undefined {
  const owner = key.subarray(SIGNED.byteLength, SIGNED.byteLength + 2 + key[SIGNED.byteLength + 1])

  return SIGNED.every((byte, i) => key[i] === byte) && isPeerMultihash(owner) ? owner : undefined
}

function group (kind: Kind, name: Uint8Array): string {
  return toCharacters(sha256(uint8ArrayConcat([uint8ArrayFromString(`${kind}:`), name])).subarray(0, LENGTH))
}
