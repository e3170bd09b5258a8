import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { compareDistance } from '../../src/kademlia/key.ts'
import { LOOKUP_RULES } from '../../src/kademlia/parameters.ts'
import { ids, keyNear, peerNamed, peersNamed, sortedTruth } from '../helpers/peer-keys.ts'
import { check, randomNumbers } from '../helpers/random.ts'
import { asks, createLookup, driveInRounds, SLOW_AFTER } from '../helpers/simulated-network.ts'
import type { PeerKey } from '../../src/kademlia/key.ts'
import type { LookupRules } from '../../src/kademlia/lookup-rules.ts'
import type { Ask } from '../helpers/simulated-network.ts'

const TARGET = peerNamed('target')
const K = 20
const ALPHA = 10
const { trust } = LOOKUP_RULES
const BEFORE_DISTRUST = trust?.trial ?? 0

/** Nearest first. */
const HONEST = sortedTruth(peersNamed('honest-', 60), TARGET.key)
const NEAREST = HONEST.slice(0, K)

/** Peers that are nowhere, nearer to the target than anybody who is there. */
function invented (count: number, prefix = 'invented'): PeerKey[] {
  const random = randomNumbers(peerNamed(prefix).key[0])

  return Array.from({ length: count }, (_, i) => ({ id: `${prefix}-${i}`, key: keyNear(TARGET.key, 40, random) }))
}

/** Liars who are farther away than the nearest, and so are none of those to be found, and nearer than the seeds. */
function liarsNamed (count: number): PeerKey[] {
  const isBetween = ({ key }: PeerKey): boolean => compareDistance(key, HONEST[K].key, TARGET.key) > 0 && compareDistance(key, HONEST[40].key, TARGET.key) < 0

  return peersNamed('liar-', 500).filter(isBetween).slice(0, count)
}

interface Answers {
  seeds: PeerKey[]
  /** by those who do not name the nearest honest ones */
  names?: Map<string, PeerKey[]>
  alive?: PeerKey[]
  rules?: LookupRules
}

/** A lookup among the honest, who name the nearest of them, and others. */
function lookUp ({ seeds, names = new Map(), alive = [], rules = { trust } }: Answers): { asked: Ask[], found: string[] } {
  const there = new Set(ids([...HONEST, ...alive, ...seeds]))
  const lookup = createLookup(seeds, { target: TARGET.key, k: K, alpha: ALPHA, maxAsked: 25 * K, rules })
  const asked = driveInRounds(lookup, ({ peer: { id } }) => there.has(id) ? names.get(id) ?? NEAREST : 'fails')

  return { asked, found: ids(lookup.closest(K)) }
}

function count (asked: Ask[], prefix: string): number {
  return asked.filter(({ peer: { id } }) => id.startsWith(prefix)).length
}

