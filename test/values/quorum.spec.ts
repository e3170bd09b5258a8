import { expect } from 'aegir/chai'
import { answersNeeded } from '../../src/values/quorum.ts'
import type { Quorum } from '../../src/values/quorum.ts'

describe('a quorum', () => {
  it('is more than half of k for the majority, whether k is even or odd', () => {
    for (let k = 1; k <= 40; k++) {
      const needed = answersNeeded('majority', k)
      expect(2 * needed).to.be.above(k)
      expect(2 * (needed - 1)).to.be.at.most(k)
    }

    expect(answersNeeded('majority', 20)).to.equal(11)
  })

  it('is one, a number, or never reached before the end for all', () => {
    expect(answersNeeded('one', 20)).to.equal(1)
    expect(answersNeeded(7, 20)).to.equal(7)
    expect(answersNeeded('all', 20)).to.equal(Infinity)
  })

  it('is nothing else', () => {
    for (const quorum of [0, -1, 1.5, NaN, Infinity, 'most', null, '3', {}] as unknown as Quorum[]) {
      expect(() => answersNeeded(quorum, 20)).to.throw('positive integer').with.property('name', 'InvalidParametersError')
    }
  })
})
