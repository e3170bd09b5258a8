import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { commonPrefixLength } from '../../src/kademlia/key.ts'
import { RoutingTable } from '../../src/kademlia/routing-table.ts'
import { anyKey, ids, keyNear, peerNamed, peersAround, sortedTruth } from '../helpers/peer-keys.ts'
import { check, randomNumbers } from '../helpers/random.ts'
import type { PeerKey } from '../../src/kademlia/key.ts'
import type { TableEntry } from '../../src/kademlia/table-entry.ts'

const SELF = peerNamed('self')
/** far more than fit their buckets, at all depths down to 24 shared bits */
const AROUND = peersAround(SELF.key, 240, 24, randomNumbers(1))

interface Step {
  what: 'alive' | 'failure' | 'remove'
  who: number
}

const anySteps = fc.array(fc.record<Step>({
  what: fc.constantFrom('alive', 'alive', 'alive', 'failure', 'remove'),
  who: fc.nat(AROUND.length - 1)
}), { minLength: 1, maxLength: 600, size: 'max' })

/** The same table written down as plainly as can be. */
class PlainTable {
  readonly entries: PeerKey[] = []
  readonly candidates: PeerKey[] = []
  readonly failures = new Map<string, number>()

  constructor (readonly k: number, readonly maxFailures: number) {}

  apply ({ what, who }: Step): void {
    const peer = AROUND[who]

    if (what === 'alive') {
      this.#alive(peer)
    } else if (what === 'remove') {
      this.#remove(peer)
    } else if (this.entries.includes(peer)) {
      this.failures.set(peer.id, (this.failures.get(peer.id) ?? 0) + 1)

      if (this.failures.get(peer.id) === this.maxFailures) {
        this.#remove(peer)
      }
    } else {
      drop(this.candidates, peer)
    }
  }

  #alive (peer: PeerKey): void {
    this.failures.delete(peer.id)

    if (this.entries.includes(peer)) {
      return
    }

    drop(this.candidates, peer)

    if (this.#bucketOf(peer, this.entries).length < this.k) {
      this.entries.push(peer)
      return
    }

    this.candidates.push(peer)
    const waiting = this.#bucketOf(peer, this.candidates)

    if (waiting.length > this.k) {
      drop(this.candidates, waiting[0])
    }
  }

  #remove (peer: PeerKey): void {
    if (!this.entries.includes(peer)) {
      return
    }

    drop(this.entries, peer)
    this.failures.delete(peer.id)
    const freshest = this.#bucketOf(peer, this.candidates).at(-1)

    if (freshest != null) {
      drop(this.candidates, freshest)
      this.entries.push(freshest)
    }
  }

  #bucketOf (peer: PeerKey, among: PeerKey[]): PeerKey[] {
    const cpl = commonPrefixLength(SELF.key, peer.key)

    return among.filter(({ key }) => commonPrefixLength(SELF.key, key) === cpl)
  }
}

function drop (peers: PeerKey[], peer: PeerKey): void {
  if (peers.includes(peer)) {
    peers.splice(peers.indexOf(peer), 1)
  }
}

function apply (table: RoutingTable<PeerKey>, { what, who }: Step, now: number): void {
  const peer = AROUND[who]

  if (what === 'alive') {
    table.onAlive(peer, now)
  } else if (what === 'failure') {
    table.onFailure(peer.id, peer.key, now)
  } else {
    table.remove(peer.id, now)
  }
}

function createTable (k = 3, maxFailures = 3, backoff = 0, diversity = { perBucket: 2, perTable: 3, enough: 2 * k }): RoutingTable<PeerKey> {
  return new RoutingTable<PeerKey>({ self: SELF.key, k, maxFailures, backoff, diversity })
}

/** Peers of one bucket. */
function bucketPeers (count: number, cpl = 0): PeerKey[] {
  const random = randomNumbers(cpl + 1)

  return Array.from({ length: count }, (_, i) => ({ id: `${cpl}-${i}`, key: keyNear(SELF.key, cpl, random) }))
}

