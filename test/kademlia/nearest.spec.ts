import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { offerNearest } from '../../src/kademlia/nearest.ts'
import { anyKey, ids, peersNamed, sortedTruth } from '../helpers/peer-keys.ts'
import { check } from '../helpers/random.ts'
import type { PeerKey } from '../../src/kademlia/key.ts'

describe('offerNearest', () => {
  it('keeps the nearest n in order, in whatever order they are offered', () => {
    check(fc.property(anyKey, fc.nat(30), fc.shuffledSubarray(peersNamed('peer', 120)), (target, n, offered) => {
      const nearest: PeerKey[] = []

      for (const peer of offered) {
        offerNearest(nearest, peer, target, n)
        expect(nearest.length).to.be.at.most(n)
      }

      expect(ids(nearest)).to.deep.equal(ids(sortedTruth(offered, target).slice(0, n)))
    }), 200)
  })
})
