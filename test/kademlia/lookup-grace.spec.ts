import { expect } from 'aegir/chai'
import { peerNamed, peersNamed, sortedTruth } from '../helpers/peer-keys.ts'
import { asks, createLookup, SLOW_AFTER } from '../helpers/simulated-network.ts'
import type { PeerKey } from '../../src/kademlia/key.ts'
import type { LookupRules } from '../../src/kademlia/lookup-rules.ts'
import type { Lookup } from '../../src/kademlia/lookup.ts'

const TARGET = peerNamed('target')
const [first, second, third, fourth] = sortedTruth(peersNamed('peer-', 60), TARGET.key)
const GRACE = { lost: 1, share: 0.5 }

/** Of four the nearest is slow, and two others, who are enough, have answered. */
function begin (rules: LookupRules): Lookup<PeerKey> {
  const lookup = createLookup([first, second, third, fourth], { target: TARGET.key, k: 2, alpha: 2, rules })
  asks(lookup, 0)
  lookup.onReply(second, [])
  asks(lookup, SLOW_AFTER)
  lookup.onReply(third, [])

  return lookup
}

describe('a lookup that has found enough, while one of the nearest is slow', () => {
  it('waits for it a while, and takes it in when it answers', () => {
    const lookup = begin({ grace: GRACE })
    expect(lookup.next(SLOW_AFTER + 1)).to.deep.equal({ wait: 1.5 * SLOW_AFTER })
    lookup.onReply(first, [])

    expect(lookup.next(SLOW_AFTER + 2)).to.deep.equal({ done: true })
    expect(lookup.closest(2)).to.deep.equal([first, second])
  })

  it('waits no longer than that', () => {
    expect(begin({ grace: GRACE }).next(1.5 * SLOW_AFTER)).to.deep.equal({ done: true })
  })

  it('does not wait without the rule, nor where more are lost', () => {
    expect(begin({}).next(SLOW_AFTER + 1)).to.deep.equal({ done: true })
    expect(begin({ grace: { ...GRACE, lost: 0 } }).next(SLOW_AFTER + 1)).to.deep.equal({ done: true })
  })

  it('does not wait for one that is farther away than those found', () => {
    const lookup = createLookup([first, second, third], { target: TARGET.key, k: 2, alpha: 3, rules: { grace: GRACE }, overdueAfter: () => 0 })
    asks(lookup, 0)
    lookup.onReply(first, [])
    lookup.next(SLOW_AFTER)
    lookup.onReply(second, [])

    expect(lookup.next(SLOW_AFTER + 1)).to.deep.equal({ done: true })
  })
})
