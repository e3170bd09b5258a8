import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { neighbourhood } from '../../src/kademlia/neighbourhood.ts'
import { keyNear, peerNamed, peersNamed, sortedTruth } from '../helpers/peer-keys.ts'
import { check, randomNumbers } from '../helpers/random.ts'

const KEY_SPACE = 2 ** 32

describe('the neighbourhood', () => {
  it('is about k / N of the key space where N peers are spread evenly, for any of them', () => {
    const peers = peersNamed('peer-', 2_000)

    check(fc.property(fc.nat(), fc.constantFrom(10, 20, 40), (seed, k) => {
      const self = peerNamed(`self-${seed}`)
      const share = (neighbourhood(self.key, sortedTruth(peers, self.key), k) ?? NaN) / KEY_SPACE
      const expected = k / peers.length

      // it varies by a share of 1 / √k of itself
      expect(share).to.be.within(expected * (1 - 3.2 / Math.sqrt(k)), expected * (1 + 4.5 / Math.sqrt(k)))
    }), 60)
  })

  it('is that of the k-th nearest, whoever else is given', () => {
    const self = peerNamed('self')
    const random = randomNumbers(1)
    const nearest = [20, 10, 5, 3, 0].map((cpl, i) => ({ id: `${i}`, key: keyNear(self.key, cpl, random) }))

    expect(neighbourhood(self.key, nearest, 2)).to.be.within(2 ** 21, 2 ** 22 - 1)
    expect(neighbourhood(self.key, nearest, 5)).to.be.within(2 ** 31, 2 ** 32 - 1)
  })

  it('is not known with fewer than k', () => {
    const self = peerNamed('self')

    expect(neighbourhood(self.key, peersNamed('peer-', 19), 20)).to.equal(undefined)
    expect(neighbourhood(self.key, [], 1)).to.equal(undefined)
  })
})
