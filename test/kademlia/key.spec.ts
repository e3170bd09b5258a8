import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { commonPrefixLength, compareDistance, distance, distanceShare, keyBytes, keyFromDigest, keyOf } from '../../src/kademlia/key.ts'
import { anyKey, anyPair, toBigInt } from '../helpers/peer-keys.ts'
import { check } from '../helpers/random.ts'
import type { Key } from '../../src/kademlia/key.ts'

const RUNS = 500

/** The same, bit by bit. */
function sharedBits (a: Key, b: Key): number {
  const x = toBigInt(a)
  const y = toBigInt(b)
  let shared = 0

  while (shared < 256 && ((x >> BigInt(255 - shared)) & 1n) === ((y >> BigInt(255 - shared)) & 1n)) {
    shared++
  }

  return shared
}

describe('a key', () => {
  it('is the sha256 of the bytes it stands for', () => {
    const hex = Array.from(keyBytes(keyOf(new TextEncoder().encode('abc'))), byte => byte.toString(16).padStart(2, '0')).join('')

    expect(hex).to.equal('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  })

  it('has the bytes it was made of, wherever in a buffer they stood', () => {
    check(fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.nat(9), (digest, offset) => {
      const buffer = new Uint8Array(64)
      buffer.set(digest, offset)

      expect(keyBytes(keyFromDigest(buffer.subarray(offset, offset + 32)))).to.deep.equal(digest)
    }), RUNS)
  })

  it('is refused of fewer or more than 32 bytes', () => {
    expect(() => keyFromDigest(new Uint8Array(31))).to.throw(RangeError)
    expect(() => keyFromDigest(new Uint8Array(33))).to.throw(RangeError)
  })
})

describe('the distance', () => {
  it('is the XOR of the keys', () => {
    check(fc.property(anyPair, ([a, b]) => {
      expect(toBigInt(distance(a, b))).to.equal(toBigInt(a) ^ toBigInt(b))
    }), RUNS)
  })

  it('is none from a key to itself, and some to any other', () => {
    check(fc.property(anyPair, ([a, b]) => {
      expect(toBigInt(distance(a, a))).to.equal(0n)
      expect(toBigInt(distance(a, b)) === 0n).to.equal(toBigInt(a) === toBigInt(b))
    }), RUNS)
  })

  it('is the same in both directions', () => {
    check(fc.property(anyPair, ([a, b]) => {
      expect(distance(a, b)).to.deep.equal(distance(b, a))
    }), RUNS)
  })

  it('is never longer than a detour', () => {
    check(fc.property(anyPair, anyKey, ([a, b], c) => {
      expect(toBigInt(distance(a, c)) <= toBigInt(distance(a, b)) + toBigInt(distance(b, c))).to.equal(true)
    }), RUNS)
  })

  it('leaves the keys as they were', () => {
    check(fc.property(anyPair, ([a, b]) => {
      const before = [keyBytes(a), keyBytes(b)]
      distance(a, b)

      expect([keyBytes(a), keyBytes(b)]).to.deep.equal(before)
    }), 20)
  })
})

describe('compareDistance', () => {
  it('orders as whole numbers do', () => {
    check(fc.property(anyPair, anyKey, ([a, b], target) => {
      const x = toBigInt(a) ^ toBigInt(target)
      const y = toBigInt(b) ^ toBigInt(target)

      expect(Math.sign(compareDistance(a, b, target))).to.equal(x < y ? -1 : x > y ? 1 : 0)
    }), RUNS)
  })

  it('finds nothing nearer to a key than the key itself', () => {
    check(fc.property(anyPair, ([a, b]) => {
      expect(compareDistance(a, b, a)).to.be.at.most(0)
      expect(compareDistance(a, a, b)).to.equal(0)
    }), RUNS)
  })
})

describe('commonPrefixLength', () => {
  it('counts the leading bits that are the same', () => {
    check(fc.property(anyPair, ([a, b]) => {
      expect(commonPrefixLength(a, b)).to.equal(sharedBits(a, b))
    }), RUNS)
  })

  it('is at least the lesser of two when all three are compared', () => {
    check(fc.property(anyPair, anyPair, ([a, b], [, c]) => {
      expect(commonPrefixLength(a, c)).to.be.at.least(Math.min(commonPrefixLength(a, b), commonPrefixLength(b, c)))
    }), RUNS)
  })
})

describe('the distance as a share', () => {
  it('is that of the key space between two keys, to eleven digits unless they are next to each other', () => {
    check(fc.property(anyPair, ([a, b]) => {
      const truth = toBigInt(a) ^ toBigInt(b)
      const share = distanceShare(a, b)
      const digits = 10n ** 30n

      expect(share).to.be.within(0, 1)
      expect(share).to.equal(distanceShare(b, a))
      expect(Math.abs(share - Number(truth * digits >> 256n) / Number(digits))).to.be.at.most(Math.max(1e-11 * share, 2 ** -64))
    }), RUNS)
  })

  it('is no greater for what is nearer', () => {
    check(fc.property(anyKey, anyKey, anyKey, (a, b, target) => {
      expect((distanceShare(a, target) - distanceShare(b, target)) * compareDistance(a, b, target)).to.be.at.least(0)
    }), RUNS)
  })
})
