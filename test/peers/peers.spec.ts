import { expect } from 'aegir/chai'
import { commonPrefixLength } from '../../src/kademlia/key.ts'
import { TableStore } from '../../src/peers/table-store.ts'
import { contact } from '../helpers/contacts.ts'
import { falseTime, HOUR, MINUTE, SECOND } from '../helpers/false-time.ts'
import { ids, sortedTruth } from '../helpers/peer-keys.ts'
import { Inhabitant, World } from '../helpers/peers-world.ts'
import type { Contact } from '../../src/query/contact.ts'
import type { Clock } from '../helpers/false-time.ts'
import type { InhabitantInit } from '../helpers/peers-world.ts'

const KEEP_ALIVE = 'keep-alive-kad-dht'

/** What a seed may receive from a joiner in its first ten minutes. */
const MOST_FROM_JOINER = 3

/** So many with an address each. */
function contacts (from: number, count: number): Contact[] {
  return Array.from({ length: count }, (_, i) => contact(from + i, `/ip4/1.${(from + i) >> 8}.${(from + i) & 255}.1/tcp/4001`))
}

const SEEDS = contacts(1, 3)
const OTHERS = contacts(100, 60)

describe('the peers of a node', () => {
  let clock: Clock
  let world: World
  let nodes: Inhabitant[]

  beforeEach(() => {
    clock = falseTime()
    world = new World([...SEEDS, ...OTHERS])
    nodes = []
  })

  afterEach(() => {
    nodes.forEach(node => { node.stop() })
    clock.restore()
  })

  function start (init: Partial<InhabitantInit> = {}): Inhabitant {
    const node = new Inhabitant({ world, seeds: SEEDS, ...init })
    nodes.push(node)
    node.start()

    return node
  }

  async function load ({ datastore }: Inhabitant): Promise<Contact[]> {
    return new TableStore(datastore, { prefix: '/dht', most: 1_000, enough: 0 }).load()
  }

  /** How many of the 20 nearest the node knows. */
  function nearestKnown ({ table }: Inhabitant): number {
    return sortedTruth(world.alive, Inhabitant.self.key).slice(0, 20).filter(({ id }) => table.table.has(id)).length
  }

  describe('joining', () => {
    it('meets its neighbourhood through the seeds within seconds', async () => {
      const node = start()
      await clock.tickAsync(5 * SECOND)

      expect(nearestKnown(node)).to.equal(20)
      expect(node.joined).to.equal(1)
    })

    it('fills each bucket as far as there are peers for it', async () => {
      const node = start()
      await clock.tickAsync(5 * SECOND)
      const there = (cpl: number): number => world.alive.filter(({ id, key }) => {
        return !ids(SEEDS).includes(id) && commonPrefixLength(Inhabitant.self.key, key) === cpl
      }).length
      const held = new Map([...node.table.table.buckets()].map(({ commonPrefixLength, entries }) => [commonPrefixLength, entries.length]))

      for (const cpl of [0, 1, 2, 3]) {
        expect(held.get(cpl) ?? 0).to.be.at.least(Math.min(20, there(cpl)))
      }
    })

    it('costs each seed no more than three requests in ten minutes', async () => {
      const node = start()
      await clock.tickAsync(10 * MINUTE - SECOND)

      expect(Math.max(...world.requestsTo(SEEDS))).to.be.within(1, MOST_FROM_JOINER)
      expect(nearestKnown(node)).to.equal(20)
    })

    it('costs a seed no more when it is the only one there, or when all the others are dead', async () => {
      const [seed] = SEEDS
      world.kill([...SEEDS.slice(1), ...OTHERS])
      const node = start()
      await clock.tickAsync(10 * MINUTE - SECOND)

      expect(world.requestsTo([seed])[0]).to.be.within(1, MOST_FROM_JOINER)
      expect(node.table.size).to.equal(1)
    })

    it('finds the others, who came later, within the next refresh', async () => {
      world.kill([...SEEDS.slice(1), ...OTHERS])
      const node = start()
      await clock.tickAsync(MINUTE)
      world.revive(OTHERS)
      await clock.tickAsync(25 * MINUTE)

      expect(nearestKnown(node)).to.equal(20)
    })

    it('goes on trying while nobody is there', async () => {
      world.kill([...SEEDS, ...OTHERS])
      const node = start()
      await clock.tickAsync(10 * MINUTE)
      expect(node.table.size).to.equal(0)
      world.revive([...SEEDS, ...OTHERS])
      await clock.tickAsync(2 * MINUTE)

      expect(nearestKnown(node)).to.equal(20)
    })

    it('needs no seed when a peer says that it serves', async () => {
      const node = start({ seeds: [] })
      node.peers.onServer(OTHERS[0])
      await clock.tickAsync(5 * SECOND)

      expect(nearestKnown(node)).to.equal(20)
    })

    it('does not ask oneself, though one is in the list of seeds that all nodes have', async () => {
      world.kill(OTHERS)
      world.kill(SEEDS)
      start({ seeds: [Inhabitant.self] })
      await clock.tickAsync(10 * MINUTE)

      expect(world.requestsTo([Inhabitant.self])).to.deep.equal([0])
    })
  })

  describe('a node that is restarted with its data', () => {
    it('rejoins within seconds with every seed dead', async () => {
      const before = start()
      await clock.tickAsync(5 * MINUTE)
      before.stop()
      world.kill(SEEDS)
      const node = start({ datastore: before.datastore })
      await clock.tickAsync(5 * SECOND)

      expect(nearestKnown(node)).to.equal(20)
    })

    it('asks no seed anything in its first ten minutes', async () => {
      const before = start()
      await clock.tickAsync(5 * MINUTE)
      before.stop()
      const asked = world.requestsTo(SEEDS)
      const node = start({ datastore: before.datastore })
      await clock.tickAsync(10 * MINUTE - SECOND)

      expect(world.requestsTo(SEEDS)).to.deep.equal(asked)
      world.kill(SEEDS)
      expect(nearestKnown(node)).to.equal(20)

      // afterwards they are peers like all others
      world.revive(SEEDS)
      await clock.tickAsync(10 * MINUTE)
      expect(nearestKnown(node)).to.equal(20)
    })

    it('rejoins when it was killed as soon as it had joined', async () => {
      const before = start()
      await clock.tickAsync(5 * SECOND)
      before.stop()
      world.kill(SEEDS)
      const node = start({ datastore: before.datastore })
      await clock.tickAsync(5 * SECOND)

      expect(nearestKnown(node)).to.equal(20)
    })

    it('rejoins through the seeds when everyone else has gone', async () => {
      const before = start()
      await clock.tickAsync(5 * MINUTE)
      before.stop()
      world.kill(OTHERS)
      const node = start({ datastore: before.datastore })
      await clock.tickAsync(30 * SECOND)

      expect(SEEDS.some(({ id }) => node.table.table.has(id))).to.equal(true)
    })

    it('rejoins within seconds when two thirds of those of the last time have gone', async () => {
      const before = start()
      await clock.tickAsync(5 * MINUTE)
      before.stop()
      world.kill([...SEEDS, ...OTHERS.slice(0, 40)])
      const node = start({ datastore: before.datastore })
      await clock.tickAsync(15 * SECOND)

      expect(nearestKnown(node)).to.equal(20)
    })
  })

  describe('the saved table', () => {
    it('has the nearest first, each with its addresses', async () => {
      const node = start()
      await clock.tickAsync(5 * MINUTE)
      await node.peers.save()
      const saved = await load(node)

      expect(saved.length).to.equal(node.table.size)
      expect(ids(saved)).to.deep.equal(ids(sortedTruth(saved, Inhabitant.self.key)))
      expect(saved.every(({ addrs }) => addrs.length === 1)).to.equal(true)
    })

    it('is written when the table has changed, once a minute at most, and not when it has not', async () => {
      const node = start()
      await clock.tickAsync(30 * MINUTE)
      await node.peers.save()
      let writes = 0
      const { put } = node.datastore
      node.datastore.put = async (...args) => {
        writes++

        return put.call(node.datastore, ...args)
      }
      await clock.tickAsync(5 * MINUTE)
      expect(writes).to.equal(0)

      const [first] = [...node.table.table.entries()]
      node.table.remove(first.peer.id)
      node.table.onAlive(first.peer)
      await clock.tickAsync(MINUTE)
      expect(writes).to.equal(1)
      await clock.tickAsync(MINUTE)
      expect(writes).to.equal(1)
    })

    it('has addresses that were learned only after the table had changed for the last time', async () => {
      const node = start({ learnsAddresses: false })
      await clock.tickAsync(2.5 * MINUTE)
      expect(node.table.size).to.be.above(20)
      OTHERS.forEach(peer => { node.learnAddresses(peer) })
      await clock.tickAsync(2 * MINUTE)

      expect((await load(node)).length).to.be.above(20)
    })

    it('keeps those of earlier times when the network is gone', async () => {
      const node = start()
      await clock.tickAsync(5 * MINUTE)
      const before = await load(node)
      world.kill([...SEEDS, ...OTHERS])
      await clock.tickAsync(6 * HOUR)

      expect(node.table.size).to.equal(0)
      expect((await load(node)).length).to.be.at.least(Math.min(40, before.length))
    })

    it('is not harmed by a datastore that fails, nor is anything else', async () => {
      const node = start()
      await clock.tickAsync(5 * MINUTE)
      const { put } = node.datastore
      node.datastore.put = async () => { throw new Error('the disk is full') }
      node.table.remove([...node.table.table.entries()][0].peer.id)
      await clock.tickAsync(5 * MINUTE)
      node.datastore.put = put
      await clock.tickAsync(MINUTE + SECOND)

      expect(ids(await load(node))).to.have.members(ids([...node.table.table.entries()].map(({ peer }) => peer)))
    })
  })

  describe('peers that say that they serve', () => {
    it('are asked, and enter when they answer', async () => {
      const node = start({ seeds: [] })
      world.kill([OTHERS[1]])
      node.peers.onServer(OTHERS[0])
      node.peers.onServer(OTHERS[1])
      await clock.tickAsync(ANSWERED)

      expect(node.table.table.has(OTHERS[0].id)).to.equal(true)
      expect(node.table.table.has(OTHERS[1].id)).to.equal(false)
    })

    it('are not asked when they are in the table, nor when they are seeds', async () => {
      const node = start()
      await clock.tickAsync(5 * MINUTE)
      const probes = node.probed.length
      ;[...SEEDS, ...[...node.table.table.entries()].map(({ peer }) => peer)].forEach(peer => { node.peers.onServer(peer) })
      expect(node.peers.pendingProbes('new')).to.equal(0)
      await clock.tickAsync(ANSWERED)

      expect(node.probed).to.have.lengthOf(probes)
    })

    it('are not asked when there is no place for them, and enough others wait already', async () => {
      const node = start({ seeds: [], k: 2 })
      OTHERS.forEach(peer => { node.peers.onServer(peer) })
      await clock.tickAsync(5 * MINUTE)
      const far = contacts(1_000, 100).filter(({ key }) => commonPrefixLength(Inhabitant.self.key, key) < 3)
      world.revive(far)
      const probes = node.probed.length
      far.forEach(peer => { node.peers.onServer(peer) })

      expect(far.length).to.be.above(50)
      expect(node.peers.pendingProbes('new')).to.equal(0)
      await clock.tickAsync(ANSWERED)
      expect(node.probed).to.have.lengthOf(probes)
    })

    it('make no storm, however many come at once', async () => {
      const node = start({ seeds: [] })
      world.kill([...SEEDS, ...OTHERS])
      const crowd = Array.from({ length: 10_000 }, (_, i) => contact(10_000 + i))
      crowd.forEach(peer => { node.peers.onServer(peer) })
      expect(node.peers.pendingProbes('new')).to.equal(120)
      expect(node.dropped).to.have.lengthOf(10_000 - 120)
      await clock.tickAsync(5 * MINUTE)

      expect(world.requests).to.have.lengthOf(120)
      expect(node.peers.pendingProbes('new')).to.equal(0)
    })
  })

  describe('their tags', () => {
    it('keep the nearest 20 that are alive connected, whoever they are', async () => {
      const node = start()
      await clock.tickAsync(5 * MINUTE)
      const nearest = sortedTruth(world.alive, Inhabitant.self.key)
      expect(node.tagged(KEEP_ALIVE)).to.have.members(ids(nearest.slice(0, 20)))
      expect(node.tagged('kad-peer')).to.have.members(ids([...node.table.table.entries()].map(({ peer }) => peer)))

      world.kill(nearest.slice(0, 5))
      await clock.tickAsync(3 * HOUR)
      expect(node.tagged(KEEP_ALIVE)).to.have.members(ids(nearest.slice(5, 25)))
      expect(nearest.slice(0, 5).every(({ id }) => node.tags.get(id)?.size === 0)).to.equal(true)
    })

    it('are written when the table changes: looking up in a warm network writes nothing', async () => {
      const node = start()
      await clock.tickAsync(20 * MINUTE)
      const { tagWrites } = node
      const { length } = world.requests
      await clock.tickAsync(2 * HOUR)

      expect(world.requests.length).to.be.above(length + 100)
      expect(node.tagWrites).to.equal(tagWrites)
    })

    it('are few while the node joins, though who is nearest changes with each answer', async () => {
      const node = start()
      await clock.tickAsync(MINUTE)

      // one each for entering, and one each for the nearest
      expect(node.tagWrites).to.be.at.most(node.table.size + 30)
    })
  })

  describe('upkeep', () => {
    it('drops the dead and keeps the living', async () => {
      const node = start()
      await clock.tickAsync(10 * MINUTE)
      const dead = OTHERS.filter((_, i) => i % 3 === 0)
      world.kill(dead)
      await clock.tickAsync(3 * HOUR)
      const left = ids([...node.table.table.entries()].map(({ peer }) => peer))

      expect(dead.filter(({ id }) => left.includes(id))).to.deep.equal([])
      expect(nearestKnown(node)).to.equal(20)
    })

    it('asks few for buckets that lack nobody', async () => {
      const node = start()
      await clock.tickAsync(20 * MINUTE)
      const { length } = world.requests
      const looking = node.peers.refresh()
      await clock.tickAsync(ANSWERED)
      await looking

      // its own neighbourhood, and three for each bucket that this has not met whole
      expect(world.requests.length - length).to.be.within(20, 2 * 20)
    })

    it('fills the buckets though whoever was to tell of peers is dead', async () => {
      const node = start()
      await clock.tickAsync(20 * MINUTE)
      const known = [...node.table.table.entries()].map(({ peer }) => peer)
      const [survivor, ...dead] = known
      world.kill(dead)
      const newcomers = contacts(1_000, 60)
      world.revive(newcomers)
      await clock.tickAsync(HOUR)

      expect(nearestKnown(node)).to.equal(20)
      expect(node.table.table.has(survivor.id)).to.equal(true)
    })

    it('loses nobody when the network is away for less than a minute', async () => {
      const node = start()
      await clock.tickAsync(10 * MINUTE)
      const before = ids([...node.table.table.entries()].map(({ peer }) => peer))
      const everyone = world.alive
      world.kill(everyone)
      await clock.tickAsync(20 * SECOND)
      world.revive(everyone)
      await clock.tickAsync(5 * MINUTE)

      expect(ids([...node.table.table.entries()].map(({ peer }) => peer))).to.have.members(before)
    })

    it('rejoins by itself when the network was away for long', async () => {
      const node = start()
      await clock.tickAsync(10 * MINUTE)
      const everyone = world.alive
      world.kill(everyone)
      await clock.tickAsync(6 * HOUR)
      expect(node.table.size).to.equal(0)
      world.revive(everyone.filter(({ id }) => !ids(SEEDS).includes(id)))
      await clock.tickAsync(3 * MINUTE)

      expect(nearestKnown(node)).to.equal(20)
      expect(node.joined).to.equal(2)
    })

    it('costs less than a request a second', async () => {
      start()
      await clock.tickAsync(HOUR)
      const { length } = world.requests
      await clock.tickAsync(6 * HOUR)

      expect(world.requests.length - length).to.be.below(6 * 3_600)
    })
  })

  describe('that are stopped', () => {
    function leaveNothing (name: string, ms: number): void {
      it(`leave no timer and ask nobody any more, ${name}`, async () => {
        const node = start()
        await clock.tickAsync(ms)
        node.peers.onServer(contact(5_000))
        node.stop()
        await clock.tickAsync(0)
        const { length } = world.requests
        expect(clock.countTimers()).to.equal(0)
        await clock.tickAsync(HOUR)

        expect(world.requests).to.have.lengthOf(length)
      })
    }

    leaveNothing('at once', 0)
    leaveNothing('while the seeds are asked', 10)
    leaveNothing('while the node joins', 50)
    leaveNothing('at rest', 20 * MINUTE)

    it('leave no timer either when they were started twice', async () => {
      const node = start()
      node.start()
      await clock.tickAsync(MINUTE)
      node.stop()
      await clock.tickAsync(0)

      expect(clock.countTimers()).to.equal(0)
    })

    it('can be started again with the table that they had, and ask others than the seeds', async () => {
      const node = start()
      await clock.tickAsync(20 * MINUTE)
      const asked = world.requestsTo(SEEDS)
      node.stop()
      world.kill(OTHERS.slice(0, 20))
      const newcomers = contacts(1_000, 20)
      world.revive(newcomers)
      node.start()
      await clock.tickAsync(9 * MINUTE)

      expect(world.requestsTo(SEEDS)).to.deep.equal(asked)
      expect(nearestKnown(node)).to.be.at.least(19)
    })
  })
})

/** After so long everyone has answered or will not, ms. */
const ANSWERED = 15 * SECOND
