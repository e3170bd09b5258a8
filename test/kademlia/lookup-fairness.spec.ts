// That those who are honest lose nothing by what is done against liars, whoever is dead and whatever liars say of them.

import { expect } from 'aegir/chai'
import { LOOKUP_RULES, SEEDS } from '../../src/kademlia/parameters.ts'
import { ids, keyNear, peerNamed, peersNamed, sortedTruth } from '../helpers/peer-keys.ts'
import { pick, randomNumbers } from '../helpers/random.ts'
import { asks, asksOf, createLookup, driveInRounds, simulate, SLOW_AFTER, Tables } from '../helpers/simulated-network.ts'
import type { PeerKey } from '../../src/kademlia/key.ts'
import type { LookupRules } from '../../src/kademlia/lookup-rules.ts'
import type { Behaviour } from '../helpers/simulated-network.ts'

const TARGET = peerNamed('target')
const K = 20
const { trust } = LOOKUP_RULES
const PEERS = sortedTruth(peersNamed('peer-', 300), TARGET.key)
const [first, second, third, fourth, fifth] = PEERS

/** Peers that are nowhere, nearer to the target than anybody who is there. */
function invented (count: number, prefix: string): PeerKey[] {
  const random = randomNumbers(peerNamed(prefix).key[0])

  return Array.from({ length: count }, (_, i) => ({ id: `${prefix}-${i}`, key: keyNear(TARGET.key, 40, random) }))
}

describe('a lookup that holds peers to account, among the dead', () => {
  it('goes on from the only peer that it knew, though the first three that this one names are dead', () => {
    const lookup = createLookup([PEERS[100]], { target: TARGET.key, k: K, alpha: 10, rules: { trust } })
    const dead = new Set(ids(PEERS.slice(0, 3)))
    driveInRounds(lookup, ({ peer: { id } }) => dead.has(id) ? 'fails' : PEERS.slice(0, K))

    expect(lookup.answered).to.equal(K - 3 + 1)
  })

  const peers = peersNamed('kad-', 600)
  let tables: Tables

  /** The share of the nearest that are alive which lookups by one who is alive find, and of lookups that find none but a few. */
  function measure (seedsKnown: number, dead: number, rules: LookupRules): { recall: number, failed: number } {
    const lookups = 60
    let [found, failed] = [0, 0]

    for (let seed = 0; seed < lookups; seed++) {
      const random = randomNumbers(seed)
      const target = peerNamed(`target-${seed}`).key
      const behaviours = peers.map((): Behaviour => random() < dead ? 'dead' : 'healthy')
      const alive = peers.filter((_, i) => behaviours[i] === 'healthy')
      const self = alive[pick(random, alive.length)]
      const seeds = seedsKnown === 1 ? [alive.filter(peer => peer !== self)[pick(random, alive.length - 1)]] : tables.closest(self, target, seedsKnown)
      const { lookup } = simulate({ self, target, network: tables.network(target, i => behaviours[i]), seeds, random, k: K, alpha: 10, rules, maxAsked: 25 * K })
      const answered = new Set(ids(lookup.closest(K)))
      const right = sortedTruth(alive.filter(peer => peer !== self), target).slice(0, K).filter(({ id }) => answered.has(id)).length
      found += right
      failed += right < K / 4 ? 1 : 0
    }

    return { recall: found / (lookups * K), failed }
  }

  before(() => { tables = new Tables(peers, K) })

  it('finds the nearest from one peer that is alive, though a third of all are dead', () => {
    expect(measure(1, 1 / 3, { ...LOOKUP_RULES, trust: undefined }), 'without the rule').to.deep.include({ failed: 0 })
    expect(measure(1, 1 / 3, LOOKUP_RULES)).to.deep.include({ failed: 0 })
  })

  it('finds nearly as many as without the rule though two of three are dead: nobody has lied', () => {
    const without = measure(SEEDS * K, 2 / 3, { ...LOOKUP_RULES, trust: undefined })
    const { recall } = measure(SEEDS * K, 2 / 3, LOOKUP_RULES)

    expect(recall).to.be.at.least(without.recall - 0.08)
  })
})

