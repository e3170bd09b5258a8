import { expect } from 'aegir/chai'
import { neighbourhood } from '../../src/kademlia/neighbourhood.ts'
import { ids, peerNamed, peersNamed, sortedTruth } from '../helpers/peer-keys.ts'
import { pick, randomNumbers } from '../helpers/random.ts'
import { createLookup, driveInRounds, simulate, Tables } from '../helpers/simulated-network.ts'
import type { LookupRules } from '../../src/kademlia/lookup-rules.ts'

const TARGET = peerNamed('target')
const K = 20
const MOST = 12
const AT_ONCE = 3
const doubt = { deviations: 4.5, most: MOST, atOnce: AT_ONCE }

/** The network, of which each tenth is a friend of the others among them. */
const PEERS = peersNamed('peer-', 2_000)
const BY_DISTANCE = sortedTruth(PEERS, TARGET.key)
const EXPECTED = neighbourhood(TARGET.key, BY_DISTANCE, K) ?? 0

/** Friends name friends only, more than k; they are the nearest whom we know. Others whom we know are farther away, and honest. */
const FRIENDS = BY_DISTANCE.slice(0, 400).filter((_, i) => i % 10 === 7)
const OTHERS = BY_DISTANCE.slice(500, 540)

interface Case {
  rules?: LookupRules
  expected?: number
  others?: 'honest' | 'friends'
}

function lookUp ({ rules = { doubt }, expected, others = 'honest' }: Case): { asked: string[], found: string[], most: number } {
  const friends = new Set(ids(others === 'honest' ? FRIENDS : [...FRIENDS, ...OTHERS]))
  const lookup = createLookup([...FRIENDS.slice(0, K), ...OTHERS], { target: TARGET.key, k: K, alpha: 10, maxAsked: 25 * K, rules, expected })
  let most = 0

  const asked = ids(driveInRounds(lookup, ({ peer: { id } }) => {
    most = OTHERS.some(other => other.id === id) ? Math.max(most, lookup.inFlight) : most

    return friends.has(id) ? FRIENDS : BY_DISTANCE.slice(0, K)
  }).map(({ peer }) => peer))

  return { asked, found: ids(lookup.closest(K)), most }
}

describe('a lookup that doubts what it has found', () => {
  const others = new Set(ids(OTHERS))
  const askedOthers = (asked: string[]): number => asked.filter(id => others.has(id)).length

  it('asks others whom it knew when the first ones name only their friends, and so finds the nearest', () => {
    const { asked, found } = lookUp({ expected: EXPECTED })

    expect(found).to.deep.equal(ids(BY_DISTANCE.slice(0, K)))
    expect(askedOthers(asked)).to.be.within(1, AT_ONCE)
    expect(lookUp({ expected: EXPECTED, rules: {} }).found, 'without the rule').to.deep.equal(ids(FRIENDS.slice(0, K)))
  })

  it('believes it where it does not know what to expect, or expects no better', () => {
    expect(askedOthers(lookUp({}).asked)).to.equal(0)
    expect(askedOthers(lookUp({ expected: 10 * EXPECTED }).asked)).to.equal(0)
  })

  it('asks twelve more and then believes it, three at a time', () => {
    const { asked, found, most } = lookUp({ expected: EXPECTED, others: 'friends' })

    expect(asked).to.have.lengthOf(K + MOST)
    expect(most).to.equal(AT_ONCE)
    expect(found).to.deep.equal(ids(FRIENDS.slice(0, K)))
  })

  it('asks whom it knew itself, the nearest first, at least each other time: whom they name they may have chosen', () => {
    const { asked } = lookUp({ expected: EXPECTED, others: 'friends' })
    const more = asked.slice(K)

    expect(more.filter(id => others.has(id))).to.deep.equal(ids(OTHERS.slice(0, askedOthers(more))))
    expect(askedOthers(more)).to.be.at.least(MOST / 2)
  })

  it('asks whom it asks without the rule where nobody lies, whatever the target', () => {
    const peers = peersNamed('kad-', 600)
    const tables = new Tables(peers, K)

    for (let seed = 0; seed < 60; seed++) {
      const target = peerNamed(`target-${seed}`).key
      const self = peers[pick(randomNumbers(seed), peers.length)]
      const expected = neighbourhood(self.key, tables.closest(self, self.key), K)
      const init = { self, target, network: tables.network(target, () => 'healthy'), seeds: tables.closest(self, target, 3 * K), k: K, alpha: 10, expected }
      const [withRule, without] = [{ doubt }, {}].map(rules => simulate({ ...init, random: randomNumbers(seed), rules }))

      expect(withRule.asked).to.deep.equal(without.asked)
    }
  })
})
