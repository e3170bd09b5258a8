import { expect } from 'aegir/chai'
import { LOOKUP_RULES, SEEDS } from '../../src/kademlia/parameters.ts'
import { ids, peerNamed, peersNamed, sortedTruth } from '../helpers/peer-keys.ts'
import { pick, randomNumbers } from '../helpers/random.ts'
import { asksOf, createLookup, simulate, SLOW_AFTER, Tables } from '../helpers/simulated-network.ts'
import type { PeerKey } from '../../src/kademlia/key.ts'
import type { LookupRules } from '../../src/kademlia/lookup-rules.ts'
import type { Lookup } from '../../src/kademlia/lookup.ts'
import type { Ask, Behaviour } from '../helpers/simulated-network.ts'

const TARGET = peerNamed('target')
const K = 20
const PEERS = sortedTruth(peersNamed('peer-', 300), TARGET.key)
const [first, second, third, fourth, fifth, sixth] = PEERS
const AROUND = { ignored: 0, lostPerCentre: 0.4, askedPerCentre: 2, mostCentres: 12 }
const RULES: LookupRules = { around: AROUND }

interface Measured {
  recall: number
  around: number
  centres: number
}

/** Lookups among 600 peers, each with the dead still in its table, by one of them that is alive. */
function measure (tables: Tables, peers: PeerKey[], isDead: (random: () => number) => boolean, rules: LookupRules): Measured {
  const measured = { recall: 0, around: 0, centres: 0 }
  const lookups = 40
  let found = 0

  for (let seed = 0; seed < lookups; seed++) {
    const random = randomNumbers(seed)
    const target = peerNamed(`target-${seed}`).key
    const behaviours = peers.map((): Behaviour => isDead(random) ? 'dead' : 'healthy')
    const network = tables.network(target, i => behaviours[i])
    const alive = peers.filter((_, i) => behaviours[i] === 'healthy')
    const self = alive[pick(random, alive.length)]
    const seeds = tables.closest(self, target, SEEDS * K)
    const { lookup, around } = simulate({ self, target, network, seeds, random, k: K, alpha: 10, rules, maxAsked: 25 * K })
    const answered = new Set(ids(lookup.closest(K)))
    const truth = sortedTruth(alive.filter(peer => peer !== self), target).slice(0, K)
    found += truth.filter(({ id }) => answered.has(id)).length
    measured.around = Math.max(measured.around, around.length)
    measured.centres = Math.max(measured.centres, new Set(around.map(({ about }) => about.id)).size)
  }

  return { ...measured, recall: found / (lookups * K) }
}

describe('a lookup that asks around, among 600 peers that name the nearest of their tables', () => {
  const peers = peersNamed('kad-', 600)
  let tables: Tables

  before(() => { tables = new Tables(peers, K) })

  it('finds 99 of 100 of the nearest though a third are dead, and without the rule fewer than 9 of 10', () => {
    const isDead = (random: () => number): boolean => random() < 1 / 3
    const { around } = LOOKUP_RULES
    const [all, alone, without] = [LOOKUP_RULES, { around }, { ...LOOKUP_RULES, around: undefined }].map(rules => measure(tables, peers, isDead, rules))

    expect(all.recall).to.be.at.least(0.99)
    expect(alone.recall).to.be.at.least(0.99)
    expect(without.recall).to.be.below(0.9)
    expect(all.around).to.be.within(1, (around?.mostCentres ?? 0) * (around?.askedPerCentre ?? 0))
    expect(all.centres).to.be.at.most(around?.mostCentres ?? 0)
    expect(without.around).to.equal(0)
  })

  it('finds 97 of 100 though half of them are dead', () => {
    expect(measure(tables, peers, random => random() < 0.5, LOOKUP_RULES).recall).to.be.at.least(0.97)
  })

  it('asks nobody around when nobody is lost', () => {
    const { recall, around } = measure(tables, peers, () => false, LOOKUP_RULES)

    expect(recall).to.equal(1)
    expect(around).to.equal(0)
  })
})

