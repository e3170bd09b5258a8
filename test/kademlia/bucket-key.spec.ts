import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { bytesInBucket } from '../../src/kademlia/bucket-key.ts'
import { commonPrefixLength, keyOf } from '../../src/kademlia/key.ts'
import { anyKey, peerNamed, toBigInt } from '../helpers/peer-keys.ts'
import { check, randomBytes, randomNumbers } from '../helpers/random.ts'
import type { Key } from '../../src/kademlia/key.ts'

const TRIES = 1 << 16

describe('bytesInBucket', () => {
  it('finds bytes whose key shares exactly as many bits as asked', () => {
    check(fc.property(anyKey, fc.nat(9), fc.uint8Array({ minLength: 16, maxLength: 32 }), (self, cpl, seed) => {
      const bytes = bytesInBucket(self, cpl, seed, TRIES)

      expect(bytes).to.not.equal(undefined)
      expect(commonPrefixLength(self, keyOf(bytes as Uint8Array))).to.equal(cpl)
    }), 60)
  })

  it('finds the same for the same seed', () => {
    check(fc.property(anyKey, fc.nat(7), fc.uint8Array({ minLength: 16, maxLength: 16 }), (self, cpl, seed) => {
      expect(bytesInBucket(self, cpl, seed.slice(), TRIES)).to.deep.equal(bytesInBucket(self, cpl, seed.slice(), TRIES))
    }), 30)
  })

  it('works on a seed that is a part of a larger buffer, and leaves the rest alone', () => {
    const { key: self } = peerNamed('self')
    const buffer = new Uint8Array(32).fill(7)

    bytesInBucket(self, 3, buffer.subarray(8, 24), TRIES)

    expect(buffer.subarray(0, 8)).to.deep.equal(new Uint8Array(8).fill(7))
    expect(buffer.subarray(24)).to.deep.equal(new Uint8Array(8).fill(7))
  })

  it('goes on where the counter in the seed wraps around', () => {
    const seed = new Uint8Array(16).fill(0xff)

    expect(bytesInBucket(peerNamed('self').key, 4, seed, TRIES)).to.not.equal(undefined)
  })

  it('gives up after so many tries', () => {
    expect(bytesInBucket(peerNamed('self').key, 200, new Uint8Array(16), 100)).to.equal(undefined)
    expect(bytesInBucket(peerNamed('self').key, 0, new Uint8Array(16), 0)).to.equal(undefined)
  })

  it('is uniform in the bucket, whichever it is', () => {
    const random = randomNumbers(1)

    for (const cpl of [0, 2, 5, 8]) {
      const { key: self } = peerNamed(`self-${cpl}`)
      // the six bits that follow the shared ones and the one that differs
      const cells = new Array<number>(64).fill(0)
      const rounds = cpl < 5 ? 3_200 : 800

      for (let i = 0; i < rounds; i++) {
        const bytes = bytesInBucket(self, cpl, randomBytes(random, 16), TRIES)
        cells[bitsAfter(keyOf(bytes as Uint8Array), cpl + 1)]++
      }

      expect(chiSquare(cells), `bucket ${cpl}`).to.be.below(MOST_CHI_SQUARE)
    }
  })

  it('is uniform also from seeds that differ in little', () => {
    const { key: self } = peerNamed('self')
    const cells = new Array<number>(64).fill(0)

    for (let i = 0; i < 1_600; i++) {
      const seed = new Uint8Array(16)
      new DataView(seed.buffer).setUint32(12, i)
      cells[bitsAfter(keyOf(bytesInBucket(self, 3, seed, TRIES) as Uint8Array), 4)]++
    }

    expect(chiSquare(cells)).to.be.below(MOST_CHI_SQUARE)
  })

  it('is another one for each seed', () => {
    const { key: self } = peerNamed('self')
    const random = randomNumbers(2)
    const found = new Set(Array.from({ length: 500 }, () => String(bytesInBucket(self, 2, randomBytes(random, 32), TRIES))))

    expect(found.size).to.equal(500)
  })
})

/** Of 63 degrees of freedom: one even distribution in a million is above it. */
const MOST_CHI_SQUARE = 130

/** How far counts are from being all the same. */
function chiSquare (counts: number[]): number {
  const expected = counts.reduce((a, b) => a + b, 0) / counts.length

  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
}

/** The six bits of a key from `from` on. */
function bitsAfter (key: Key, from: number): number {
  return Number((toBigInt(key) >> BigInt(256 - from - 6)) & 63n)
}
