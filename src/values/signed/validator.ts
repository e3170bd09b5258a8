// The validator of the namespace `/sig`.

import { InvalidParametersError } from '@libp2p/interface'
import { sha256 } from '@noble/hashes/sha2.js'
import QuickLRU from 'quick-lru'
import { toCharacters } from '../../wire/characters.ts'
import { DEFAULT_SIGNED_SIZE, MAX_SIGNED_SIZE } from './limits.ts'
import { parseSignedKey } from './signed-key.ts'
import { openSigned, requireInTime, tooLong } from './signed-record.ts'
import type { ValidateFn } from '../namespaces.ts'

export interface SignedValidatorOptions {
  /** the time, unix ms; default `Date.now` */
  now? (): number

  /** the longest record, bytes: all of it, as it is stored; at most 10 KiB, default 1 KiB. A network should have one limit, or holders differ in what they take */
  maxSize?: number

  /** how many records that were verified are remembered, some 150 bytes each; default 4096, 0 for none. Nodes that serve many reads want more */
  cacheSize?: number
}

const DEFAULT_CACHE_SIZE = 4096

/**
 * A validator that says whether a record may be stored or believed now. What is cheap comes first: size, key, time, signer, signature.
 * Verified records are remembered, for a record is validated whenever it is stored, served and read; their time is looked at whenever they are.
 *
 * @throws {InvalidParametersError} when an option is out of its range
 */
export function signedValidator ({ now = Date.now, maxSize = DEFAULT_SIGNED_SIZE, cacheSize = DEFAULT_CACHE_SIZE }: SignedValidatorOptions = {}): ValidateFn {
  if (!Number.isInteger(maxSize) || maxSize < 1 || maxSize > MAX_SIGNED_SIZE) {
    throw new InvalidParametersError(`maxSize is 1 to ${MAX_SIGNED_SIZE} bytes, not ${maxSize}`)
  }

  if (!Number.isInteger(cacheSize) || cacheSize < 0) {
    throw new InvalidParametersError(`cacheSize is a whole number of records, not ${cacheSize}`)
  }

  /** When a record that was verified expires. It keeps twice its `maxSize` at times. */
  const verified = cacheSize === 0 ? undefined : new QuickLRU<string, number>({ maxSize: Math.max(1, cacheSize / 2) })

  return async (key, value, options) => {
    if (value.byteLength > maxSize) {
      throw tooLong(value, maxSize)
    }

    // also bounds what is hashed next
    parseSignedKey(key)

    const digest = digestOf(key, value)
    const expires = verified?.get(digest)

    if (expires != null) {
      requireInTime(expires, now())
      return
    }

    const record = await openSigned(key, value, now(), options)
    verified?.set(digest, record.expires)
  }
}

/** One name for one pair of key and value: with the length of the first, no other pair has the same bytes. */
function digestOf (key: Uint8Array, value: Uint8Array): string {
  const hash = sha256.create().update(Uint8Array.of(key.byteLength >> 8, key.byteLength & 0xff)).update(key).update(value)

  return toCharacters(hash.digest())
}
