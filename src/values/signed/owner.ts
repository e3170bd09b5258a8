// Who may write under a key: whoever has the key whose peer id is in it.

import { publicKeyToProtobuf } from '@libp2p/crypto/keys'
import { sha256 } from '@noble/hashes/sha2.js'
import { concat as uint8ArrayConcat } from 'uint8arrays/concat'
import { equals as uint8ArrayEquals } from 'uint8arrays/equals'
import type { PublicKey } from '@libp2p/interface'

/** The longest public key that a peer id contains as it is, serialised: libp2p's specification of peer ids. Of longer ones it has the hash. */
const MAX_INLINED = 42

const IDENTITY = 0x00
const SHA2_256 = 0x12

/**
 * The multihash of a public key's peer id, by libp2p's specification. That is `publicKey.toMultihash()` but for ECDSA keys:
 * those js-libp2p inlines whatever their length, and go-libp2p hashes.
 */
export function ownerMultihash (publicKey: PublicKey): Uint8Array {
  const bytes = publicKeyToProtobuf(publicKey)
  const [code, digest] = bytes.byteLength > MAX_INLINED ? [SHA2_256, sha256(bytes)] : [IDENTITY, bytes]

  return uint8ArrayConcat([Uint8Array.of(code, digest.byteLength), digest])
}

/** Whether the multihash, that of a key, is that of the public key's peer id. */
export function isOwner (publicKey: PublicKey, multihash: Uint8Array): boolean {
  return uint8ArrayEquals(ownerMultihash(publicKey), multihash)
}
