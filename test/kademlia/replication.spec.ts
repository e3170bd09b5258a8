import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { cacheLife, dueAt, isAmongNearest, isDue, jitteredInterval, replicationTargets, shouldHandOver, ttlLeft } from '../../src/kademlia/replication.ts'
import { ids, peerNamed, peersNamed, sortedTruth } from '../helpers/peer-keys.ts'
import { check, pick, randomNumbers } from '../helpers/random.ts'
import type { PeerKey } from '../../src/kademlia/key.ts'

const HOUR = 60 * 60 * 1000
const NOW = 1_000 * HOUR
const K = 20

/** A key's whole network: the peers in order of their distance from it. */
function around (seed: number, count: number): { key: PeerKey['key'], peers: PeerKey[] } {
  const { key } = peerNamed(`key-${seed}`)

  return { key, peers: sortedTruth(peersNamed(`${seed}-`, count), key) }
}

const anyTime = fc.integer({ min: 0, max: NOW })

describe('the replication of a value that is held for others', () => {
  it('is due an interval after the value was put here or from here, whichever was later, and not a millisecond before', () => {
    check(fc.property(anyTime, anyTime, fc.integer({ min: 1, max: 10 * HOUR }), (receivedAt, replicatedAt, interval) => {
      const held = { receivedAt, replicatedAt }
      const due = Math.max(receivedAt, replicatedAt) + interval

      expect(dueAt(held, interval)).to.equal(due)
      expect(isDue(held, due, interval)).to.equal(true)
      expect(isDue(held, due - 1, interval)).to.equal(false)
    }))
  })

  it('is skipped when another holder has put the value here within the interval', () => {
    expect(isDue({ receivedAt: NOW - HOUR, replicatedAt: 0 }, NOW, HOUR)).to.equal(true)
    expect(isDue({ receivedAt: NOW - HOUR / 2, replicatedAt: NOW - 3 * HOUR }, NOW, HOUR)).to.equal(false)
  })

  it('never comes before the interval is over, and by chance up to half of it later', () => {
    expect([0, 0.5, 1].map(chance => jitteredInterval(HOUR, chance))).to.deep.equal([HOUR, 1.25 * HOUR, 1.5 * HOUR])
  })

  it('is done by one of k holders in an interval when the first of them puts off the others, whatever chances they draw', () => {
    check(fc.property(fc.nat(), seed => {
      const random = randomNumbers(seed)
      const holders = Array.from({ length: K }, () => ({ receivedAt: NOW, replicatedAt: 0, interval: jitteredInterval(HOUR, random()) }))
      const done: number[] = []

      // minute by minute for a day; a put arrives at once
      for (let now = NOW; now < NOW + 24 * HOUR; now += HOUR / 60) {
        for (const holder of holders) {
          if (isDue(holder, now, holder.interval)) {
            done.push(now)
            holder.replicatedAt = now
            holders.filter(other => other !== holder).forEach(other => { other.receivedAt = now })
            holders.forEach(other => { other.interval = jitteredInterval(HOUR, random()) })
          }
        }
      }

      expect(done.length).to.be.within(16, 23)
      expect(done.every((at, i) => at - (done[i - 1] ?? NOW) >= HOUR)).to.equal(true)
    }), 20)
  })

  it('carries what is left of the life in whole seconds, never more than is left, and nothing when it is over', () => {
    expect(ttlLeft(NOW + 1_999, NOW)).to.equal(1)
    expect([NOW + 999, NOW, NOW - HOUR].map(endsAt => ttlLeft(endsAt, NOW))).to.deep.equal([0, 0, 0])

    check(fc.property(anyTime, fc.integer({ min: 1, max: 100 * HOUR }), fc.array(fc.nat(2 * HOUR), { maxLength: 50 }), (begun, life, waits) => {
      const ttls = waits.reduce<{ now: number, endsAt: number }>(({ now, endsAt }, wait) => ({ now: now + wait, endsAt: now + wait + 1_000 * ttlLeft(endsAt, now + wait) }), { now: begun, endsAt: begun + life })

      // from holder to holder any number of times, it does not live longer
      expect(ttls.endsAt).to.be.at.most(Math.max(begun + life, ttls.now))
    }))
  })
})

describe('to whom a holder puts a value', () => {
  it('is the others of the nearest k when it is one of them, and all k when it is not, nearest first', () => {
    check(fc.property(fc.nat(), fc.integer({ min: 1, max: 25 }), fc.integer({ min: 1, max: 40 }), fc.boolean(), (seed, k, count, isNamed) => {
      const { key, peers } = around(seed, count)
      const self = peers[pick(randomNumbers(seed), count)]
      const found = peers.filter(peer => isNamed || peer !== self)

      expect(ids(replicationTargets(key, self, found, k))).to.deep.equal(ids(peers.slice(0, k).filter(peer => peer !== self)))
    }), 200)
  })
})

