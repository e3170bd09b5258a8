// Keys of signed records: `/sig/<multihash of the owner's peer id>/<name>`. The multihash tells its own length. It is bytes, any of
// which may be a slash, so a key is never split at slashes.

import { InvalidParametersError } from '@libp2p/interface'
import { concat as uint8ArrayConcat } from 'uint8arrays/concat'
import { fromString as uint8ArrayFromString } from 'uint8arrays/from-string'
import { isPeerMultihash } from '../../wire/peer.ts'
import { MAX_NAME } from './limits.ts'

/** What a key says. */
export interface SignedKey {
  /** the multihash of the owner's peer id: a view of the key it was read from */
  multihash: Uint8Array
  /** the owner's name for the record. Compared byte by byte: the same letter written in two ways makes two names */
  name: string
}

const PREFIX = uint8ArrayFromString('/sig/')
const SLASH = uint8ArrayFromString('/')

/** What a multihash has before its digest: a byte of code and a byte of length, for those that a peer id has. */
const MULTIHASH_PREFIX = 2

// a byte order mark is part of a name as anything else
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The key of the owner's record with this name.
 *
 * @throws {InvalidParametersError} when the multihash is that of no peer, or the name is not 1 to 127 bytes of UTF-8
 */
export function signedKey (multihash: Uint8Array, name: string): Uint8Array {
  if (!isPeerMultihash(multihash)) {
    throw invalidKey('this is the multihash of no peer id')
  }

  const key = uint8ArrayConcat([PREFIX, multihash, SLASH, uint8ArrayFromString(name)])

  // half of a surrogate pair has no bytes of its own, and comes back as something else
  if (parseSignedKey(key).name !== name) {
    throw invalidKey('the name is no text that can be written as UTF-8')
  }

  return key
}

/** @throws {InvalidParametersError} when it is not the key of a signed record */
export function parseSignedKey (key: Uint8Array): SignedKey {
  if (!startsWith(key, PREFIX, 0)) {
    throw invalidKey('this one does not begin with /sig/')
  }

  const digestLength = key[PREFIX.byteLength + 1] ?? 0
  const end = PREFIX.byteLength + MULTIHASH_PREFIX + digestLength
  const multihash = key.subarray(PREFIX.byteLength, end)

  if (!isPeerMultihash(multihash)) {
    throw invalidKey('what follows /sig/ is the multihash of no peer id')
  }

  if (!startsWith(key, SLASH, end)) {
    throw invalidKey('no slash follows the multihash')
  }

  return { multihash, name: parseName(key.subarray(end + SLASH.byteLength)) }
}

function parseName (bytes: Uint8Array): string {
  if (bytes.byteLength === 0 || bytes.byteLength > MAX_NAME) {
    throw invalidKey(`this name has ${bytes.byteLength}`)
  }

  try {
    return utf8.decode(bytes)
  } catch {
    throw invalidKey('the bytes of the name are not UTF-8')
  }
}

function startsWith (bytes: Uint8Array, start: Uint8Array, at: number): boolean {
  return start.every((byte, i) => bytes[at + i] === byte)
}

function invalidKey (why: string): InvalidParametersError {
  return new InvalidParametersError(`The key of a signed record is /sig/<multihash of the owner's peer id>/<name of 1 to ${MAX_NAME} bytes of UTF-8>: ${why}`)
}
