import { expect } from 'aegir/chai'
import { NetworkSizeEstimator } from '../../src/kademlia/network-size.ts'
import { keyNear, peersNamed, sortedTruth } from '../helpers/peer-keys.ts'
import { pick, randomNumbers } from '../helpers/random.ts'
import type { Key, PeerKey } from '../../src/kademlia/key.ts'

const K = 20
const NOW = 1_700_000_000_000
const MAX_AGE = 2 * 60 * 60 * 1000

function word (random: () => number): number {
  return pick(random, 2 ** 32) | 0
}

function anyKey (random: () => number): Key {
  return [word(random), word(random), 0, 0, 0, 0, 0, 0]
}

/** The nearest k of so many peers spread evenly: only those in the part of the key space that can have them are looked at. */
function nearest (peers: PeerKey[], target: Key): PeerKey[] {
  const within = 2 ** 32 * Math.min(1, 4 * K / peers.length)
  const near = peers.filter(({ key }) => ((key[0] ^ target[0]) >>> 0) < within)

  return sortedTruth(near, target).slice(0, K)
}

function estimateOf (size: number, lookups: number, random: () => number): { peers: number, error: number } {
  const peers = Array.from({ length: size }, (_, i) => ({ id: `${i}`, key: anyKey(random) }))
  const estimator = new NetworkSizeEstimator(K)

  for (let i = 0; i < lookups; i++) {
    const target = anyKey(random)
    estimator.onLookup(target, nearest(peers, target), NOW)
  }

  const estimate = estimator.estimate(NOW)

  if (estimate == null) {
    throw new Error('Nothing is known of the size')
  }

  return estimate
}

describe('the size of the network', () => {
  for (const [size, networks] of [[100, 40], [1_000, 20], [10_000, 6], [100_000, 2]]) {
    it(`of ${size} peers is known after 64 lookups as exactly as it says, which is to about a tenth or better`, () => {
      const random = randomNumbers(size)
      let squares = 0

      for (let i = 0; i < networks; i++) {
        const { peers, error } = estimateOf(size, 64, random)
        const off = peers / size - 1
        squares += (off / error) ** 2
        expect(error).to.be.below(0.13)
        // three standard deviations
        expect(Math.abs(off)).to.be.below(3 * error)
      }

      expect(Math.sqrt(squares / networks)).to.be.below(1.4)
    })
  }

  for (const size of [100, 1_000, 10_000]) {
    it(`of ${size} peers is not over- or underestimated: the mean over networks is off by less than a twentieth`, () => {
      const random = randomNumbers(7)
      const networks = size > 1_000 ? 8 : 40
      let sum = 0

      for (let i = 0; i < networks; i++) {
        sum += estimateOf(size, 40, random).peers
      }

      expect(sum / networks / size).to.be.within(0.95, 1.05)
    })
  }

  it('is not known before a lookup, nor from one that found fewer than k', () => {
    const estimator = new NetworkSizeEstimator(K)
    expect(estimator.estimate(NOW)).to.equal(undefined)
    const [{ key: target }, ...peers] = sortedTruth(peersNamed('p', K), peersNamed('t', 1)[0].key)
    estimator.onLookup(target, peers, NOW)
    expect(estimator.estimate(NOW)).to.equal(undefined)
  })

  it('is known less exactly from one lookup than from several in other places, and says so', () => {
    const random = randomNumbers(3)

    expect(estimateOf(10_000, 1, random).error).to.be.closeTo(1 / Math.sqrt(K), 1e-9)
    expect(estimateOf(10_000, 20, random).error).to.be.within(1 / Math.sqrt(20 * K), 1 / Math.sqrt(15 * K))
  })

  it('is no more certain for a lookup made again, or one next to it: they tell of the same peers', () => {
    const random = randomNumbers(4)
    const peers = peersNamed('p', 2_000)
    const estimator = new NetworkSizeEstimator(K)
    const target = anyKey(random)

    for (let i = 0; i < 50; i++) {
      const near = i === 0 ? target : keyNear(target, 12 + i, random)
      estimator.onLookup(near, nearest(peers, near), NOW)
    }

    expect(estimator.estimate(NOW)?.error).to.be.closeTo(1 / Math.sqrt(K), 1e-9)
  })

  it('follows a network that has grown: the newer of two lookups in one place counts', () => {
    const random = randomNumbers(5)
    const estimator = new NetworkSizeEstimator(K)
    const target = anyKey(random)
    estimator.onLookup(target, nearest(peersNamed('p', 500), target), NOW)
    const before = estimator.estimate(NOW)?.peers ?? NaN
    estimator.onLookup(target, nearest(peersNamed('p', 5_000), target), NOW)

    expect((estimator.estimate(NOW)?.peers ?? NaN) / before).to.be.within(5, 20)
  })

  it('is forgotten two hours after the last lookup, each lookup by itself', () => {
    const peers = peersNamed('p', 2_000)
    const estimator = new NetworkSizeEstimator(K)
    const [one, other] = [[0, 0, 0, 0, 0, 0, 0, 0], [-(2 ** 31), 0, 0, 0, 0, 0, 0, 0]]
    estimator.onLookup(one, nearest(peers, one), NOW)
    estimator.onLookup(other, nearest(peers, other), NOW + MAX_AGE / 2)

    expect(estimator.estimate(NOW + MAX_AGE - 1)?.error).to.be.closeTo(1 / Math.sqrt(2 * K), 1e-9)
    expect(estimator.estimate(NOW + MAX_AGE)?.error).to.be.closeTo(1 / Math.sqrt(K), 1e-9)
    expect(estimator.estimate(NOW + MAX_AGE * 3 / 2)).to.equal(undefined)
  })

  it('is not spoilt by a lookup that has missed some, and found someone far away in their place', () => {
    const peers = peersNamed('peer', 1_000)
    const estimator = new NetworkSizeEstimator(K)

    for (let i = 0; i < 20; i++) {
      const [{ key }] = peersNamed(`target ${i}`, 1)
      const found = sortedTruth(peers, key)
      estimator.onLookup(key, i % 5 === 0 ? [...found.slice(0, K - 1), found[500]] : found.slice(0, K), NOW)
    }

    expect(estimator.estimate(NOW)?.peers).to.be.within(850, 1_150)
  })
})
