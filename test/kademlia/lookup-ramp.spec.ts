import { expect } from 'aegir/chai'
import { peerNamed, peersNamed, sortedTruth } from '../helpers/peer-keys.ts'
import { asks, createLookup, SLOW_AFTER } from '../helpers/simulated-network.ts'
import type { PeerKey } from '../../src/kademlia/key.ts'
import type { Lookup, LookupOptions } from '../../src/kademlia/lookup.ts'

const TARGET = peerNamed('target')
const PEERS = sortedTruth(peersNamed('peer-', 60), TARGET.key)

/** A lookup of many who may all be asked, and how many it asks to begin with. */
function begin (options: Partial<LookupOptions<PeerKey>> = {}): { lookup: Lookup<PeerKey>, asked: number } {
  const lookup = createLookup(PEERS, { target: TARGET.key, k: 40, alpha: 10, rules: { ramp: { start: 2, growth: 1 } }, ...options })

  return { lookup, asked: asks(lookup, 0).length }
}

describe('a lookup that begins with a few at a time', () => {
  it('asks two at once to begin with, and without the rule as many as it may', () => {
    expect(begin().asked).to.equal(2)
    expect(begin({ rules: {} }).asked).to.equal(10)
    expect(begin({ alpha: 1 }).asked).to.equal(1)
  })

  it('has one more under way for each that answered, in the order in which that happens', () => {
    const { lookup } = begin()

    for (let answered = 1; answered <= 8; answered++) {
      lookup.onReply(PEERS[answered - 1], [])
      expect(asks(lookup, answered)).to.have.lengthOf(2)
      expect(lookup.inFlight).to.equal(2 + answered)
    }

    lookup.onReply(PEERS[8], [])
    expect(asks(lookup, 9)).to.have.lengthOf(1)
    expect(lookup.inFlight).to.equal(10)
  })

  it('counts one that failed as it does one that answered: the dead do not hold it up', () => {
    const { lookup } = begin()
    lookup.onFailure(PEERS[0])
    lookup.onFailure(PEERS[1])

    expect(asks(lookup, 1)).to.have.lengthOf(4)
  })

  it('counts one that is slow, and only once when it answers after all', () => {
    const { lookup } = begin()

    expect(asks(lookup, SLOW_AFTER)).to.have.lengthOf(4)
    lookup.onReply(PEERS[0], [])
    lookup.onFailure(PEERS[1])
    expect(asks(lookup, SLOW_AFTER + 1)).to.have.lengthOf(0)
    expect(lookup.inFlight).to.equal(4)
  })

  it('asks another in the place of one that could not be dialled, and no more: nothing came of it', () => {
    const { lookup } = begin()
    lookup.onUndialable(PEERS[0])
    lookup.onUndialable(PEERS[1])

    expect(asks(lookup, 1)).to.have.lengthOf(2)
  })

  it('grows as slowly as it is told to', () => {
    const { lookup } = begin({ rules: { ramp: { start: 3, growth: 0.5 } } })
    expect(lookup.inFlight).to.equal(3)
    lookup.onReply(PEERS[0], [])
    expect(asks(lookup, 1)).to.have.lengthOf(1)
    lookup.onReply(PEERS[1], [])
    expect(asks(lookup, 2)).to.have.lengthOf(2)
    expect(lookup.inFlight).to.equal(4)
  })
})
