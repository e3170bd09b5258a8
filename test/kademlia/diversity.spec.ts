import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { spread } from '../../src/kademlia/diversity.ts'
import { commonPrefixLength } from '../../src/kademlia/key.ts'
import { RoutingTable } from '../../src/kademlia/routing-table.ts'
import { ids, keyNear, peerNamed, peersAround } from '../helpers/peer-keys.ts'
import { check, randomNumbers } from '../helpers/random.ts'
import type { GroupLimits } from '../../src/kademlia/diversity.ts'
import type { PeerKey } from '../../src/kademlia/key.ts'

const SELF = peerNamed('self')
const PER_GROUP: GroupLimits = { perBucket: 2, perTable: 3 }

interface Member extends PeerKey {
  group?: string
}

/** Of all distances; a quarter is of no group, a quarter of one of its own, and half share three. */
const AROUND: Member[] = peersAround(SELF.key, 240, 24, randomNumbers(1)).map((peer, i) => ({
  ...peer,
  group: [undefined, `own-${i}`, `shared-${i % 3}`, `shared-${(i + 1) % 3}`][i % 4]
}))

function bucketOf ({ key }: PeerKey): number {
  return commonPrefixLength(SELF.key, key)
}

/** Who may stay, written down as plainly as can be. */
function kept <E extends { group?: string }> (entries: E[], bucket: (entry: E) => number, { perBucket, perTable }: GroupLimits): E[] {
  return entries.reduce<E[]>((staying, entry) => {
    const same = staying.filter(({ group }) => group != null && group === entry.group)
    const sameBucket = same.filter(other => bucket(other) === bucket(entry))

    return same.length < perTable && sameBucket.length < perBucket ? [...staying, entry] : staying
  }, [])
}

/** Those who may not, whoever came last at the end. */
function over <E extends { group?: string }> (entries: E[], bucket: (entry: E) => number, limits: GroupLimits): E[] {
  const staying = kept(entries, bucket, limits)

  return entries.filter(entry => !staying.includes(entry))
}

function createTable (k: number, enough = 2 * k): RoutingTable<Member> {
  return new RoutingTable<Member>({ self: SELF.key, k, maxFailures: 3, backoff: 0, diversity: { ...PER_GROUP, enough } })
}

function live (table: RoutingTable<Member>): Member[] {
  return [...table.entries()].map(({ peer }) => peer)
}

/** Those who wait in a bucket, freshest last. */
function waiting (table: RoutingTable<Member>, cpl: number): Member[] {
  return [...table.buckets()].filter(bucket => bucket.commonPrefixLength === cpl).flatMap(({ candidates }) => candidates)
}

/** Who has to leave, written down as plainly as can be. */
function crowding (table: RoutingTable<Member>, enough: number): Member[] {
  const all = live(table)
  const tooMany = over(all, bucketOf, PER_GROUP)

  if (all.length - tooMany.length >= enough) {
    return tooMany
  }

  return [...Map.groupBy(tooMany, bucketOf).entries()].flatMap(([cpl, inBucket]) => {
    const others = waiting(table, cpl).filter(candidate => !over([...all, candidate], bucketOf, PER_GROUP).includes(candidate))

    return inBucket.slice(Math.max(0, inBucket.length - others.length))
  })
}

/** As a node does it: those that the limits leave out go as soon as there are others. */
function offer (table: RoutingTable<Member>, peers: Member[]): void {
  peers.forEach((peer, now) => {
    table.onAlive(peer, now, { group: peer.group })
    table.crowding().forEach(({ id }) => { table.remove(id, now) })
  })
}

/** So many peers of one bucket, all of one group or, without one, each of its own. */
function members (prefix: string, cpl: number, count: number, group?: string): Member[] {
  const random = randomNumbers(cpl + prefix.length)

  return Array.from({ length: count }, (_, i) => {
    const id = `${prefix}-${cpl}-${i}`

    return { id, key: keyNear(SELF.key, cpl, random), group: group ?? id }
  })
}

/** So many of each bucket down to the deepest. */
function membersAround (prefix: string, deepest: number, each: number, group?: string): Member[] {
  return Array.from({ length: deepest + 1 }, (_, cpl) => members(prefix, cpl, each, group)).flat()
}

function ofGroup (peers: Member[], group: string): Member[] {
  return peers.filter(peer => peer.group === group)
}

