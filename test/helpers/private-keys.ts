// Keys of real nodes, at places in the key space of one's choice.

import { generateKeyPair } from '@libp2p/crypto/keys'
import { commonPrefixLength, keyOf } from '../../src/kademlia/key.ts'
import type { Key } from '../../src/kademlia/key.ts'
import type { PrivateKey } from '@libp2p/interface'

/** So many keys whose nodes share exactly `cpl` leading bits with the one that has the key `self`. */
export async function privateKeysIn (self: PrivateKey, cpl: number, count: number): Promise<PrivateKey[]> {
  const found: PrivateKey[] = []

  while (found.length < count) {
    const privateKey = await generateKeyPair('Ed25519')

    if (commonPrefixLength(placeOf(self), placeOf(privateKey)) === cpl) {
      found.push(privateKey)
    }
  }

  return found
}

function placeOf ({ publicKey }: PrivateKey): Key {
  return keyOf(publicKey.toMultihash().bytes)
}
