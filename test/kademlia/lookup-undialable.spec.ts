import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { compareDistance } from '../../src/kademlia/key.ts'
import { ids, peerNamed, peersNamed, sortedTruth } from '../helpers/peer-keys.ts'
import { check } from '../helpers/random.ts'
import { asks, createLookup, driveInRounds } from '../helpers/simulated-network.ts'
import type { PeerKey } from '../../src/kademlia/key.ts'
import type { Lookup } from '../../src/kademlia/lookup.ts'

/** A peer with addresses, of which some may be of use. */
interface Addressed extends PeerKey {
  addrs: string[]
}

const TARGET = peerNamed('target')
const PEERS = sortedTruth(peersNamed('peer-', 200), TARGET.key)

function merge (known: PeerKey, named: PeerKey): PeerKey | undefined {
  const [{ addrs: old }, { addrs: all }] = [known, named] as Addressed[]
  const news = all.filter(addr => !old.includes(addr))

  return news.length === 0 ? undefined : { ...known, addrs: [...old, ...news] } as PeerKey
}

const at = (peer: PeerKey, ...addrs: string[]): Addressed => ({ ...peer, addrs })

/** Who is asked, with the addresses to ask at, before it waits. */
function addressesAsked (lookup: Lookup<PeerKey>, now: number): string[] {
  const asked: string[] = []

  for (let step = lookup.next(now); 'ask' in step; step = lookup.next(now)) {
    asked.push(...(step.ask as Addressed).addrs)
  }

  return asked
}

describe('a lookup that meets peers which it has no way to dial', () => {
  it('takes them for some of the nearest, though never for more than three of four', () => {
    check(fc.property(fc.integer({ min: 1, max: 25 }), fc.integer({ min: 0, max: 100 }), (k, undialable) => {
      const lookup = createLookup(PEERS, { target: TARGET.key, k, alpha: 5, maxAsked: 1_000 })
      const closed = new Set(ids(PEERS.slice(0, undialable)))
      driveInRounds(lookup, ({ peer: { id } }) => closed.has(id) ? 'undialable' : [])
      const expected = k - Math.min(undialable, Math.floor(3 / 4 * k))

      // the last ones are asked at once, perhaps more than were needed
      expect(ids(lookup.closest(expected))).to.deep.equal(ids(PEERS.slice(undialable, undialable + expected)))
      expect(lookup.answered).to.be.within(expected, expected + 5)
    }), 100)
  })

  it('finds a quarter of k where all of the nearest are such peers', () => {
    const lookup = createLookup(PEERS, { target: TARGET.key, k: 20, alpha: 1, maxAsked: 500 })
    const closed = new Set(ids(PEERS.slice(0, 150)))
    driveInRounds(lookup, ({ peer: { id } }) => closed.has(id) ? 'undialable' : [])

    expect(ids(lookup.closest(20))).to.deep.equal(ids(PEERS.slice(150, 155)))
    expect(lookup.asked).to.equal(5)
  })

  it('does not go on for their sake: with three such among the nearest four the fourth is enough', () => {
    const lookup = createLookup(PEERS.slice(0, 9), { target: TARGET.key, k: 4, alpha: 1 })
    const closed = new Set(ids(PEERS.slice(0, 3)))

    expect(ids(driveInRounds(lookup, ({ peer: { id } }) => closed.has(id) ? 'undialable' : []).map(({ peer }) => peer))).to.deep.equal(ids(PEERS.slice(0, 4)))
  })

  for (const paths of [1, 2]) {
    it(`asks one after all when it is named with an address that is new, on ${paths === 1 ? 'one path' : 'two paths'}, and not for an old one`, () => {
      const lookup = createLookup([at(PEERS[0], 'a'), at(PEERS[1], 'b')], { target: TARGET.key, k: 4, paths, merge })
      expect(addressesAsked(lookup, 0)).to.deep.equal(['a', 'b'])
      lookup.onUndialable(PEERS[0])
      lookup.onReply(PEERS[1], [at(PEERS[0], 'a'), at(PEERS[2], 'd')])
      expect(addressesAsked(lookup, 1)).to.deep.equal(['d'])
      lookup.onReply(PEERS[2], [at(PEERS[0], 'c')])
      expect(addressesAsked(lookup, 2)).to.deep.equal(['a', 'c'])
      lookup.onReply(PEERS[0], [])

      expect(lookup.next(3)).to.deep.equal({ done: true })
      expect(ids(lookup.closest(4))).to.deep.equal(ids(PEERS.slice(0, 3)))
      expect(lookup.asked).to.equal(3)
    })
  }

  it('asks one named with a new address only if it is still near enough', () => {
    const lookup = createLookup([at(PEERS[8], 'a'), at(PEERS[5], 'b')], { target: TARGET.key, k: 2, merge })
    addressesAsked(lookup, 0)
    lookup.onUndialable(PEERS[8])
    lookup.onReply(PEERS[5], [at(PEERS[8], 'c'), at(PEERS[0], 'd'), at(PEERS[1], 'e')])

    expect(addressesAsked(lookup, 1)).to.deep.equal(['d', 'e'])
    lookup.onReply(PEERS[0], [])
    lookup.onReply(PEERS[1], [])
    expect(lookup.next(2)).to.deep.equal({ done: true })
  })

  it('takes a slow one that turns out to be undialable for neither lost nor asked', () => {
    const lookup = createLookup(PEERS.slice(0, 3), { target: TARGET.key, k: 3, alpha: 3, slowAfter: ({ id }) => id === PEERS[0].id ? 10 : 100 })
    expect(asks(lookup, 0)).to.have.lengthOf(3)
    expect(asks(lookup, 10)).to.deep.equal([])
    expect(ids(lookup.slow())).to.deep.equal([PEERS[0].id])
    lookup.onUndialable(PEERS[0])

    expect(lookup.slow()).to.deep.equal([])
    expect(lookup.asked).to.equal(2)
  })

  it('gives no place to those that only a few have named: they need not be there at all', () => {
    const nowhere = peersNamed('nowhere-', 2_000).filter(({ key }) => compareDistance(key, PEERS[0].key, TARGET.key) < 0)
    expect(nowhere.length).to.be.above(3)
    const honest = PEERS.slice(0, 20)
    const lookup = createLookup([PEERS[40], PEERS[41]], { target: TARGET.key, k: 4, alpha: 3, maxAsked: 1_000 })
    const isNowhere = new Set(ids(nowhere))

    for (let asked = asks(lookup, 0); asked.length > 0; asked = asks(lookup, 0)) {
      for (const id of asked) {
        const peer = [...PEERS, ...nowhere].find(peer => peer.id === id) ?? PEERS[0]

        if (isNowhere.has(id)) {
          lookup.onUndialable(peer)
        } else {
          lookup.onReply(peer, id === PEERS[40].id ? nowhere : honest)
        }
      }
    }

    expect(ids(lookup.closest(4))).to.deep.equal(ids(honest.slice(0, 4)))
  })

  it('learns the addresses of one that it asked without any from those who name it', () => {
    const lookup = createLookup([at(PEERS[0]), at(PEERS[1], 'one')], { target: TARGET.key, k: 2, alpha: 2, merge })
    asks(lookup, 0)
    lookup.onReply(PEERS[0], [])
    lookup.onReply(PEERS[1], [at(PEERS[0], 'zero')])

    expect((lookup.closest(2) as Addressed[]).map(({ addrs }) => addrs)).to.deep.equal([['zero'], ['one']])
  })
})