describe('those over the limits of their groups', () => {
  const anyEntries = fc.array(fc.record({ group: fc.constantFrom('a', 'b', 'c', undefined), bucket: fc.nat(3) }), { maxLength: 40 })
  const anyLimits = fc.record({ perBucket: fc.integer({ min: 1, max: 4 }), perTable: fc.integer({ min: 1, max: 6 }) })

  it('are those who came after as many as may be there', () => {
    check(fc.property(anyEntries, anyLimits, (entries, limits) => {
      const found = spread(entries, ({ bucket }) => bucket, limits)

      expect(found.over).to.deep.equal(over(entries, ({ bucket }) => bucket, limits))
      expect(found.within).to.equal(entries.length - found.over.length)
      expect(found.over.filter(({ group }) => group == null)).to.deep.equal([])
    }), 500)
  })
})

describe('the routing table with groups', () => {
  const anySteps = fc.array(fc.record({
    what: fc.constantFrom('alive', 'alive', 'alive', 'failure', 'remove'),
    who: fc.nat(AROUND.length - 1)
  }), { minLength: 1, maxLength: 400, size: 'max' })

  it('decides about each peer as a plain table with groups would', () => {
    check(fc.property(anySteps, fc.integer({ min: 1, max: 5 }), fc.nat(30), (steps, k, enough) => {
      const table = createTable(k, enough)
      const isOver = (among: Member[], peer: Member): boolean => over([...among, peer], bucketOf, PER_GROUP).includes(peer)
      const areEnough = (among: Member[]): boolean => kept(among, bucketOf, PER_GROUP).length >= enough

      steps.forEach(({ what, who }, now) => {
        const peer = AROUND[who]
        const before = live(table)
        const inBucket = before.filter(other => bucketOf(other) === bucketOf(peer))
        const candidates = waiting(table, bucketOf(peer)).reverse()
        let after = before

        if (what === 'alive') {
          const admission = table.onAlive(peer, now, { group: peer.group })

          if (before.includes(peer)) {
            expect(admission).to.equal('refreshed')
          } else if (isOver(before, peer) && areEnough(before)) {
            expect(admission).to.equal('crowded')
          } else if (inBucket.length < k) {
            expect(admission).to.equal('added')
            after = [...before, peer]
          } else {
            expect(admission).to.equal('waiting')
          }
        } else {
          const { removed, promoted } = what === 'remove' ? table.remove(peer.id, now) : table.onFailure(peer.id, peer.key, now)
          const staying = before.filter(other => other !== removed)
          const next = candidates.find(candidate => !isOver(staying, candidate)) ?? candidates.find(() => !areEnough(staying))

          expect(promoted).to.equal(removed == null ? undefined : next)
          after = promoted == null ? staying : [...staying, promoted]
        }

        expect(ids(live(table))).to.deep.equal(ids(after))
      })
    }), 60)
  })

  it('leaves out all who are over the limits when there are enough others, and else the last of them as far as others wait', () => {
    check(fc.property(anySteps, fc.integer({ min: 1, max: 5 }), fc.nat(30), (steps, k, enough) => {
      const table = createTable(k, enough)

      steps.forEach(({ what, who }, now) => {
        if (what === 'alive') {
          table.onAlive(AROUND[who], now, { group: AROUND[who].group })
        } else {
          table.remove(AROUND[who].id, now)
        }

        // a look at each step would cost more than it shows
        if (now % 4 === 0) {
          expect(ids(table.crowding())).to.have.members(ids(crowding(table, enough)))
        }
      })
    }), 60)
  })

  it('is never over the limits once those who crowd it are gone, when there are enough others', () => {
    check(fc.property(anySteps, fc.integer({ min: 1, max: 5 }), (steps, k) => {
      const table = createTable(k)

      steps.forEach(({ what, who }, now) => {
        const peer = AROUND[who]

        if (what === 'alive') {
          table.onAlive(peer, now, { group: peer.group })
        } else {
          table.remove(peer.id, now)
        }

        table.crowding().forEach(({ id }) => { table.remove(id, now) })
        const staying = kept(live(table), bucketOf, PER_GROUP)

        // a look at each step would cost more than it shows
        if (now % 8 === 0 && staying.length >= 2 * k) {
          expect(ids(live(table))).to.deep.equal(ids(staying))
        }
      })
    }), 60)
  })

  it('takes a small network of one group whole', () => {
    check(fc.property(fc.integer({ min: 1, max: 120 }), fc.integer({ min: 2, max: 20 }), (count, k) => {
      const table = createTable(k)
      const peers = AROUND.slice(0, count).map(peer => ({ ...peer, group: '1.2' }))
      offer(table, peers)
      const room = [...Map.groupBy(peers, bucketOf).values()].reduce((sum, { length }) => sum + Math.min(k, length), 0)

      expect(table.size).to.equal(room)
    }), 60)
  })

  it('keeps all of one group as long as there are too few others', () => {
    const table = createTable(4, 8)
    const group = membersAround('g', 3, 4, '1.2')
    // with three of the group they would be eight, and one is missing
    const others = membersAround('o', 7, 1).slice(4)
    offer(table, [...group, ...others])

    expect(ids(live(table))).to.deep.equal(ids([...group, ...others]))
    offer(table, members('last', 9, 1))
    expect(ids(live(table))).to.deep.equal(ids([group[0], group[1], group[4], ...others, ...members('last', 9, 1)]))
  })

  it('counts a bucket and the whole table, each by itself', () => {
    const table = createTable(20, 0)
    const [a, b, c, d] = [members('a', 0, 3, '1.2'), members('b', 1, 2, '1.2'), members('c', 2, 1, '1.2'), members('d', 2, 1, '1.3')]
    const admissions = [...a, ...b, ...c, ...d].map((peer, now) => table.onAlive(peer, now, { group: peer.group }))

    expect(admissions).to.deep.equal(['added', 'added', 'crowded', 'added', 'crowded', 'crowded', 'added'])
  })

  it('has a place for one of a group again when another one leaves', () => {
    const table = createTable(20, 0)
    const [first, second, third] = members('a', 0, 3, '1.2')
    offer(table, [first, second, third])
    expect(table.has(third.id)).to.equal(false)

    table.remove(first.id, 1)
    expect(table.onAlive(third, 2, { group: third.group })).to.equal('added')
  })

  it('promotes no candidate of a group that has its places by now, but the next', () => {
    const table = createTable(2, 0)
    const [live, other] = members('live', 0, 2)
    const [patient] = members('patient', 0, 1)
    const [crowded] = members('crowded', 0, 1, '1.2')
    offer(table, [live, other, patient, crowded, ...members('a', 1, 2, '1.2'), ...members('b', 2, 1, '1.2')])

    expect(table.remove(live.id, 9)).to.deep.equal({ removed: live, promoted: patient })
  })

  it('limits nobody of no group', () => {
    const table = createTable(20, 0)
    const peers = membersAround('lan', 4, 20).map(({ id, key }): Member => ({ id, key }))
    offer(table, peers)

    expect(table.size).to.equal(peers.length)
    expect(table.crowding()).to.deep.equal([])
  })
})

