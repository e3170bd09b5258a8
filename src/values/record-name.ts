// How a key is written in the datastore: in base32, as @libp2p/kad-dht does.

import { fromString as uint8ArrayFromString } from 'uint8arrays/from-string'
import { toString as uint8ArrayToString } from 'uint8arrays/to-string'

export function nameOf (key: Uint8Array): string {
  return uint8ArrayToString(key, 'base32')
}

/** @throws {Error} when it is no name */
export function keyNamed (name: string): Uint8Array {
  return uint8ArrayFromString(name, 'base32')
}

/** Others may have written what they like. */
export function isName (name: string): boolean {
  try {
    return keyNamed(name).byteLength > 0
  } catch {
    return false
  }
}
