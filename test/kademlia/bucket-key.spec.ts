import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { bytesInBucket } from '../../src/kademlia/bucket-key.ts'
import { commonPrefixLength, keyBytes, keyOf } from '../../src/kademlia/key.ts'
import { anyKey, peerNamed } from '../helpers/peer-keys.ts'
import { check, randomBytes, randomNumbers } from '../helpers/random.ts'

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

  it('reaches every corner of the bucket alike', () => {
    const { key: self } = peerNamed('self')
    const random = randomNumbers(1)
    const cpl = 2
    const corners = new Array<number>(16).fill(0)

    for (let i = 0; i < 1_600; i++) {
      const bytes = bytesInBucket(self, cpl, randomBytes(random, 16), TRIES)
      // the four bits that follow the shared ones and the one that differs
      const [first, second] = keyBytes(keyOf(bytes as Uint8Array))
      corners[((first << 8 | second) >> (16 - cpl - 1 - 4)) & 0xf]++
    }

    // 100 are expected in each; five standard deviations are 48
    expect(Math.min(...corners)).to.be.above(52)
    expect(Math.max(...corners)).to.be.below(148)
  })
})