describe('the routing table, after any sequence of events', () => {
  it('finds the n nearest to any target, as sorting all of them does', () => {
    check(fc.property(anySteps, fc.integer({ min: 1, max: 8 }), fc.nat(60), anyKey, fc.nat(AROUND.length - 1), (steps, k, n, target, who) => {
      const table = createTable(k)
      steps.forEach((step, now) => { apply(table, step, now) })
      const all = [...table.entries()].map(({ peer }) => peer)
      const isOdd = ({ id }: PeerKey): boolean => /[13579]$/.test(id)

      for (const at of [target, SELF.key, AROUND[who].key, keyNear(SELF.key, who, randomNumbers(who))]) {
        expect(ids(table.closest(at, n))).to.deep.equal(ids(sortedTruth(all, at).slice(0, n)))
        expect(ids(table.closest(at, n, isOdd))).to.deep.equal(ids(sortedTruth(all.filter(isOdd), at).slice(0, n)))
      }
    }), 150)
  })

  it('holds who a plain table would hold, and lets wait who would wait there', () => {
    check(fc.property(anySteps, fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 4 }), (steps, k, maxFailures) => {
      const table = createTable(k, maxFailures)
      const plain = new PlainTable(k, maxFailures)

      steps.forEach((step, now) => {
        apply(table, step, now)
        plain.apply(step)
      })

      const buckets = [...table.buckets()]

      expect(buckets.flatMap(({ entries }) => ids(entries.map(({ peer }) => peer))).sort()).to.deep.equal(ids(plain.entries).sort())
      expect(buckets.flatMap(({ candidates }) => ids(candidates)).sort()).to.deep.equal(ids(plain.candidates).sort())

      for (const { peer, failures } of table.entries()) {
        expect(failures).to.equal(plain.failures.get(peer.id) ?? 0)
      }
    }), 150)
  })

  it('never has more than k live peers and k candidates in a bucket, nor anyone twice, nor anyone in the wrong bucket', () => {
    check(fc.property(anySteps, fc.integer({ min: 1, max: 5 }), (steps, k) => {
      const table = createTable(k)

      steps.forEach((step, now) => {
        apply(table, step, now)

        // a look at each step would cost more than it shows
        if (now % 16 !== 0) {
          return
        }

        const everyone: string[] = []
        let live = 0

        for (const { commonPrefixLength: cpl, entries, candidates } of table.buckets()) {
          const peers = [...entries.map(({ peer }) => peer), ...candidates]
          everyone.push(...ids(peers))
          live += entries.length

          expect(entries.length).to.be.at.most(k)
          expect(candidates.length).to.be.at.most(k)
          expect(candidates.length === 0 || entries.length === k, 'candidates wait only for a full bucket').to.equal(true)
          expect(peers.every(({ key }) => commonPrefixLength(SELF.key, key) === cpl)).to.equal(true)
        }

        expect(new Set(everyone).size).to.equal(everyone.length)
        expect(table.size).to.equal(live)
        expect([...table.entries()].every(({ peer }) => table.get(peer.id)?.peer === peer && table.has(peer.id))).to.equal(true)
        expect([...table.entries()].length).to.equal(live)
      })
    }), 40)
  })

  it('says truly what each event changed', () => {
    check(fc.property(anySteps, fc.integer({ min: 1, max: 4 }), (steps, k) => {
      const table = createTable(k, 2)

      steps.forEach(({ what, who }, now) => {
        const peer = AROUND[who]
        const before = new Set([...table.entries()].map(({ peer }) => peer.id))
        let expected = new Set(before)

        if (what === 'alive') {
          const admission = table.onAlive(peer, now)
          expected = admission === 'added' ? expected.add(peer.id) : expected
          expect(admission === 'refreshed').to.equal(before.has(peer.id))
        } else {
          const { removed, promoted } = what === 'failure' ? table.onFailure(peer.id, peer.key, now) : table.remove(peer.id, now)
          expect(removed == null || removed.id === peer.id).to.equal(true)
          expected.delete(removed?.id ?? '')
          expected = promoted == null ? expected : expected.add(promoted.id)
        }

        expect(ids([...table.entries()].map(({ peer }) => peer)).sort().join(' ')).to.equal([...expected].sort().join(' '))
      })
    }), 40)
  })
})

