import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { LOOKUP_RULES } from '../../src/kademlia/parameters.ts'
import { ids, peerNamed, peersNamed, sortedTruth } from '../helpers/peer-keys.ts'
import { check, pick, randomNumbers } from '../helpers/random.ts'
import { asks, createLookup as createLookupOf, createRandomNetwork, GIVE_UP, simulate, SLOW_AFTER, Tables, windowAtTheEnd } from '../helpers/simulated-network.ts'
import type { PeerKey } from '../../src/kademlia/key.ts'
import type { LookupRules } from '../../src/kademlia/lookup-rules.ts'
import type { Lookup, LookupOptions } from '../../src/kademlia/lookup.ts'
import type { Behaviour, Simulation } from '../helpers/simulated-network.ts'

const SELF = peerNamed('self')
const TARGET = peerNamed('target')

const MIXED: Behaviour[] = ['healthy', 'healthy', 'healthy', 'healthy', 'slow', 'silent', 'dead', 'liar', 'undialable', 'forgetful', 'fickle']

interface Case {
  seed: number
  size: number
  known: number
  k: number
  alpha: number
  paths: number
  rules: LookupRules
  expected?: number
  overdueAfter?: number
}

/** Any combination of rules, some of them as they are and some the strangest. */
const anyRules: fc.Arbitrary<LookupRules> = fc.record({
  ramp: fc.oneof(fc.constant(LOOKUP_RULES.ramp), fc.record({ start: fc.integer({ min: 1, max: 3 }), growth: fc.constantFrom(0, 0.25, 1, 5) })),
  trust: fc.oneof(fc.constant(LOOKUP_RULES.trust), fc.record({ blame: fc.constantFrom(0.5, 1, 3), credit: fc.constantFrom(0, 0.25, 2), trial: fc.integer({ min: 1, max: 5 }) })),
  around: fc.oneof(fc.constant(LOOKUP_RULES.around), fc.record({
    ignored: fc.nat(2),
    lostPerCentre: fc.constantFrom(0.001, 0.1, 1),
    askedPerCentre: fc.integer({ min: 1, max: 5 }),
    mostCentres: fc.integer({ min: 0, max: 12 })
  })),
  doubt: fc.oneof(fc.constant(LOOKUP_RULES.doubt), fc.record({ deviations: fc.constantFrom(0, 1, 4.5), most: fc.nat(12), atOnce: fc.integer({ min: 1, max: 4 }) })),
  grace: fc.oneof(fc.constant(LOOKUP_RULES.grace), fc.record({ lost: fc.nat(4), share: fc.constantFrom(0, 0.5, 1) }))
}, { requiredKeys: [] })

const anyCase: fc.Arbitrary<Case> = fc.record({
  seed: fc.nat(),
  size: fc.integer({ min: 1, max: 150 }),
  known: fc.integer({ min: 0, max: 12 }),
  k: fc.integer({ min: 1, max: 10 }),
  alpha: fc.integer({ min: 1, max: 6 }),
  paths: fc.integer({ min: 1, max: 4 }),
  rules: anyRules,
  expected: fc.option(fc.double({ min: 0, max: 2 ** 32, noNaN: true }), { nil: undefined }),
  overdueAfter: fc.constantFrom(undefined, 0, SLOW_AFTER / 4, SLOW_AFTER - 1, SLOW_AFTER)
})

/** A lookup in a network of all kinds of peers. */
function simulateCase ({ seed, size, known, k, alpha, paths, rules, expected, overdueAfter }: Case, maxAsked = 2_000): Simulation {
  const random = randomNumbers(seed)
  const peers = peersNamed(`${seed}-`, size)
  const network = createRandomNetwork([...peers, SELF], known, random, () => MIXED[pick(random, MIXED.length)])
  const seeds = peers.slice(0, 1 + pick(random, 2 * k))

  return simulate({ self: SELF, target: TARGET.key, network, seeds, random, k, alpha, paths, maxAsked, rules, expected, overdueAfter })
}