describe('an attacker who has any number of peers in one group', () => {
  const GROUP = '6.6'
  const k = 4
  const deepest = 6
  const honest = membersAround('honest', deepest, 2 * k)
  const attackers = membersAround('attacker', deepest + 4, 50, GROUP)

  it('gets no more than three places of a table, and nobody loses one to it', () => {
    const table = createTable(k)
    offer(table, honest)
    const before = live(table)
    offer(table, attackers)

    expect(ofGroup(live(table), GROUP).length).to.be.at.most(PER_GROUP.perTable)
    expect(live(table)).to.include.members(before)
  })

  it('does not drive out the candidates: whoever leaves is followed by somebody of another group', () => {
    const table = createTable(k)
    offer(table, honest)
    offer(table, attackers)

    for (const { entries } of [...table.buckets()]) {
      entries.slice(0, 2).forEach(({ peer }) => { table.remove(peer.id, 1_000) })
    }

    const inBuckets = Array.from({ length: deepest + 1 }, (_, cpl) => live(table).filter(peer => bucketOf(peer) === cpl).length)

    expect(inBuckets).to.deep.equal(inBuckets.map(() => k))
    expect(ofGroup(live(table), GROUP).length).to.be.at.most(PER_GROUP.perTable)
  })

  it('has no more either when it was there before everyone else, and had filled the buckets', () => {
    const table = createTable(k)
    offer(table, attackers)
    // they answer again, as peers do
    offer(table, [...honest, ...honest])

    expect(ofGroup(live(table), GROUP).length).to.be.at.most(PER_GROUP.perTable)
  })
})
