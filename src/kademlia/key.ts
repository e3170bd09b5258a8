// Keys of the 256-bit key space and the XOR metric over them. Pure (law 2).

import { sha256 } from '@noble/hashes/sha2.js'

/** How many bits a key has. */
export const KEY_BITS = 256

const WORDS = KEY_BITS / 32

/**
 * A point of the key space: eight 32-bit words, the most significant first. Words and not bytes, because
 * distances are compared far more often than keys are made, and most comparisons end at the first word. A plain array of
 * signed words, because it takes less than half of the memory of a typed one, and tables hold many.
 */
export type Key = readonly number[]

/** A peer as the algorithm sees it: a name that is unique to it, and its place in the key space. */
export interface PeerKey {
  /** unique to the peer, and the same for every object that stands for it */
  readonly id: string

  /** sha256 of the peer's multihash */
  readonly key: Key
}

/** The key of any bytes: a record's key, a multihash to provide, or a peer's own multihash. */
export function keyOf (bytes: Uint8Array): Key {
  return keyFromDigest(sha256(bytes))
}

/** The key whose 32 bytes are `digest`. */
export function keyFromDigest (digest: Uint8Array): Key {
  if (digest.byteLength !== KEY_BITS / 8) {
    throw new RangeError(`A key has ${KEY_BITS / 8} bytes, not ${digest.byteLength}`)
  }

  const view = new DataView(digest.buffer, digest.byteOffset, digest.byteLength)

  return [
    view.getInt32(0), view.getInt32(4), view.getInt32(8), view.getInt32(12),
    view.getInt32(16), view.getInt32(20), view.getInt32(24), view.getInt32(28)
  ]
}

/** The 32 bytes of a key. */
export function keyBytes (key: Key): Uint8Array {
  const bytes = new Uint8Array(KEY_BITS / 8)
  const view = new DataView(bytes.buffer)

  for (let i = 0; i < WORDS; i++) {
    view.setInt32(i * 4, key[i])
  }

  return bytes
}

/** The XOR distance of two keys, itself a point of the key space. */
export function distance (a: Key, b: Key): Key {
  return a.map((word, i) => word ^ b[i])
}

/**
 * Orders `a` and `b` by their distance from `target`: negative when `a` is nearer, positive when `b` is, 0
 * when they are the same key. Hot: allocates nothing.
 */
export function compareDistance (a: Key, b: Key, target: Key): number {
  for (let i = 0; i < WORDS; i++) {
    const x = (a[i] ^ target[i]) >>> 0
    const y = (b[i] ^ target[i]) >>> 0

    if (x !== y) {
      return x < y ? -1 : 1
    }
  }

  return 0
}

/** Orders keys as they lie in the key space. */
export function compareKeys (a: Key, b: Key): number {
  for (let i = 0; i < WORDS; i++) {
    if (a[i] !== b[i]) {
      return a[i] >>> 0 < b[i] >>> 0 ? -1 : 1
    }
  }

  return 0
}

/** How far apart two keys are, as a share of the key space. */
export function distanceShare (a: Key, b: Key): number {
  return (((a[0] ^ b[0]) >>> 0) + ((a[1] ^ b[1]) >>> 0) / 2 ** 32) / 2 ** 32
}

/** How many leading bits two keys share, 256 when they are equal. */
export function commonPrefixLength (a: Key, b: Key): number {
  for (let i = 0; i < WORDS; i++) {
    const x = a[i] ^ b[i]

    if (x !== 0) {
      return i * 32 + Math.clz32(x)
    }
  }

  return KEY_BITS
}

/** Whether two keys differ in the bit at `index`, 0 for the first one. */
export function differAt (a: Key, b: Key, index: number): boolean {
  const word = index >>> 5

  return ((a[word] ^ b[word]) & (0x80000000 >>> (index & 31))) !== 0
}