function createLookup (seeds: PeerKey[], options: Partial<LookupOptions<PeerKey>> = {}): Lookup<PeerKey> {
  return createLookupOf(seeds, { target: TARGET.key, ...options })
}

describe('a lookup, whatever its rules, among peers that are healthy, slow, silent, dead, lying, undialable, forgetful or fickle', () => {
  it('ends, asks nobody twice for the same, never itself, only whom the asking path heard of, and none that it is asking', () => {
    // the simulation itself watches over that
    check(fc.property(anyCase, options => { simulateCase(options) }), 300)
  })

  it('never has more than α requests holding a slot, all paths together', () => {
    check(fc.property(anyCase, options => {
      expect(simulateCase(options).mostInFlight).to.be.at.most(options.alpha)
    }), 150)
  })

  it('does not stop while one of the nearest k that may be alive is unasked: no liar\'s invention, nor undialable beyond three of four', () => {
    check(fc.property(anyCase.map(options => ({ ...options, paths: 1 })), options => {
      const simulation = simulateCase(options)
      const { asked, answered, failed, undialable } = simulation
      const window = ids(windowAtTheEnd(simulation, SELF, TARGET.key, options.k, options.rules.trust))

      expect(window.filter(id => !answered.has(id) && !undialable.has(id))).to.deep.equal([])

      if (answered.size === 0) {
        expect(asked.filter(({ peer: { id } }) => !failed.has(id) && !undialable.has(id))).to.deep.equal([])
      }
    }), 500)
  })

  it('asks around no more than its rules say, and without the rule nobody', () => {
    let most = 0

    check(fc.property(anyCase, options => {
      const { around } = simulateCase(options)
      const { mostCentres, askedPerCentre } = options.rules.around ?? { mostCentres: 0, askedPerCentre: 0 }
      const centres = new Set(around.map(({ about }) => about.id))
      most = Math.max(most, around.length)

      expect(around.length).to.be.at.most(mostCentres * askedPerCentre)
      expect(centres.size).to.be.at.most(mostCentres)
    }), 500)

    expect(most, 'cases in which it asks around').to.be.above(10)
  })

  it('names those that answered, and nobody else, nearest first', () => {
    check(fc.property(anyCase, fc.nat(30), (options, n) => {
      const { lookup, answered, heard } = simulateCase(options)
      const truth = sortedTruth([...heard.values()].filter(({ id }) => answered.has(id)), TARGET.key)

      expect(ids(lookup.closest(n))).to.deep.equal(ids(truth.slice(0, n)))
      expect(lookup.answered).to.equal(answered.size)
    }), 200)
  })

  it('counts as asked whom it asked, without those that could not be dialled', () => {
    check(fc.property(anyCase, options => {
      const { lookup, asked, around, undialled } = simulateCase(options)

      // what comes when it counts no more does not change the sum
      expect(lookup.asked).to.be.within(asked.length + around.length - undialled, asked.length + around.length)
    }), 100)
  })

  it('never waits for a silent peer once another has answered', () => {
    check(fc.property(anyCase, options => {
      // seeds answer soon, so that from then on nobody has to be waited for
      const random = randomNumbers(options.seed)
      const peers = peersNamed(`${options.seed}-`, options.size)
      const network = createRandomNetwork(peers, options.known, random, () => 'silent')
      peers.slice(0, 2).forEach(({ id }) => { Object.assign(network.get(id) ?? {}, { behaviour: 'healthy' }) })
      const { took, asked, around } = simulate({ ...options, self: SELF, target: TARGET.key, network, seeds: peers.slice(0, 2), random })

      expect(took).to.be.at.most(SLOW_AFTER * (asked.length + around.length + 1))
      expect(took).to.be.below(GIVE_UP)
    }), 150)
  })

  it('asks no more than it may', () => {
    check(fc.property(anyCase, fc.integer({ min: 1, max: 20 }), (options, maxAsked) => {
      expect(simulateCase(options, maxAsked).lookup.asked).to.be.at.most(maxAsked)
    }), 150)
  })

  it('remembers no more candidates a path than it could ask', () => {
    check(fc.property(anyCase, fc.integer({ min: 1, max: 20 }), (options, maxAsked) => {
      expect(simulateCase(options, maxAsked).mostWaiting).to.be.at.most(maxAsked * options.paths)
    }), 150)
  })

  it('is the same again for the same chance', () => {
    check(fc.property(anyCase, options => {
      const [once, again] = [simulateCase(options), simulateCase(options)]

      expect(once.asked).to.deep.equal(again.asked)
      expect(once.around).to.deep.equal(again.around)
    }), 30)
  })
})

