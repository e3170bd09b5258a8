import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { ballAround, positionDistance, positionOf, POSITIONS, xorPositions } from '../../src/kademlia/position.ts'
import { anyKey, anyPair, toBigInt } from '../helpers/peer-keys.ts'
import { check } from '../helpers/random.ts'

/** The first 52 of 256 bits. */
const LOW = 256n - 52n

describe('the position of a key', () => {
  it('is the number that its first 52 bits make', () => {
    check(fc.property(anyKey, key => {
      expect(positionOf(key)).to.equal(Number(toBigInt(key) >> LOW))
    }))
  })

  it('is as far from another one as the first 52 bits of the keys are in the XOR metric', () => {
    check(fc.property(anyPair, ([a, b]) => {
      const distance = Number((toBigInt(a) ^ toBigInt(b)) >> LOW)
      expect(positionDistance(a, b)).to.equal(distance)
      expect(xorPositions(positionOf(a), positionOf(b))).to.equal(distance)
    }))
  })
})

describe('the ball around a key', () => {
  it('has a position exactly when it is nearer than the distance', () => {
    check(fc.property(anyKey, fc.integer({ min: 0, max: 51 }), fc.nat(1_000), fc.nat(1_000), (key, bits, a, b) => {
      const unit = 2 ** bits
      const distance = Math.min(POSITIONS, a * unit)
      // at the edge and elsewhere
      const tries = [0, distance - 1, distance, distance + 1, b * unit].filter(d => d >= 0 && d < POSITIONS)

      for (const d of tries) {
        const position = xorPositions(positionOf(key), d)
        expect(ballAround(key, distance).some(([from, to]) => position >= from && position < to)).to.equal(d < distance)
      }
    }), 500)
  })

  it('is a few intervals that do not overlap, as long as the distance in all', () => {
    check(fc.property(anyKey, fc.maxSafeInteger(), (key, distance) => {
      const within = Math.abs(distance) % POSITIONS
      const intervals = ballAround(key, within).toSorted(([a], [b]) => a - b)

      expect(intervals.reduce((sum, [from, to]) => sum + to - from, 0)).to.equal(within)
      expect(intervals.length).to.be.at.most(52)
      intervals.slice(1).forEach(([from], i) => { expect(from).to.be.at.least(intervals[i][1]) })
    }), 500)
  })

  it('is all of the key space when it reaches as far, and nothing when it reaches nowhere', () => {
    check(fc.property(anyKey, key => {
      expect(ballAround(key, POSITIONS)).to.deep.equal([[0, POSITIONS]])
      expect(ballAround(key, 0)).to.deep.equal([])
    }), 10)
  })
})