describe('a lookup that asks around', () => {
  /** It has found the second to the fifth, and lost the one given; nothing is under way. */
  function afterLosing (lost: PeerKey, options: Partial<Parameters<typeof createLookup>[1]> = {}): Lookup<PeerKey> {
    const found = [second, third, fourth, fifth]
    const lookup = createLookup([...found, lost], { target: TARGET.key, k: 5, alpha: 10, rules: RULES, ...options })
    expect(ids(asksOf(lookup, 0).map(({ peer }) => peer))).to.have.members(ids([...found, lost]))
    found.forEach(peer => { lookup.onReply(peer, []) })
    lookup.onFailure(lost)

    return lookup
  }

  /** Those asked for the neighbours of another, and of whom. */
  function around (lookup: Lookup<PeerKey>, now = 1): Array<Required<Ask>> {
    return asksOf(lookup, now).map(({ peer, path, about }) => about == null ? expect.fail(`asks ${peer.id} for the target`) : { peer, path, about })
  }

  it('asks two of those who answered, the nearest to a third, for the neighbours of that one', () => {
    const asked = around(afterLosing(first))
    const [{ about }] = asked
    const others = [second, third, fourth, fifth].filter(({ id }) => id !== about.id)

    expect(asked.map(ask => ask.about.id)).to.deep.equal([about.id, about.id])
    expect(ids(asked.map(({ peer }) => peer))).to.deep.equal(ids(sortedTruth(others, about.key).slice(0, 2)))
  })

  it('asks for those of as many as losses call for, each of them once', () => {
    for (const [lostPerCentre, centres] of [[1, 1], [0.1, 2], [0.05, 4], [0.01, 4]]) {
      const lookup = afterLosing(first, { rules: { around: { ignored: 0, lostPerCentre, askedPerCentre: 1, mostCentres: 12 } } })
      const all: Array<Required<Ask>> = []

      for (let asked = around(lookup); asked.length > 0; asked = around(lookup)) {
        all.push(...asked)
        asked.forEach(({ peer }) => { lookup.onReply(peer, []) })
      }

      expect(new Set(all.map(({ about }) => about.id)).size).to.equal(centres)
      expect(all).to.have.lengthOf(centres)
    }
  })

  it('asks those whom it hears of in that way as it does others, and is done when they have answered', () => {
    expect(afterLosing(first, { rules: {} }).next(1)).to.deep.equal({ done: true })

    const other = afterLosing(first)
    const [{ peer }, { peer: next }] = around(other)
    other.onReply(peer, [PEERS[4], PEERS[20], sixth, first])
    expect(asksOf(other, 2)).to.deep.equal([{ peer: sixth, path: 0 }])
    other.onReply(next, [])
    other.onReply(sixth, [])

    expect(other.next(3)).to.deep.equal({ done: true })
    expect(ids(other.closest(9))).to.deep.equal(ids([second, third, fourth, fifth, sixth]))
  })

  it('does not mind losses that are farther away than the nearest it has found, unless it has found fewer than k', () => {
    const farther = createLookup([fourth, fifth, sixth], { target: TARGET.key, alpha: 10, rules: RULES })
    asksOf(farther, 0)
    farther.onFailure(sixth)
    farther.onReply(fourth, [first, second, third])
    farther.onReply(fifth, [])
    expect(ids(asksOf(farther, 1).map(({ peer }) => peer))).to.deep.equal(ids([first, second, third]))
    ;[first, second, third].forEach(peer => { farther.onReply(peer, []) })

    expect(farther.next(2)).to.deep.equal({ done: true })
    expect(afterLosing(sixth).next(2)).to.deep.equal({ done: true })
  })

  it('does not mind losses that only a liar names', () => {
    const lies = [first, second]
    const lookup = createLookup([third, fourth, fifth], { target: TARGET.key, alpha: 10, rules: { ...RULES, trust: { blame: 1, credit: 0.25, trial: 3 } } })
    asksOf(lookup, 0)
    lookup.onReply(third, lies)
    lookup.onReply(fourth, [])
    lookup.onReply(fifth, [])
    expect(ids(asksOf(lookup, 1).map(({ peer }) => peer))).to.deep.equal(ids(lies))
    lies.forEach(peer => { lookup.onFailure(peer) })

    expect(lookup.next(2)).to.deep.equal({ done: true })
  })

  it('takes those under way for found: what was lost before them counts', () => {
    const lookup = createLookup([first, third, fourth], { target: TARGET.key, alpha: 10, rules: RULES })
    asksOf(lookup, 0)
    lookup.onReply(first, [])
    lookup.onFailure(third)

    expect(around(lookup)).to.deep.equal([{ peer: first, path: 0, about: fourth }])
  })

  it('asks around while one is slow, and no more when that one answers', () => {
    const lookup = createLookup([first, second, third, fourth], { target: TARGET.key, k: 4, alpha: 10, rules: { around: { ignored: 0, lostPerCentre: 0.01, askedPerCentre: 1, mostCentres: 2 } } })
    asksOf(lookup, 0)
    ;[second, third, fourth].forEach(peer => { lookup.onReply(peer, []) })
    expect(asksOf(lookup, 1)).to.deep.equal([])

    const asked = around(lookup, SLOW_AFTER)
    expect(asked).to.have.lengthOf(2)
    lookup.onReply(first, [])
    asked.forEach(({ peer }) => { lookup.onReply(peer, []) })
    expect(lookup.next(SLOW_AFTER + 1)).to.deep.equal({ done: true })
  })

  it('never has more under way than it may, nor asks more than it may in all', () => {
    expect(around(afterLosing(first, { alpha: 10, rules: { around: { ignored: 0, lostPerCentre: 0.01, askedPerCentre: 3, mostCentres: 9 } } })).length).to.be.at.most(10)

    const lookup = afterLosing(first, { maxAsked: 6, rules: { around: { ignored: 0, lostPerCentre: 0.01, askedPerCentre: 3, mostCentres: 9 } } })
    expect(around(lookup)).to.have.lengthOf(1)
    expect(lookup.asked).to.equal(6)
  })

  for (const [what, happen] of Object.entries({
    fails: (lookup: Lookup<PeerKey>, peer: PeerKey) => { lookup.onFailure(peer) },
    'can not be dialled any more': (lookup: Lookup<PeerKey>, peer: PeerKey) => { lookup.onUndialable(peer) },
    'takes too long': (lookup: Lookup<PeerKey>) => { asksOf(lookup, 1 + SLOW_AFTER) },
    'answers too late': (lookup: Lookup<PeerKey>, peer: PeerKey) => {
      asksOf(lookup, 1 + SLOW_AFTER)
      lookup.onReply(peer, [sixth])
      lookup.onFailure(peer)
    }
  })) {
    it(`takes a peer that ${what} when asked for the neighbours of another for no less than it was`, () => {
      const lookup = afterLosing(first, { rules: { ...RULES, around: { ignored: 0, lostPerCentre: 0.4, askedPerCentre: 1, mostCentres: 1 } } })
      const asked = around(lookup)
      expect(asked).to.have.lengthOf(1)
      expect(lookup.inFlight).to.equal(1)
      happen(lookup, asked[0].peer)

      expect(lookup.inFlight).to.equal(0)
      expect(lookup.next(2 + SLOW_AFTER)).to.deep.equal({ done: true })
      expect(ids(lookup.closest(9))).to.deep.equal(ids([second, third, fourth, fifth]))
      expect(lookup.slow()).to.deep.equal([])
      expect(lookup.answered).to.equal(4)
      expect(lookup.waiting).to.equal(0)
    })
  }

  it('asks nobody around for as few as may be late by chance', () => {
    expect(around(afterLosing(first, { rules: { around: { ...AROUND, ignored: 1 } } }))).to.deep.equal([])
  })
})
