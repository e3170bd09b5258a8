import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { keyOf } from '../../src/kademlia/key.ts'
import { ids, peerNamed, peersNamed, sortedTruth } from '../helpers/peer-keys.ts'
import { check, pick, randomNumbers } from '../helpers/random.ts'
import { asks, createLookup, SLOW_AFTER } from '../helpers/simulated-network.ts'
import type { PeerKey } from '../../src/kademlia/key.ts'
import type { LookupStep } from '../../src/kademlia/lookup.ts'

const TARGET = peerNamed('target')
const [first, second, third, fourth] = sortedTruth(peersNamed('peer-', 60), TARGET.key)

describe('those of the nearest that a lookup has settled', () => {
  it('are none while the nearest of all may still answer', () => {
    const lookup = createLookup([first, second, third], { target: TARGET.key, k: 2, alpha: 3 })
    asks(lookup, 0)
    lookup.onReply(second, [])
    lookup.onReply(third, [])
    expect(lookup.settled(2)).to.deep.equal([])
    lookup.onReply(first, [])
    expect(lookup.settled(2)).to.deep.equal([first, second])
  })

  it('are those before the first one that is not, whoever has answered behind it', () => {
    const lookup = createLookup([first, second, third, fourth], { target: TARGET.key, k: 4, alpha: 4 })
    asks(lookup, 0)
    lookup.onReply(first, [])
    lookup.onReply(second, [])
    lookup.onReply(fourth, [])
    expect(lookup.settled(4)).to.deep.equal([first, second])
    lookup.onFailure(third)
    expect(lookup.settled(4)).to.deep.equal([first, second, fourth])
  })

  it('do not wait for one that is slow, has failed or can not be dialled', () => {
    const lookup = createLookup([first, second, third, fourth], { target: TARGET.key, k: 4, alpha: 4 })
    asks(lookup, 0)
    lookup.onReply(fourth, [])
    lookup.onFailure(first)
    lookup.onUndialable(second)
    expect(lookup.settled(1)).to.deep.equal([])
    lookup.next(SLOW_AFTER)
    expect(lookup.settled(1)).to.deep.equal([fourth])
  })

  it('are those that the lookup finds in the end, once all of them have answered, unless somebody nearer is named later', () => {
    check(fc.property(fc.integer({ min: 1, max: 1_000_000 }), seed => {
      const random = randomNumbers(seed)
      const target = keyOf(Uint8Array.of(pick(random, 256), pick(random, 256)))
      const peers = peersNamed(`s${seed}-`, 30)
      const k = 1 + pick(random, 6)
      const lookup = createLookup(peers.slice(0, 1 + pick(random, 30)), { target, k, alpha: 1 + pick(random, 5) })
      const underWay: PeerKey[] = []
      let settled: PeerKey[] = []
      let now = 0

      for (;;) {
        const step: LookupStep<PeerKey> = lookup.next(now)

        if ('done' in step) {
          break
        }

        if ('ask' in step) {
          underWay.push(step.ask)
          continue
        }

        const [peer] = underWay.splice(pick(random, underWay.length), 1)

        if (peer == null) {
          now = step.wait
        } else if (random() < 0.2) {
          lookup.onFailure(peer)
        } else {
          // nobody names anybody: what is settled stays so
          lookup.onReply(peer, [])
        }

        const nowSettled = lookup.settled(k)
        expect(ids(nowSettled.slice(0, settled.length))).to.deep.equal(ids(settled))
        settled = nowSettled
      }

      expect(ids(lookup.closest(k))).to.deep.equal(ids(lookup.settled(k)))
    }))
  })
})

describe('a lookup that ended early', () => {
  it('says so, and one that came to its end does not, though somebody ends it once more', () => {
    const early = createLookup([first, second], { target: TARGET.key, k: 2, alpha: 2 })
    asks(early, 0)
    expect(early.endedEarly).to.equal(false)
    early.finish()
    expect(early.endedEarly).to.equal(true)
    early.finish()
    expect(early.endedEarly).to.equal(true)

    const whole = createLookup([first, second], { target: TARGET.key, k: 2, alpha: 2 })
    asks(whole, 0)
    whole.onReply(first, [])
    whole.onReply(second, [])
    expect(whole.next(1)).to.deep.equal({ done: true })
    whole.finish()
    expect(whole.endedEarly).to.equal(false)
  })
})
