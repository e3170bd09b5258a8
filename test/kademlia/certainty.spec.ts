import { expect } from 'aegir/chai'
import { crowdedDistance, sureDistance, sureMeanDistance } from '../../src/kademlia/certainty.ts'
import { randomNumbers } from '../helpers/random.ts'

const K = 20

/** The distance of the k-th nearest of ids spread evenly, times how many there are: a sum of k exponential steps. */
function kthDistance (k: number, random: () => number): number {
  let sum = 0

  for (let i = 0; i < k; i++) {
    sum -= Math.log(1 - random())
  }

  return sum
}

function isOff (value: number, truth: number): number {
  return Math.abs(value / truth - 1)
}

describe('how near a peer has to be to be one of the nearest for sure', () => {
  it('is what the gamma distribution says for k = 20, to two thousandths', () => {
    expect(isOff(sureDistance(K, 1), 14.5253)).to.be.below(0.002)
    expect(isOff(sureMeanDistance(K, 1), 15.4066)).to.be.below(0.002)
  })

  it('is the nearer the more peers there are, in proportion', () => {
    for (const peers of [20, 100, 10_000, 1_000_000]) {
      expect(isOff(sureDistance(K, peers) * peers, sureDistance(K, 1))).to.be.below(1e-12)
      expect(isOff(sureMeanDistance(K, peers) * peers, sureMeanDistance(K, 1))).to.be.below(1e-12)
    }
  })

  it('grows with k, and is nearer than where the k-th is to be expected', () => {
    for (let k = 2; k <= 100; k++) {
      expect(sureDistance(k, 1_000)).to.be.above(sureDistance(k - 1, 1_000))
      expect(sureMeanDistance(k, 1_000)).to.be.above(sureMeanDistance(k - 1, 1_000))
      expect(sureDistance(k, 1_000)).to.be.below(k / 1_000)
    }
  })

  it('leaves one network in ten in which a peer that near is not one of them', () => {
    const random = randomNumbers(1)
    const networks = 20_000
    let nearer = 0

    for (let i = 0; i < networks; i++) {
      nearer += kthDistance(K, random) < sureDistance(K, 1) ? 1 : 0
    }

    expect(nearer / networks).to.be.within(0.09, 0.11)
  })
  it('leaves one network in a thousand in which a key that nobody crowds seems to be crowded', () => {
    const random = randomNumbers(2)
    const networks = 50_000
    let crowded = 0

    for (let i = 0; i < networks; i++) {
      crowded += kthDistance(K, random) < crowdedDistance(K, 1) ? 1 : 0
    }

    expect(crowded / networks).to.be.within(0.0005, 0.0015)
  })
})
