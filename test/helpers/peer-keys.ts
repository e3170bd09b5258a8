// Peers as the algorithm sees them, and the brute-force truth about who is near whom.

import fc from 'fast-check'
import { keyBytes, keyFromDigest, keyOf } from '../../src/kademlia/key.ts'
import { pick, randomBytes } from './random.ts'
import type { Key, PeerKey } from '../../src/kademlia/key.ts'

/** The peer of that name, where the hash of its name puts it. */
export function peerNamed (id: string): PeerKey {
  return { id, key: keyOf(new TextEncoder().encode(id)) }
}

/** So many peers, spread evenly over the key space. */
export function peersNamed (prefix: string, count: number): PeerKey[] {
  return Array.from({ length: count }, (_, i) => peerNamed(`${prefix}${i}`))
}

/** A key that shares exactly `cpl` leading bits with `key`; what follows them is random. */
export function keyNear (key: Key, cpl: number, random: () => number): Key {
  const bytes = randomBytes(random, 32)
  const own = keyBytes(key)

  for (let bit = 0; bit <= cpl; bit++) {
    const mask = 0x80 >> (bit % 8)
    const at = bit >> 3
    const wanted = bit === cpl ? ~own[at] & mask : own[at] & mask
    bytes[at] = (bytes[at] & ~mask) | wanted
  }

  return keyFromDigest(bytes)
}

/** Peers of all distances from `self`, so that many buckets have many of them, the near ones too. */
export function peersAround (self: Key, count: number, depth: number, random: () => number): PeerKey[] {
  return Array.from({ length: count }, (_, i) => ({ id: `around-${i}`, key: keyNear(self, pick(random, depth), random) }))
}

/** The key as one number. */
export function toBigInt (key: Key): bigint {
  return keyBytes(key).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
}

/** The truth: all of them, nearest to `target` first. */
export function sortedTruth<P extends PeerKey> (peers: Iterable<P>, target: Key): P[] {
  const at = toBigInt(target)
  const distances = new Map([...peers].map(peer => [peer, toBigInt(peer.key) ^ at]))

  return [...distances.keys()].sort((a, b) => {
    const x = distances.get(a) ?? 0n
    const y = distances.get(b) ?? 0n

    return x < y ? -1 : x > y ? 1 : 0
  })
}

export function ids (peers: Iterable<PeerKey>): string[] {
  return [...peers].map(({ id }) => id)
}

/** Any key. */
export const anyKey: fc.Arbitrary<Key> = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(keyFromDigest)

/** Two keys that may share any number of leading bits, all of them included. */
export const anyPair: fc.Arbitrary<[Key, Key]> = fc.tuple(anyKey, anyKey, fc.integer({ min: 0, max: 256 })).map(([a, b, shared]) => {
  const mask = shared === 0 ? 0n : ((1n << BigInt(shared)) - 1n) << BigInt(256 - shared)
  const mixed = (toBigInt(a) & mask) | (toBigInt(b) & ~mask & ((1n << 256n) - 1n))
  const bytes = Uint8Array.from({ length: 32 }, (_, i) => Number((mixed >> BigInt(8 * (31 - i))) & 0xffn))

  return [a, keyFromDigest(bytes)]
})
