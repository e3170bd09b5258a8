import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { KnownSpace } from '../../src/kademlia/known-space.ts'
import { positionDistance } from '../../src/kademlia/position.ts'
import { anyNetwork, CENTRE, createPeers } from '../helpers/any-network.ts'
import { ids, keyNear, peersNamed, sortedTruth } from '../helpers/peer-keys.ts'
import { check, pick, randomNumbers } from '../helpers/random.ts'
import type { Key } from '../../src/kademlia/key.ts'

function keysOf (random: () => number, count: number): Key[] {
  const keys = Array.from({ length: count }, (_, i) => keyNear(CENTRE, i % 2 === 0 ? 0 : pick(random, 20), random))

  return keys.sort((a, b) => (a[0] >>> 0) - (b[0] >>> 0))
}

describe('the known space', () => {
  it('says of no key that its nearest are known when they are not those that there are', () => {
    check(fc.property(anyNetwork, ({ k, ...options }) => {
      const { peers, random } = createPeers(options)
      const space = new KnownSpace(k)

      for (const key of keysOf(random, 60)) {
        const truth = sortedTruth(peers, key).slice(0, k)
        const known = space.nearest(key)

        if (known == null) {
          space.onLookup(key, truth)
        } else {
          expect(ids(known)).to.deep.equal(ids(truth))
        }
      }
    }), 200)
  })

  it('knows the nearest of a key right after the lookup for it, where peers are spread evenly', () => {
    const peers = peersNamed('even', 500)
    const known = keysOf(randomNumbers(1), 200).filter(key => {
      const space = new KnownSpace(20)
      const truth = sortedTruth(peers, key).slice(0, 20)
      space.onLookup(key, truth)
      const nearest = space.nearest(key)

      return nearest != null && ids(nearest).join() === ids(truth).join()
    })

    expect(known.length).to.be.at.least(190)
  })

  it('takes one who is far away for no proof that nobody is between', () => {
    const peers = sortedTruth(peersNamed('peer', 1_000), CENTRE)
    const space = new KnownSpace(20)
    space.onLookup(CENTRE, [...peers.slice(0, 19), peers[400]])

    for (const key of keysOf(randomNumbers(2), 200)) {
      expect(space.nearest(key)).to.equal(undefined)
    }
  })

  it('believes a lookup only as far as that has found those who are known already, a few excepted that may be gone', () => {
    const peers = sortedTruth(peersNamed('peer', 1_000), CENTRE)

    for (const [missed, isKnown] of [[3, true], [10, false]] as const) {
      const space = new KnownSpace(20)
      // known by a lookup for a key near by
      space.onLookup(peers[0].key, sortedTruth(peers.slice(0, 60), peers[0].key).slice(0, 20))
      space.onLookup(CENTRE, peers.filter((_, i) => i < 2 || i >= 2 + missed).slice(0, 20))

      expect(space.covers(CENTRE, positionDistance(peers[19].key, CENTRE))).to.equal(isKnown)
    }
  })

  it('knows all keys in a network of fewer than k peers after one lookup', () => {
    const peers = peersNamed('few', 7)
    const space = new KnownSpace(20)
    space.onLookup(CENTRE, sortedTruth(peers, CENTRE))

    for (const { key } of peersNamed('key', 50)) {
      expect(ids(space.nearest(key) ?? [])).to.deep.equal(ids(sortedTruth(peers, key)))
    }
  })

  it('names a peer no more that is gone', () => {
    const peers = peersNamed('peer', 15)
    const space = new KnownSpace(20)
    space.onLookup(CENTRE, sortedTruth(peers, CENTRE))
    const [first, second] = space.nearest(CENTRE) ?? []
    space.remove(first)
    expect(space.nearest(CENTRE)?.[0].id).to.equal(second.id)
  })

  it('knows nobody before a lookup', () => {
    expect(new KnownSpace(20).nearest(CENTRE)).to.equal(undefined)
  })
})
