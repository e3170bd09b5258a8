import { expect } from 'aegir/chai'
import { peerNamed, peersNamed, sortedTruth } from '../helpers/peer-keys.ts'
import { asks, createLookup, SLOW_AFTER } from '../helpers/simulated-network.ts'
import type { PeerKey } from '../../src/kademlia/key.ts'
import type { Lookup } from '../../src/kademlia/lookup.ts'

const TARGET = peerNamed('target')
const [first, second, third, fourth] = sortedTruth(peersNamed('peer-', 60), TARGET.key)
const OVERDUE = SLOW_AFTER / 2

/** It has asked the first two of four, of which two are enough. */
function begin (overdueAfter?: () => number): Lookup<PeerKey> {
  const lookup = createLookup([first, second, third, fourth], { target: TARGET.key, k: 2, alpha: 3, overdueAfter })
  expect(asks(lookup, 0)).to.deep.equal([first.id, second.id])

  return lookup
}

describe('a lookup that asks the next when one is overdue', () => {
  it('waits until then, and for the slot where it is not said', () => {
    expect(begin(() => OVERDUE).next(1)).to.deep.equal({ wait: OVERDUE })
    expect(begin().next(1)).to.deep.equal({ wait: SLOW_AFTER })
  })

  it('asks as many more as are overdue and there are slots for: those overdue still hold theirs', () => {
    const lookup = begin(() => OVERDUE)

    expect(asks(lookup, OVERDUE - 1)).to.deep.equal([])
    expect(asks(lookup, OVERDUE)).to.deep.equal([third.id])
    expect(lookup.inFlight).to.equal(3)
  })

  it('does not wait for whom it asked in another\'s stead when that one answers after all', () => {
    const lookup = begin(() => OVERDUE)
    lookup.onReply(second, [])
    expect(asks(lookup, OVERDUE)).to.deep.equal([third.id])
    lookup.onReply(first, [])

    expect(lookup.next(OVERDUE + 1)).to.deep.equal({ done: true })
    expect(lookup.closest(3)).to.deep.equal([first, second])
  })

  it('waits for one that is overdue and among the nearest as long as it holds its slot, and no longer', () => {
    const lookup = begin(() => OVERDUE)
    lookup.onReply(second, [])
    asks(lookup, OVERDUE)
    lookup.onReply(third, [])

    expect(lookup.next(OVERDUE + 1)).to.deep.equal({ wait: SLOW_AFTER })
    expect(lookup.next(SLOW_AFTER)).to.deep.equal({ done: true })
    expect(lookup.closest(3)).to.deep.equal([second, third])
  })
})