describe('the routing table', () => {
  it('never holds oneself', () => {
    const table = createTable()

    expect(table.onAlive(SELF, 1)).to.equal('self')
    expect(table.size).to.equal(0)
    expect(table.closest(SELF.key, 5)).to.deep.equal([])
    expect(table.onFailure(SELF.id, SELF.key, 2)).to.deep.equal({})
  })

  it('finds nobody when it is empty, for any target', () => {
    check(fc.property(anyKey, target => {
      expect(createTable().closest(target, 20)).to.deep.equal([])
    }), 20)
  })

  it('is at full depth near oneself: it holds all of its own nearest, however many others there are', () => {
    const table = createTable(20)
    const peers = peersAround(SELF.key, 5_000, 12, randomNumbers(3))
    peers.forEach((peer, now) => { table.onAlive(peer, now) })
    const deepest = peers.filter(({ key }) => commonPrefixLength(SELF.key, key) === 11)

    expect(table.size).to.equal(12 * 20)
    expect(deepest.filter(({ id }) => table.has(id))).to.have.lengthOf(20)
  })

  it('takes a peer out after exactly three failures in a row, and promotes the candidate that answered last', () => {
    const table = createTable(2)
    const [first, second, early, late] = bucketPeers(4)
    expect(table.onAlive(first, 1)).to.equal('added')
    expect(table.onAlive(second, 2)).to.equal('added')
    expect(table.onAlive(late, 3)).to.equal('waiting')
    expect(table.onAlive(early, 4)).to.equal('waiting')
    expect(table.onAlive(late, 5)).to.equal('waiting')

    expect(table.onFailure(first.id, first.key, 10)).to.deep.equal({})
    expect(table.onFailure(first.id, first.key, 11)).to.deep.equal({})
    expect(table.get(first.id)?.failures).to.equal(2)
    expect(table.get(first.id)?.lastFailure).to.equal(11)
    expect(table.onFailure(first.id, first.key, 12)).to.deep.equal({ removed: first, promoted: late })

    expect(table.has(first.id)).to.equal(false)
    expect(table.get(late.id)).to.include({ firstSeen: 12, lastSeen: 0, failures: 0 })
  })

  it('forgives failures as soon as the peer answers', () => {
    const table = createTable()
    const [peer] = bucketPeers(1)
    table.onAlive(peer, 1)

    for (let now = 2; now < 20; now += 3) {
      table.onFailure(peer.id, peer.key, now)
      table.onFailure(peer.id, peer.key, now + 1)
      expect(table.onAlive(peer, now + 2)).to.equal('refreshed')
      expect(table.get(peer.id)).to.include({ failures: 0, lastSeen: now + 2, firstSeen: 1 })
    }

    expect(table.size).to.equal(1)
  })

  it('counts what fails at once as one failure, and the next only after a back-off that doubles', () => {
    const table = createTable(3, 4, 5_000)
    const [peer] = bucketPeers(1)
    table.onAlive(peer, 0)
    const failAt = (...times: number[]): number[] => times.map(now => {
      table.onFailure(peer.id, peer.key, now)

      return table.get(peer.id)?.failures ?? -1
    })

    expect(failAt(1_000, 1_000, 1_001, 5_999)).to.deep.equal([1, 1, 1, 1])
    expect(failAt(6_000, 6_000, 15_999)).to.deep.equal([2, 2, 2])
    expect(failAt(16_000, 35_999)).to.deep.equal([3, 3])
    expect(table.get(peer.id)?.lastFailure).to.equal(16_000)
    expect(table.onFailure(peer.id, peer.key, 36_000)).to.deep.equal({ removed: peer, promoted: undefined })
  })

  it('loses nobody in a moment without a network, however many requests fail', () => {
    const table = createTable(20, 3, 5_000)
    const peers = peersAround(SELF.key, 60, 4, randomNumbers(2))
    peers.forEach(peer => table.onAlive(peer, 0))
    const { size } = table

    for (let now = 10_000; now < 15_000; now += 100) {
      peers.forEach(peer => { table.onFailure(peer.id, peer.key, now) })
    }

    expect(table.size).to.equal(size)
    expect([...table.entries()].every(({ failures }) => failures === 1)).to.equal(true)
  })

  it('counts the first failure after an answer at once', () => {
    const table = createTable(3, 3, 5_000)
    const [peer] = bucketPeers(1)
    table.onAlive(peer, 0)
    table.onFailure(peer.id, peer.key, 1)
    table.onAlive(peer, 2)
    table.onFailure(peer.id, peer.key, 3)

    expect(table.get(peer.id)).to.include({ failures: 1, lastFailure: 3 })
  })

  it('does not forgive the failures of a peer that asks but does not answer', () => {
    const table = createTable(2)
    const [peer] = bucketPeers(1)
    table.onAlive(peer, 0)
    table.onFailure(peer.id, peer.key, 1)
    table.onHeard(peer.id, 2)
    expect(table.get(peer.id)).to.include({ failures: 1, lastSeen: 2, firstSeen: 0 })
    table.onFailure(peer.id, peer.key, 3)
    table.onHeard(peer.id, 4)

    expect(table.onFailure(peer.id, peer.key, 5)).to.have.property('removed', peer)
  })

  it('takes nobody in for asking, or for being connected', () => {
    const table = createTable(1)
    const [live, candidate, stranger] = bucketPeers(3)
    table.onAlive(live, 0)
    table.onAlive(candidate, 1)

    for (const { id } of [candidate, stranger, SELF]) {
      table.onHeard(id, 2)
      table.onConnection(id, true)
    }

    expect([...table.entries()].map(({ peer }) => peer)).to.deep.equal([live])
    expect([...table.buckets()][0].candidates).to.deep.equal([candidate])
  })

  it('knows who is connected', () => {
    const table = createTable()
    const [peer] = bucketPeers(1)
    table.onAlive(peer, 1)
    expect(table.get(peer.id)?.connected).to.equal(false)
    table.onConnection(peer.id, true)
    expect(table.get(peer.id)).to.include({ connected: true, lastSeen: 1 })
    table.onAlive(peer, 2)
    expect(table.get(peer.id)?.connected).to.equal(true)
    table.onConnection(peer.id, false)
    expect(table.get(peer.id)?.connected).to.equal(false)
  })

  it('smooths round trips as RFC 6298 says, by hand', () => {
    const table = createTable()
    const [peer] = bucketPeers(1)
    table.onAlive(peer, 0)
    expect(table.get(peer.id)?.rtt).to.equal(undefined)

    table.onAlive(peer, 1, { roundTrip: 100 })
    expect(table.get(peer.id)?.rtt).to.deep.equal({ mean: 100, deviation: 50 })
    // |100 - 60| = 40: 3/4 of 50 and 1/4 of 40; then 7/8 of 100 and 1/8 of 60
    table.onAlive(peer, 2, { roundTrip: 60 })
    expect(table.get(peer.id)?.rtt).to.deep.equal({ mean: 95, deviation: 47.5 })
    // |95 - 180| = 85: 3/4 of 47.5 and 1/4 of 85; then 7/8 of 95 and 1/8 of 180
    table.onAlive(peer, 3, { roundTrip: 180 })
    expect(table.get(peer.id)?.rtt).to.deep.equal({ mean: 105.625, deviation: 56.875 })
    // what was no single round trip says nothing
    table.onAlive(peer, 4)
    table.onHeard(peer.id, 5)
    table.onFailure(peer.id, peer.key, 6)
    expect(table.get(peer.id)?.rtt).to.deep.equal({ mean: 105.625, deviation: 56.875 })
  })

  it('has a round trip of a peer from its first answer on, and each of its own', () => {
    const table = createTable()
    const [first, second] = bucketPeers(2)
    table.onAlive(first, 0, { roundTrip: 8 })
    table.onAlive(second, 0, { roundTrip: 16 })
    table.onAlive(first, 1, { roundTrip: 8 })

    expect(table.get(first.id)?.rtt).to.deep.equal({ mean: 8, deviation: 3 })
    expect(table.get(second.id)?.rtt).to.deep.equal({ mean: 16, deviation: 8 })
  })

  it('lets a candidate that fails wait no longer', () => {
    const table = createTable(1)
    const [live, candidate] = bucketPeers(2)
    table.onAlive(live, 1)
    table.onAlive(candidate, 2)

    expect(table.onFailure(candidate.id, candidate.key, 3)).to.deep.equal({})
    expect(table.remove(live.id, 4)).to.deep.equal({ removed: live, promoted: undefined })
    expect(table.size).to.equal(0)
  })

  it('forgets the candidate that has waited longest when there are more than k', () => {
    const table = createTable(1)
    const [live, old, fresh] = bucketPeers(3)
    table.onAlive(live, 1)
    table.onAlive(old, 2)
    table.onAlive(fresh, 3)

    expect([...table.buckets()][0].candidates).to.deep.equal([fresh])
  })

  it('keeps the peers of a bucket oldest first', () => {
    const table = createTable(3)
    const peers = bucketPeers(3)
    peers.forEach((peer, now) => { table.onAlive(peer, now) })
    table.onAlive(peers[0], 9)

    expect([...table.buckets()][0].entries.map(({ peer }) => peer)).to.deep.equal(peers)
  })

  it('has the failed probed again after their back-off, before those not heard of for long', () => {
    const table = createTable(20, 3, 20)
    const patience = { least: 100, most: 100, connected: 200 }
    const [once, twice, quiet, quieter, fresh, connected] = bucketPeers(6)
    table.onAlive(once, 100)
    table.onAlive(twice, 100)
    table.onAlive(quieter, 80)
    table.onAlive(quiet, 90)
    table.onAlive(fresh, 150)
    table.onAlive(connected, 60, { connected: true })
    table.onFailure(once.id, once.key, 150)
    table.onFailure(twice.id, twice.key, 130)
    table.onFailure(twice.id, twice.key, 150)

    expect(table.due(169, patience)).to.deep.equal([])
    expect(table.due(170, patience)).to.deep.equal([once])
    expect(table.due(180, patience)).to.deep.equal([once, quieter])
    expect(table.due(190, patience)).to.deep.equal([twice, once, quieter, quiet])
    expect(table.due(250, patience)).to.deep.equal([twice, once, quieter, quiet, fresh])
    expect(table.due(260, patience)).to.deep.equal([twice, once, connected, quieter, quiet, fresh])
  })

  it('has a promoted candidate probed at once', () => {
    const table = createTable(1)
    const [live, candidate] = bucketPeers(2)
    table.onAlive(live, 1_000)
    table.onAlive(candidate, 1_001)
    table.remove(live.id, 1_002)

    expect(table.due(1_002, { least: 500, most: 500, connected: 500 })).to.deep.equal([candidate])
  })

  it('asks whoever has been known for long less often, within bounds', () => {
    const table = createTable(20)
    const patience = { least: 100, most: 1_000, connected: 5_000 }
    const [fresh, older, ancient] = bucketPeers(3)
    table.onAlive(fresh, 9_990)
    table.onAlive(older, 9_200)
    table.onAlive(ancient, 0)
    ;[fresh, older, ancient].forEach(peer => table.onAlive(peer, 10_000))
    const dueAt = (peer: PeerKey): number => {
      let now = 10_000

      while (!table.due(now, patience).includes(peer)) {
        now++
      }

      return now - 10_000
    }

    // half of the time that they have been known: 5, 400 and 5,000
    expect([fresh, older, ancient].map(dueAt)).to.deep.equal([100, 400, 1_000])
  })

  it('asks a connected one when its connection breaks, if nothing was heard of it for as long as of others', () => {
    const table = createTable(20)
    const patience = { least: 100, most: 100, connected: 1_000 }
    const [peer] = bucketPeers(1)
    table.onAlive(peer, 0, { connected: true })

    expect(table.due(999, patience)).to.deep.equal([])
    table.onConnection(peer.id, false)
    expect(table.due(99, patience)).to.deep.equal([])
    expect(table.due(100, patience)).to.deep.equal([peer])
    table.onConnection(peer.id, true)
    expect(table.due(999, patience)).to.deep.equal([])
    expect(table.due(1_000, patience)).to.deep.equal([peer])
  })

  it('asks a peer that failed as soon as its next failure would count, connected or not', () => {
    const table = createTable(20, 3, 50)
    const patience = { least: 1_000, most: 1_000, connected: 1_000 }
    const [peer] = bucketPeers(1)
    table.onAlive(peer, 0, { connected: true })
    table.onFailure(peer.id, peer.key, 10)

    expect(table.due(59, patience)).to.deep.equal([])
    expect(table.due(60, patience)).to.deep.equal([peer])
    table.onFailure(peer.id, peer.key, 60)
    expect(table.due(159, patience)).to.deep.equal([])
    expect(table.due(160, patience)).to.deep.equal([peer])
  })

  it('names all that are due, and nobody else, in the same order each time', () => {
    check(fc.property(anySteps, fc.integer({ min: 1, max: 5 }), fc.nat(900), (steps, k, later) => {
      const table = createTable(k, 4, 20)
      const patience = { least: 50, most: 200, connected: 300 }
      steps.forEach((step, now) => {
        apply(table, step, now)
        table.onConnection(AROUND[step.who].id, step.who % 3 === 0)
      })
      const now = steps.length + later
      const due = table.due(now, patience)
      const expected = [...table.entries()].filter(({ failures, lastFailure, lastSeen, firstSeen, connected }) => {
        const waits = connected ? 300 : Math.max(50, Math.min(200, (lastSeen - firstSeen) / 2))

        return now >= (failures > 0 ? lastFailure + 20 * 2 ** (failures - 1) : lastSeen + waits)
      })
      const order = due.map(({ id }) => table.get(id) as TableEntry<PeerKey>)

      expect(ids(due).sort()).to.deep.equal(ids(expected.map(({ peer }) => peer)).sort())
      expect(table.due(now, patience)).to.deep.equal(due)
      order.slice(1).forEach((entry, i) => {
        expect(entry.failures < order[i].failures || (entry.failures === order[i].failures && entry.lastSeen >= order[i].lastSeen)).to.equal(true)
      })
    }), 60)
  })

  it('asks for a refresh of each bucket down to the deepest with a peer, unless a lookup went there', () => {
    const table = createTable()
    const random = randomNumbers(1)
    expect(table.stale(100)).to.deep.equal([])
    table.onAlive(bucketPeers(1, 4)[0], 1)

    expect(table.stale(100)).to.deep.equal([0, 1, 2, 3, 4])

    table.onLookup(keyNear(SELF.key, 2, random), [], 101)
    table.onLookup(keyNear(SELF.key, 4, random), [], 100)
    table.onLookup(keyNear(SELF.key, 9, random), [], 50)
    table.onLookup(SELF.key, [], 200)

    expect(table.stale(100)).to.deep.equal([0, 1, 3, 4])
    expect(table.stale(101)).to.deep.equal([0, 1, 2, 3, 4])
    expect(table.stale(99)).to.deep.equal([0, 1, 3])
  })

  it('asks for no refresh of buckets deeper than the k nearest that a lookup for oneself has confirmed', () => {
    const k = 3
    const table = createTable(k)
    const peers = [12, 9, 7, 5].flatMap(cpl => bucketPeers(1, cpl))
    peers.forEach(peer => table.onAlive(peer, 1))

    table.onLookup(SELF.key, peers.slice(0, k - 1), 100)
    expect(table.stale(99)).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])

    table.onLookup(SELF.key, peers.slice(0, k), 100)
    expect(table.stale(99)).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7])
  })

  it('asks less often for a refresh of a bucket that is full of peers that have not failed', () => {
    const table = createTable(2)
    const [full, failed, halfFull] = [bucketPeers(2, 0), bucketPeers(2, 1), bucketPeers(1, 2)]
    ;[...full, ...failed, ...halfFull].forEach(peer => table.onAlive(peer, 1))
    table.onFailure(failed[0].id, failed[0].key, 2)

    const random = randomNumbers(1)
    ;[0, 1, 2].forEach(cpl => { table.onLookup(keyNear(SELF.key, cpl, random), [], 50) })

    expect(table.stale(100, 40)).to.deep.equal([1, 2])
    expect(table.stale(100, 50)).to.deep.equal([0, 1, 2])
    expect(table.stale(100)).to.deep.equal([0, 1, 2])
    expect(table.stale(49, 40)).to.deep.equal([])

    table.onAlive(failed[0], 60)
    expect(table.stale(100, 40)).to.deep.equal([2])
  })

  it('wants to know whether a peer answers, unless it is known, or its bucket is full and as many wait', () => {
    const k = 3
    const table = createTable(k)
    const far = AROUND.filter(({ key }) => commonPrefixLength(SELF.key, key) === 0)
    expect(table.wants(SELF)).to.equal(false)

    for (const peer of far.slice(0, 2 * k)) {
      expect(table.wants(peer)).to.equal(true)
      table.onAlive(peer, 1)
      expect(table.wants(peer)).to.equal(false)
    }

    const newcomer = far[2 * k]
    expect(table.wants(newcomer)).to.equal(false)
    expect(table.wants(AROUND.find(({ key }) => commonPrefixLength(SELF.key, key) === 1) as PeerKey)).to.equal(true)

    // somebody may have to be replaced
    table.onFailure(far[0].id, far[0].key, 2)
    expect(table.wants(newcomer)).to.equal(true)
    table.onAlive(far[0], 3)
    expect(table.wants(newcomer)).to.equal(false)
    table.forget(far[k].id, far[k].key)
    expect(table.wants(newcomer)).to.equal(true)
  })

  it('wants to know whether a peer answers as long as those that wait, or that have the places, are over the limits of one group', () => {
    const k = 3
    const far = AROUND.filter(({ key }) => commonPrefixLength(SELF.key, key) === 0)

    for (const groups of [['a', 'b', 'c', 'd', 'd', 'd'], ['a', 'a', 'a', 'b', 'c', 'd']]) {
      const table = createTable(k, 3, 0, { perBucket: 1, perTable: 1, enough: 100 })
      groups.forEach((group, i) => { table.onAlive(far[i], 1, { group }) })

      expect(table.wants(far[2 * k])).to.equal(true)
    }
  })

  it('asks for no refresh of buckets that only a lookup made', () => {
    const table = createTable()
    table.onLookup(keyNear(SELF.key, 30, randomNumbers(1)), [], 1)

    expect(table.stale(100)).to.deep.equal([])
    expect([...table.buckets()]).to.deep.equal([])
  })
})