describe('a lookup in a healthy network', () => {
  it('finds the true k nearest where everyone knows everyone, on any number of paths and by any rules', () => {
    check(fc.property(fc.nat(), fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 10 }), fc.integer({ min: 1, max: 4 }), anyRules, (seed, k, alpha, paths, rules) => {
      const random = randomNumbers(seed)
      const peers = peersNamed(`${seed}-`, 200)
      const nearest = sortedTruth(peers, TARGET.key).slice(0, k)
      const network = new Map(peers.map(({ id, key }) => [id, { id, key, behaviour: 'healthy' as const, knows: nearest }]))
      const seeds = Array.from({ length: paths }, (_, i) => peers[i])
      const { lookup } = simulate({ self: SELF, target: TARGET.key, network, seeds, random, k, alpha, paths, rules })

      expect(ids(lookup.closest(k))).to.deep.equal(ids(nearest))
    }), 60)
  })

  it('finds the true k nearest among 600 peers that have Kademlia tables, in few requests', () => {
    const peers = peersNamed('kad-', 600)
    const network = new Tables(peers, 20).network(TARGET.key, () => 'healthy')
    const truth = ids(sortedTruth(peers, TARGET.key).slice(0, 20))

    for (let seed = 0; seed < 10; seed++) {
      for (const rules of [{}, LOOKUP_RULES]) {
        const random = randomNumbers(seed)
        const { lookup, asked } = simulate({ self: SELF, target: TARGET.key, network, seeds: [peers[pick(random, 600)]], random, k: 20, alpha: 10, rules })

        expect(ids(lookup.closest(20))).to.deep.equal(truth)
        expect(asked.length).to.be.below(rules === LOOKUP_RULES ? 30 : 50)
      }
    }
  })

  it('finds three of four of the nearest that are alive though a third of 600 peers are dead or silent, and still in all tables', () => {
    const peers = peersNamed('kad-', 600)
    const network = new Tables(peers, 20).network(TARGET.key, i => i % 6 === 0 ? 'dead' : i % 6 === 1 ? 'silent' : 'healthy')
    const alive = peers.filter((_, i) => i % 6 > 1)
    const truth = new Set(ids(sortedTruth(alive, TARGET.key).slice(0, 20)))
    let found = 0

    for (let seed = 0; seed < 10; seed++) {
      const random = randomNumbers(seed)
      const { lookup, took } = simulate({ self: SELF, target: TARGET.key, network, seeds: alive.slice(seed, seed + 5), random, k: 20, alpha: 10 })
      found += ids(lookup.closest(20)).filter(id => truth.has(id)).length
      expect(took).to.be.below(GIVE_UP)
    }

    expect(found / 200).to.be.at.least(0.75)
  })
})

