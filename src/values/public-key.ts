// The namespace `/pk`: the public key of a peer whose id does not contain it, under `/pk/<its multihash>`.

import { publicKeyFromProtobuf } from '@libp2p/crypto/keys'
import { InvalidParametersError } from '@libp2p/interface'
import { concat as uint8ArrayConcat } from 'uint8arrays/concat'
import { equals as uint8ArrayEquals } from 'uint8arrays/equals'
import { fromString as uint8ArrayFromString } from 'uint8arrays/from-string'
import type { SelectFn, ValidateFn } from './namespaces.ts'

const PREFIX = uint8ArrayFromString('/pk/')

export function publicKeyKey (multihash: Uint8Array): Uint8Array {
  return uint8ArrayConcat([PREFIX, multihash])
}

/** The value is a public key, and the key is its hash. */
export const validatePublicKey: ValidateFn = (key, value) => {
  const multihash = publicKeyFromProtobuf(value).toMultihash().bytes

  if (!uint8ArrayEquals(publicKeyKey(multihash), key)) {
    throw new InvalidParametersError('The public key is not that of the peer in the key')
  }
}

/** All valid ones are equal. */
export const selectPublicKey: SelectFn = () => 0