describe('the range of a node', () => {
  it('is the k nearest, by whom it knows', () => {
    const { key, peers } = around(1, 60)
    const within = peers.flatMap((self, rank) => isAmongNearest(key, self, peers.filter(peer => peer !== self), K) ? [rank] : [])

    expect(within).to.deep.equal(Array.from({ length: K }, (_, i) => i))
  })

  it('does not hang on the order of those it knows, nor on those that are farther away than itself, nor on being named itself', () => {
    check(fc.property(fc.nat(), fc.nat(59), fc.boolean(), fc.nat(60), (seed, rank, isNamed, farther) => {
      const { key, peers } = around(seed, 60)
      const known = [...peers.slice(0, rank), ...isNamed ? [peers[rank]] : [], ...peers.slice(rank + 1, rank + 1 + farther)].reverse()

      expect(isAmongNearest(key, peers[rank], known, K)).to.equal(rank < K)
    }))
  })

  it('has everyone in it where hardly anyone is known', () => {
    const { key, peers } = around(1, 20)

    expect(isAmongNearest(key, peers[19], peers.slice(0, 19), K)).to.equal(true)
    expect(isAmongNearest(key, peers[0], [], K)).to.equal(true)
  })
})

describe('handing a value over', () => {
  /** Who hands it over to the newcomer where each knows these, and not itself. */
  function givers (key: PeerKey['key'], peers: PeerKey[], newcomer: PeerKey, nearest: PeerKey[]): PeerKey[] {
    return peers.filter(self => self !== newcomer && shouldHandOver(key, newcomer, self, nearest.filter(peer => peer !== self), K))
  }

  it('is done by exactly one node, the nearest that there was, when the newcomer is one of the nearest k; else by nobody', () => {
    check(fc.property(fc.nat(), fc.integer({ min: 2, max: 60 }), fc.boolean(), (seed, count, isNamed) => {
      const { key, peers } = around(seed, count)
      const rank = pick(randomNumbers(seed), count)
      const newcomer = peers[rank]
      const nearest = peers.filter(peer => isNamed || peer !== newcomer).slice(0, K + 1)
      const expected = rank < K ? [peers[rank === 0 ? 1 : 0]] : []

      expect(ids(givers(key, peers, newcomer, nearest))).to.deep.equal(ids(expected))
    }), 300)
  })

  it('does not hang on the order in which a node knows the others, nor on whether it is named itself', () => {
    check(fc.property(fc.nat(), fc.nat(40), fc.nat(40), (seed, own, other) => {
      const { key, peers } = around(seed, 41)
      fc.pre(own !== other)
      const nearest = peers.slice(0, K + 1)
      const decided = shouldHandOver(key, peers[other], peers[own], nearest, K)

      expect(shouldHandOver(key, peers[other], peers[own], nearest.toReversed(), K)).to.equal(decided)
      expect(shouldHandOver(key, peers[other], peers[own], nearest.filter(peer => peer !== peers[own]), K)).to.equal(decided)
    }), 200)
  })

  it('is done by a node that does not know the nearest, and not by one that does', () => {
    const { key, peers } = around(1, 60)
    const [unknown, newcomer, self, ...others] = peers

    expect(shouldHandOver(key, newcomer, self, others.slice(0, K), K)).to.equal(true)
    expect(shouldHandOver(key, newcomer, self, [unknown, ...others.slice(0, K - 1)], K)).to.equal(false)
  })

  it('happens in a network of two', () => {
    const { key, peers: [nearer, farther] } = around(1, 2)

    expect(shouldHandOver(key, nearer, farther, [nearer], K)).to.equal(true)
    expect(shouldHandOver(key, farther, nearer, [], K)).to.equal(true)
    expect(shouldHandOver(key, farther, nearer, [], 1)).to.equal(false)
  })
})

describe('a copy off the way', () => {
  it('lives as long as the value next to its holders, and half as long with each node between', () => {
    expect([0, 1, 2, 5].map(between => cacheLife(32 * HOUR, between))).to.deep.equal([32 * HOUR, 16 * HOUR, 8 * HOUR, HOUR])
  })

  it('is not made when it would live less than a minute', () => {
    expect(cacheLife(64 * 60_000, 6)).to.equal(60_000)
    expect(cacheLife(64 * 60_000 - 1, 6)).to.equal(0)
    expect(cacheLife(48 * HOUR, 2_000)).to.equal(0)
    expect([0, -HOUR].map(life => cacheLife(life, 0))).to.deep.equal([0, 0])
  })

  it('never outlives the value, nor a copy that is nearer', () => {
    check(fc.property(fc.integer({ min: 0, max: 48 * HOUR }), fc.nat(300), (life, between) => {
      expect(cacheLife(life, between)).to.be.at.most(life)
      expect(cacheLife(life, between + 1)).to.be.at.most(cacheLife(life, between))
    }))
  })
})