describe('a lookup', () => {
  const [first, second, third, fourth, fifth, sixth] = sortedTruth(peersNamed('peer', 200), TARGET.key).slice(0, 6)

  it('is done at once with nobody to ask, oneself not counting', () => {
    expect(createLookup([]).next(0)).to.deep.equal({ done: true })
    expect(createLookup([SELF]).next(0)).to.deep.equal({ done: true })
    expect(createLookup([]).closest(20)).to.deep.equal([])
    expect(createLookup([]).hops()).to.equal(0)
  })

  it('asks the nearest first, whatever the order of its seeds, and one given twice once', () => {
    expect(asks(createLookup([third, first, second, first], { alpha: 10 }), 0)).to.deep.equal(ids([first, second, third]))
  })

  it('waits until the first slot is lost', () => {
    const lookup = createLookup([first, second, third], { slowAfter: ({ id }) => id === first.id ? 300 : 100 })
    asks(lookup, 50)

    expect(lookup.next(60)).to.deep.equal({ wait: 150 })
  })

  it('asks the next when a peer is slow, and takes the slow one in when it answers after all', () => {
    const lookup = createLookup([first, second, third, fourth], { k: 2, alpha: 1 })
    expect(asks(lookup, 0)).to.deep.equal([first.id])
    expect(asks(lookup, SLOW_AFTER - 1)).to.deep.equal([])
    expect(asks(lookup, SLOW_AFTER)).to.deep.equal([second.id])
    lookup.onReply(second, [])
    expect(asks(lookup, SLOW_AFTER + 1)).to.deep.equal([third.id])

    lookup.onReply(first, [])
    lookup.onReply(third, [])

    expect(lookup.next(SLOW_AFTER + 2)).to.deep.equal({ done: true })
    expect(lookup.closest(2)).to.deep.equal([first, second])
  })

  it('is not held up by one that stays silent once k others have answered', () => {
    const lookup = createLookup([first, second, third, fourth], { k: 3, alpha: 4 })
    asks(lookup, 0)
    asks(lookup, SLOW_AFTER)
    lookup.onReply(second, [])
    lookup.onReply(third, [])
    lookup.onReply(fourth, [])

    expect(lookup.next(SLOW_AFTER + 1)).to.deep.equal({ done: true })
    expect(lookup.closest(3)).to.deep.equal([second, third, fourth])
  })

  it('waits for one that stays silent as long again as it may be slow when fewer have answered, and no longer', () => {
    const lookup = createLookup([first, second])
    asks(lookup, 0)
    lookup.onReply(second, [])

    expect(lookup.next(1)).to.deep.equal({ wait: SLOW_AFTER })
    expect(lookup.next(SLOW_AFTER)).to.deep.equal({ wait: 2 * SLOW_AFTER })
    expect(lookup.next(2 * SLOW_AFTER)).to.deep.equal({ done: true })
    expect(lookup.closest(2)).to.deep.equal([second])
  })

  it('waits for slow ones while nobody has answered: they are better than nothing', () => {
    const lookup = createLookup([first, second])
    asks(lookup, 0)

    expect(lookup.next(SLOW_AFTER)).to.deep.equal({ wait: Infinity })
    lookup.onFailure(first)
    expect(lookup.next(1_000)).to.deep.equal({ wait: Infinity })
    lookup.onReply(second, [third])
    expect(asks(lookup, 1_001)).to.deep.equal([third.id])
  })

  it('is done when all have failed', () => {
    const lookup = createLookup([first, second])
    asks(lookup, 0)
    lookup.onFailure(first)
    lookup.onFailure(second)

    expect(lookup.next(1)).to.deep.equal({ done: true })
    expect(lookup.closest(20)).to.deep.equal([])
  })

  it('asks no peer again that failed or could not be dialled, however often it is named', () => {
    const lookup = createLookup([first, second, third], { alpha: 3 })
    asks(lookup, 0)
    lookup.onFailure(first)
    lookup.onUndialable(second)
    lookup.onReply(third, [first, second, third, SELF])

    expect(lookup.next(1)).to.deep.equal({ done: true })
    expect(lookup.asked).to.equal(2)
  })

  it('looks no further than k peers that answered', () => {
    const lookup = createLookup([first, second, third, fourth, fifth], { k: 3, alpha: 3 })
    expect(asks(lookup, 0)).to.deep.equal(ids([first, second, third]))
    lookup.onReply(first, [sixth])
    lookup.onReply(second, [])
    lookup.onReply(third, [])

    expect(lookup.next(1)).to.deep.equal({ done: true })
    expect(lookup.waiting).to.equal(3)
  })

  it('takes no notice of a peer it never asked', () => {
    const lookup = createLookup([first, second], { alpha: 1 })
    asks(lookup, 0)
    lookup.onReply(second, [third])
    lookup.onReply(fourth, [fifth])
    lookup.onFailure(second)
    lookup.onUndialable(sixth)

    expect(lookup.answered).to.equal(0)
    expect(lookup.asked).to.equal(1)
    expect(lookup.waiting).to.equal(1)
  })

  it('takes no notice of a second answer, nor of a failure after the answer', () => {
    const lookup = createLookup([first], { alpha: 1 })
    asks(lookup, 0)
    lookup.onReply(first, [])
    lookup.onReply(first, [second])
    lookup.onFailure(first)
    lookup.onUndialable(first)

    expect(lookup.answered).to.equal(1)
    expect(lookup.asked).to.equal(1)
    expect(lookup.next(1)).to.deep.equal({ done: true })
    expect(lookup.closest(2)).to.deep.equal([first])
  })

  it('changes no more once it is done', () => {
    const lookup = createLookup([first, second, third], { alpha: 3 })
    asks(lookup, 0)
    lookup.onReply(first, [])
    lookup.finish()

    lookup.onReply(second, [fourth])
    lookup.onFailure(third)
    lookup.onUndialable(third)

    expect(lookup.done).to.equal(true)
    expect(lookup.next(1)).to.deep.equal({ done: true })
    expect(lookup.closest(9)).to.deep.equal([first])
    expect([lookup.asked, lookup.answered]).to.deep.equal([3, 1])
  })

  it('tells how many replies led to the nearest peer', () => {
    const lookup = createLookup([third], { alpha: 1 })
    asks(lookup, 0)
    lookup.onReply(third, [second])
    asks(lookup, 1)
    lookup.onReply(second, [first])
    expect(lookup.hops()).to.equal(1)
    asks(lookup, 2)
    lookup.onReply(first, [])

    expect(lookup.hops()).to.equal(2)
  })

  it('follows peers that are farther away than the one that named them', () => {
    const lookup = createLookup([first], { alpha: 1 })
    asks(lookup, 0)
    lookup.onReply(first, [fifth])

    expect(asks(lookup, 1)).to.deep.equal([fifth.id])
  })

  it('asks on each path in turn, and α in all', () => {
    const lookup = createLookup([first, second, third, fourth], { paths: 2, alpha: 3 })
    const paths = Array.from({ length: 3 }, () => {
      const step = lookup.next(0)
      return 'ask' in step ? step.path : -1
    })

    expect(paths).to.deep.equal([0, 1, 0])
    expect(lookup.next(0)).to.deep.equal({ wait: SLOW_AFTER })
  })

  it('lets a liar lead astray the one path that met it', () => {
    const lies = peersNamed('lie', 50)
    const lookup = createLookup([first, second], { paths: 2, alpha: 2, k: 2 })
    asks(lookup, 0)
    lookup.onReply(first, lies)
    lookup.onReply(second, [third])

    const asked: Array<{ id: string, path: number }> = []

    for (let step = lookup.next(1); 'ask' in step; step = lookup.next(1)) {
      asked.push({ id: step.ask.id, path: step.path })
    }

    expect(asked.filter(({ id }) => id.startsWith('lie')).every(({ path }) => path === 0)).to.equal(true)
    expect(asked).to.deep.include({ id: third.id, path: 1 })
  })

  it('asks a peer that both paths know only once, and lets it count for both', () => {
    const lookup = createLookup([third, fourth], { paths: 2, alpha: 2, k: 2 })
    asks(lookup, 0)
    lookup.onReply(third, [first])
    lookup.onReply(fourth, [first])

    expect(asks(lookup, 1)).to.deep.equal([first.id])
    lookup.onReply(first, [])
    expect(lookup.next(2)).to.deep.equal({ done: true })
    expect(lookup.closest(3)).to.deep.equal([first, third, fourth])
  })

  it('keeps the nearest of the many that liars name, and asks no more than it may', () => {
    const names = peersNamed('named', 5_000)
    const lookup = createLookup([first], { maxAsked: 10, alpha: 20, k: 20 })
    asks(lookup, 0)
    lookup.onReply(first, names)

    expect(lookup.waiting).to.be.at.most(10)
    expect(asks(lookup, 1)).to.deep.equal(ids(sortedTruth(names, TARGET.key).slice(0, 9)))
  })
})