describe('a lookup that holds peers to account for whom they name', () => {
  it('asks three of the twenty that a liar has invented, and finds the others as if it had named nobody', () => {
    const [liar] = liarsNamed(1)
    const world = { seeds: [HONEST[40], liar], names: new Map([[liar.id, invented(20)]]) }
    const { asked, found } = lookUp(world)

    expect(count(asked, 'invented')).to.equal(BEFORE_DISTRUST)
    expect(found).to.deep.equal(ids(NEAREST))
    expect(count(lookUp({ ...world, rules: {} }).asked, 'invented'), 'without the rule').to.equal(20)
  })

  it('asks three for each of ten liars who have invented others each', () => {
    const liars = liarsNamed(10)
    const names = new Map(liars.map(({ id }) => [id, invented(20, `invented by ${id}`)]))
    const { asked, found } = lookUp({ seeds: [...HONEST.slice(40, 45), ...liars], names })

    expect(count(asked, 'invented')).to.be.at.most(BEFORE_DISTRUST * liars.length)
    expect(found).to.deep.equal(ids(NEAREST))
  })

  it('asks little more of what a liar invents than it may have under way, though it names some that are there', () => {
    check(fc.property(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 15, max: 30 }), (real, lies) => {
      const [liar] = liarsNamed(1)
      const names = new Map([[liar.id, [...NEAREST.slice(0, real), ...invented(lies)]]])
      const { asked, found } = lookUp({ seeds: [...HONEST.slice(40, 50), liar], names })

      // those that are there speak for it, but as they were named by all the others not much
      expect(count(asked, 'invented')).to.be.at.most(ALPHA + real)
      expect(found).to.deep.equal(ids(NEAREST))
    }), 50)
  })

  it('asks the less of what is invented the fewer share the blame', () => {
    check(fc.property(fc.integer({ min: 1, max: 12 }), together => {
      const liars = liarsNamed(together)
      const lies = invented(60)
      const { asked, found } = lookUp({ seeds: [...HONEST.slice(40, 45), ...liars], names: new Map(liars.map(({ id }) => [id, lies])) })

      // one blames all of them for as many as they are; those under way by then are asked all the same
      expect(count(asked, 'invented')).to.be.at.most(together + ALPHA)
      expect(found).to.deep.equal(ids(NEAREST))
    }), 12)
  })

  it('holds nothing against those who name dead peers that others name, too', () => {
    const dead = invented(10, 'dead')
    const own = invented(ALPHA, 'own')
    const seeds = HONEST.slice(40, 40 + ALPHA)
    const names = new Map(seeds.map(({ id }, i) => [id, [...dead, ...NEAREST, own[i]]]))
    const { asked, found } = lookUp({ seeds, names, alive: own })

    expect(count(asked, 'own')).to.equal(ALPHA)
    expect(found).to.deep.equal(ids(sortedTruth([...own, ...NEAREST], TARGET.key).slice(0, K)))
  })

  it('asks whom it knew itself, whoever names them', () => {
    const [liar] = liarsNamed(1)
    const lookup = createLookup([liar, HONEST[45]], { target: TARGET.key, k: 2, alpha: 1, rules: { trust } })
    expect(asks(lookup, 0)).to.deep.equal([liar.id])
    lookup.onReply(liar, [...invented(20), HONEST[45]])
    expect(asks(lookup, 1)).to.have.lengthOf(1)
    invented(20).forEach(peer => { lookup.onFailure(peer) })
    expect(asks(lookup, 2)).to.deep.equal([HONEST[45].id])
  })

  it('finds whom the honest name though a crowd of liars names the same, and others of their own', () => {
    const liars = liarsNamed(15)
    const names = new Map(liars.map(({ id }) => [id, [...NEAREST, ...invented(20, `invented by ${id}`)]]))
    const { found } = lookUp({ seeds: [...liars, ...HONEST.slice(40, 45)], names })

    expect(found).to.deep.equal(ids(NEAREST))
  })

  describe('step by step', () => {
    const [first, second, third, referrer, other] = HONEST
    const rules: LookupRules = { trust: { blame: 1, credit: 0.25, trial: 1 } }
    const create = (): ReturnType<typeof createLookup> => createLookup([referrer, other], {
      target: TARGET.key, k: 2, rules, slowAfter: ({ id }) => id === other.id ? 10 * SLOW_AFTER : SLOW_AFTER
    })

    it('tries one after the other of whom a peer names that has proved nothing, and the rest when it has', () => {
      const lookup = createLookup([referrer], { target: TARGET.key, k: 4, alpha: 4, rules })
      asks(lookup, 0)
      lookup.onReply(referrer, [first, second, third])
      expect(asks(lookup, 1)).to.deep.equal([first.id])
      lookup.onReply(first, [])

      expect(asks(lookup, 2)).to.deep.equal([second.id, third.id])
    })

    it('believes a peer again when the slow one that it named answers after all', () => {
      const lookup = create()
      expect(asks(lookup, 0)).to.deep.equal([referrer.id, other.id])
      lookup.onReply(referrer, [first, second])
      expect(asks(lookup, 1)).to.deep.equal([first.id])
      expect(asks(lookup, 1 + SLOW_AFTER)).to.deep.equal([])
      lookup.onReply(first, [])

      expect(asks(lookup, 2 + SLOW_AFTER)).to.deep.equal([second.id])
    })

    it('believes a peer again when another names the same that has failed', () => {
      const lookup = create()
      asks(lookup, 0)
      lookup.onReply(referrer, [first, second])
      asks(lookup, 1)
      lookup.onFailure(first)
      expect(asks(lookup, 2)).to.deep.equal([])
      lookup.onReply(other, [first])

      expect(asks(lookup, 3)).to.deep.equal([second.id])
    })

    it('believes what a liar says when somebody else says it, too', () => {
      const lookup = create()
      asks(lookup, 0)
      lookup.onReply(referrer, [first, second])
      asks(lookup, 1)
      lookup.onFailure(first)
      lookup.onReply(other, [second])

      expect(asks(lookup, 2)).to.deep.equal([second.id])
    })

    it('takes a peer that only a liar names for none of the nearest, though it answers', () => {
      const lookup = createLookup([referrer, other], { target: TARGET.key, k: 2, alpha: 4, rules: { trust: { blame: 1, credit: 1, trial: 3 } } })
      const friends = invented(3)
      asks(lookup, 0)
      lookup.onReply(referrer, friends)
      expect(asks(lookup, 1)).to.have.lengthOf(2)
      const asked = sortedTruth(friends, TARGET.key)
      lookup.onFailure(asked[0])
      lookup.onReply(asked[1], [])
      lookup.onReply(other, [third])

      // one lost for one that answers is still believed
      expect(asks(lookup, 2)).to.deep.equal([asked[2].id])
      lookup.onFailure(asked[2])
      expect(asks(lookup, 3)).to.deep.equal([third.id])
    })
  })
})