describe('a lookup that holds peers to account, among liars', () => {
  it('believes nobody for naming itself', () => {
    const liar = PEERS[30]
    const lookup = createLookup([PEERS[40]], { target: TARGET.key, k: K, alpha: 10, rules: { trust } })
    expect(asks(lookup, 0)).to.deep.equal([PEERS[40].id])
    lookup.onReply(PEERS[40], [liar])
    expect(asks(lookup, 1)).to.deep.equal([liar.id])
    lookup.onReply(liar, [liar, ...invented(K, 'invented')])

    expect(asks(lookup, 2)).to.have.lengthOf(3)
  })

  it('believes one that is honest, though sixteen liars have named the same before it', () => {
    const [honest, ...liars] = PEERS.slice(40, 57)
    const lookup = createLookup([...liars, honest], { target: TARGET.key, k: K, alpha: 2, rules: { trust } })

    // the honest one takes its time: it answers when the liars are known for what they are
    for (let asked = asksOf(lookup, 1); asked.length > 0; asked = asksOf(lookup, 1)) {
      for (const { peer } of asked.filter(({ peer }) => peer !== honest)) {
        // nor is anything wrong with asking it already
        if (peer.id === first.id) {
          return
        }

        if (liars.includes(peer)) {
          lookup.onReply(peer, [first, ...invented(1, `invented by ${peer.id}`)])
        } else {
          lookup.onFailure(peer)
        }
      }
    }

    lookup.onReply(honest, [first])
    expect(asks(lookup, 2)).to.deep.equal([first.id])
  })

  it('believes one that is honest, whoever else names those of its that answer', () => {
    const [liars, [honest], alive, dead, rest] = [[0, 15], [15, 16], [16, 30], [30, 36], [36, 38]].map(([from, to]) => PEERS.slice(from, to))
    const lookup = createLookup([...liars, honest], { target: TARGET.key, k: 40, alpha: 6, maxAsked: 500, rules: { trust } })
    driveInRounds(lookup, ({ peer }) => {
      if (peer === honest) {
        return [...alive, ...dead, ...rest]
      }

      return dead.includes(peer) ? 'fails' : alive
    })

    expect(ids(lookup.closest(40))).to.include.members(ids(rest))
  })

  it('forgets what only liars have named before it forgets anybody else', () => {
    const liars = PEERS.slice(100, 113)
    const honest = PEERS[120]
    const lookup = createLookup([...liars, honest], { target: TARGET.key, k: K, alpha: 10, maxAsked: 25 * K, rules: { trust } })
    const names = new Map(liars.map(({ id }) => [id, invented(2 * K, `invented by ${id}`)]))
    driveInRounds(lookup, ({ peer: { id } }) => id.startsWith('invented') ? 'fails' : names.get(id) ?? PEERS.slice(0, K))

    expect(ids(lookup.closest(K))).to.deep.equal(ids(PEERS.slice(0, K)))
  })
})

describe('a lookup that asks around, and is not to waste it', () => {
  const around = { ignored: 0, lostPerCentre: 0.4, askedPerCentre: 2, mostCentres: 12 }

  it('does not count a peer as asked for whose neighbours nobody could be asked', () => {
    const lookup = createLookup([first, second, third, fourth, fifth], { target: TARGET.key, k: 5, alpha: 10, rules: { around } })
    asks(lookup, 0)
    lookup.onFailure(first)
    // nobody has answered yet, so that nobody can be asked
    expect(asksOf(lookup, 1)).to.deep.equal([])
    ;[second, third, fourth, fifth].forEach(peer => { lookup.onReply(peer, []) })

    expect(asksOf(lookup, 2)).to.have.lengthOf(2)
  })

  it('does not take an answer that comes too late for that to the next request', () => {
    const lookup = createLookup([first, second, third, fourth], { target: TARGET.key, k: 5, alpha: 2, rules: { around: { ignored: 0, lostPerCentre: 0.1, askedPerCentre: 2, mostCentres: 2 } } })
    const [early, more] = [asks(lookup, 0), (): string[] => asks(lookup, 0)]
    expect(early).to.have.lengthOf(2)
    lookup.onFailure(first)
    lookup.onReply(second, [])
    more()
    lookup.onReply(third, [])
    lookup.onReply(fourth, [])

    const once = asksOf(lookup, 1)
    const again = asksOf(lookup, 1 + SLOW_AFTER)
    const twice = again.find(({ peer, about }) => about != null && once.some(ask => ask.peer.id === peer.id))

    // nor need it ask one that still owes an answer
    if (twice != null) {
      const { inFlight } = lookup
      lookup.onReply(twice.peer, [])
      expect(lookup.inFlight).to.equal(inFlight)
      lookup.onReply(twice.peer, [fifth])
      expect(asks(lookup, 2 + SLOW_AFTER)).to.include(fifth.id)
    }
  })
})
