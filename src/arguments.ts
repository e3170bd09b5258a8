// Checks of what operations are called with: what is wrong is an error that says what is right.

import { InvalidParametersError } from '@libp2p/interface'
import { MAX_KEY, MAX_PROVIDER_KEY } from './wire/limits.ts'
import type { CID } from 'multiformats/cid'

/** @throws {InvalidParametersError} */
export function requireKey (key: Uint8Array): Uint8Array {
  if (!(key instanceof Uint8Array) || key.byteLength === 0 || key.byteLength > MAX_KEY) {
    throw new InvalidParametersError(`A key is a Uint8Array of 1 to ${MAX_KEY} bytes`)
  }

  return key
}

/** @throws {InvalidParametersError} */
export function requireValue (value: Uint8Array): Uint8Array {
  if (!(value instanceof Uint8Array)) {
    throw new InvalidParametersError('A value is a Uint8Array')
  }

  return value
}

/** @throws {InvalidParametersError} */
export function multihashOf (cid: CID): Uint8Array {
  const bytes = cid?.multihash?.bytes

  if (!(bytes instanceof Uint8Array)) {
    throw new InvalidParametersError('The content is named by a CID: parse its text with CID.parse() of multiformats/cid')
  }

  if (bytes.byteLength > MAX_PROVIDER_KEY) {
    throw new InvalidParametersError(`A multihash of ${bytes.byteLength} bytes is over the ${MAX_PROVIDER_KEY} that DHT nodes take: content that is inlined in its CID needs no provider`)
  }

  return bytes
}
