// Networks of every kind for properties that may not hang on how peers are spread.

import fc from 'fast-check'
import { keyNear, peersNamed } from './peer-keys.ts'
import { pick, randomNumbers } from './random.ts'
import type { Key, PeerKey } from '../../src/kademlia/key.ts'

/** Where peers that share leading bits are. */
export const CENTRE: Key = [0x5a5a5a5a, 0x12345678, 1, 2, 3, 4, 5, 6]

export interface NetworkInit {
  seed: number
  count: number
  /** leading bits that all share; 0 for none */
  shared: number
}

/** Networks that are large, tiny, or crowded together in ever smaller parts of the key space. */
export const anyNetwork: fc.Arbitrary<NetworkInit & { k: number }> = fc.record({
  seed: fc.nat(),
  count: fc.integer({ min: 1, max: 300 }),
  shared: fc.constantFrom(0, 0, 1, 4, 12, 30),
  k: fc.constantFrom(1, 3, 8, 20)
})

export function createPeers ({ seed, count, shared }: NetworkInit): { peers: PeerKey[], random(): number } {
  const random = randomNumbers(seed)
  const peers = shared === 0
    ? peersNamed(`${seed}-`, count)
    : Array.from({ length: count }, (_, i) => ({ id: `${i}`, key: keyNear(CENTRE, shared + pick(random, 8), random) }))

  return { peers, random }
}
