// Who is in a network: the same for every subject.

import { generateKeyPairFromSeed, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { digest } from '../digest.ts'

/** Private keys as bytes, one a node. */
export async function nodeKeys (seed: string, nodes: number): Promise<Uint8Array[]> {
  return Promise.all(Array.from({ length: nodes }, async (_, i) => {
    return privateKeyToProtobuf(await generateKeyPairFromSeed('Ed25519', digest(`${seed} node ${i}`)))
  }))
}
