import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { centresFor, nextCentre } from '../../src/kademlia/look-around.ts'
import { ids, peerNamed, peersNamed, toBigInt } from '../helpers/peer-keys.ts'
import { check } from '../helpers/random.ts'
import type { Key, PeerKey } from '../../src/kademlia/key.ts'

const RULES = { ignored: 0, lostPerCentre: 0.1, askedPerCentre: 2, mostCentres: 12 }

/** How far the peer is from the nearest of the keys. */
function away ({ key }: PeerKey, keys: Key[]): bigint {
  return keys.map(other => toBigInt(key) ^ toBigInt(other)).reduce((least, distance) => distance < least ? distance : least)
}

describe('for the neighbours of how many peers to ask', () => {
  it('is one for each tenth of k that was lost, begun ones too, and never more than the most', () => {
    expect([0, 1, 2, 3, 4, 5, 19, 20].map(lost => centresFor(lost, 20, RULES))).to.deep.equal([0, 1, 1, 2, 2, 3, 10, 10])
    expect([0, 23, 24, 25, 400].map(lost => centresFor(lost, 20, RULES))).to.deep.equal([0, 12, 12, 12, 12])
    expect(centresFor(1, 1, RULES)).to.equal(10)
  })
})

describe('for whose neighbours to ask next', () => {
  it('is the peer that is farthest from all that was asked for', () => {
    check(fc.property(fc.nat(), fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 10 }), (seed, count, times) => {
      const peers = peersNamed(`${seed}-`, count)
      const askedFor: Key[] = [peerNamed(`target-${seed}`).key]

      for (let i = 0; i < Math.min(times, count); i++) {
        const centre = nextCentre(peers, askedFor)
        const farthest = peers.map(peer => away(peer, askedFor)).reduce((most, distance) => distance > most ? distance : most)
        expect(centre == null ? undefined : away(centre, askedFor)).to.equal(farthest)
        askedFor.push(centre?.key ?? [])
      }
    }), 100)
  })

  it('is each peer once, and then nobody', () => {
    const peers = peersNamed('peer-', 12)
    const askedFor: Key[] = [peerNamed('target').key]
    const centres: string[] = []

    for (let centre = nextCentre(peers, askedFor); centre != null; centre = nextCentre(peers, askedFor)) {
      centres.push(centre.id)
      askedFor.push(centre.key)
    }

    expect(centres.sort()).to.deep.equal(ids(peers).sort())
    expect(nextCentre([], askedFor)).to.equal(undefined)
  })
})
