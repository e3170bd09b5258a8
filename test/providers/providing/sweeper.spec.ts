import { expect } from 'aegir/chai'
import { MemoryDatastore } from 'datastore-core'
import { keyOf } from '../../../src/kademlia/key.ts'
import { cellOf, CELLS } from '../../../src/providers/providing/cells.ts'
import { cidsOf } from '../../helpers/content.ts'
import { falseTime, HOUR, MINUTE, SECOND } from '../../helpers/false-time.ts'
import { CYCLE, multihashesOf, peers, ProvidingWorld } from '../../helpers/providing-world.ts'
import { pick, randomNumbers, SEED } from '../../helpers/random.ts'
import type { Clock } from '../../helpers/false-time.ts'
import type { ProvidingWorldInit } from '../../helpers/providing-world.ts'
import type { CID } from 'multiformats/cid'

/** By chance it is so much late, and looks again so long after when there was nobody to tell, ms. */
const LATE = 80 * SECOND
const LOOKS_AGAIN = 60 * SECOND

const DAY = 24 * HOUR

describe('the sweep', function () {
  this.timeout(60_000)

  let clock: Clock
  let random: () => number

  beforeEach(() => {
    clock = falseTime()
    random = randomNumbers(SEED)
  })
  afterEach(() => { clock.restore() })

  function createWorld (init: Partial<ProvidingWorldInit> = {}): ProvidingWorld {
    return new ProvidingWorld({ peers: peers(50), random, ...init })
  }

  /** When the place of a key in the key space has its turn next, unix ms. */
  function turnOf (world: ProvidingWorld, { multihash }: CID): number {
    const offset = CYCLE * (cellOf(keyOf(multihash.bytes)) + cellOf(world.self.key)) / CELLS

    return offset + Math.ceil((Date.now() - offset) / CYCLE) * CYCLE
  }

  it('announces new keys at once, and all of them in one go', async () => {
    const world = createWorld()
    const cids = cidsOf(300, random)
    world.providers.start()
    await world.providers.providing.add(cids)
    await clock.tickAsync(SECOND)
    await world.providers.stop()

    multihashesOf(cids).forEach(multihash => { expect(world.holders(multihash)).to.have.members(world.nearest(multihash)) })
    expect(world.lookups.length).to.be.below(30)
    expect(world.told).to.have.lengthOf(300 * 20)
  })

  it('is spread evenly over the cycle where the network is large', async () => {
    const world = createWorld({ peers: peers(300), size: { peers: 10_000, error: 0.05 } })
    const cids = cidsOf(500, random)
    world.providers.start()
    await world.providers.providing.add(cids)
    await clock.tickAsync(2 * CYCLE)
    const from = Date.now()
    world.told.length = 0
    await clock.tickAsync(CYCLE)
    await world.providers.stop()

    const times = cids.flatMap(({ multihash }) => world.announcements(multihash.bytes)).sort((a, b) => a - b)
    const parts = Array.from({ length: 22 }, (_, i) => times.filter(at => Math.floor((at - from) / HOUR) === i).length)
    const gaps = [...times, from + CYCLE].map((at, i) => at - (times[i - 1] ?? from))
    expect(times).to.have.lengthOf(500)
    parts.forEach(count => { expect(count).to.be.within(6, 46) })
    expect(Math.max(...gaps)).to.be.below(40 * MINUTE)
  })

  it('announces a key that was announced at any moment of the cycle again, no later than a cycle and a quarter after', async () => {
    for (let i = 0; i < 24; i++) {
      const world = createWorld()
      const [cid] = cidsOf(1, random)
      world.providers.start()
      await clock.tickAsync(i * CYCLE / 24)
      await world.providers.provide(cid.multihash.bytes, { signal: new AbortController().signal })
      await clock.tickAsync(4 * CYCLE)
      await world.providers.stop()

      const times = world.announcements(cid.multihash.bytes)
      const gaps = times.slice(1).map((at, i) => at - times[i])
      expect(times.length, `announcements in four cycles, from ${i} / 24 on`).to.be.within(4, 6)
      expect(Math.max(...gaps)).to.be.at.most(1.25 * CYCLE + LATE)
    }
  })

  it('announces each key at its own moment of the cycle, whatever it does else', async () => {
    const world = createWorld({ size: { peers: 100_000, error: 0.05 } })
    const cids = cidsOf(20, random)
    world.providers.start()
    await world.providers.providing.add(cids)
    await clock.tickAsync(2 * CYCLE)

    for (const cid of cids) {
      const turn = turnOf(world, cid)
      await clock.tickAsync(turn - Date.now() + LATE)
      const [last] = world.announcements(cid.multihash.bytes).slice(-1)
      expect(last).to.be.within(turn, turn + LATE)
    }

    await world.providers.stop()
  })

  it('catches up with all at once after days of being off, and with the longest overdue first', async () => {
    const world = createWorld({ size: { peers: 100_000, error: 0.05 } })
    const cids = cidsOf(200, random)
    world.providers.start()
    await world.providers.providing.add(cids)
    await clock.tickAsync(2 * CYCLE)
    await world.providers.stop()
    await clock.tickAsync(5 * DAY)

    const again = world.restarted()
    const turns = new Map(cids.map(cid => [cid, turnOf(again, cid)]))
    again.providers.start()
    await clock.tickAsync(MINUTE)
    const { keys, due, lag, progress } = again.providers.providing.status()
    expect({ keys, due, lag }).to.deep.equal({ keys: 200, due: 0, lag: 0 })
    expect(progress).to.be.within(0, 1)
    // what has its turn next was announced longest ago
    const told = [...new Set(again.told.map(({ multihash }) => multihash))]
    const expected = [...turns].sort(([, a], [, b]) => a - b).map(([{ multihash }]) => Buffer.from(multihash.bytes).toString('hex'))
    const isSorted = told.every((name, i) => Math.abs(expected.indexOf(name) - i) <= 2)
    expect(told).to.have.lengthOf(200)
    expect(isSorted).to.equal(true)
    await again.providers.stop()
  })

  it('tells how it stands: what is due and how late, what comes when, how far the cycle is', async () => {
    const world = createWorld({ size: { peers: 100_000, error: 0.05 } })
    const { providing } = world.providers
    const [cid] = cidsOf(1, random)
    expect(providing.status()).to.deep.include({ state: 'stopped', keys: 0, due: 0, lag: 0, nextAt: undefined, announced: 0 })
    world.providers.start()
    await clock.tickAsync(SECOND)
    expect(providing.status()).to.include({ state: 'waiting', keys: 0 })
    world.online = false
    await providing.add([cid])
    expect(providing.status()).to.deep.include({ state: 'offline', keys: 1, due: 1, neverAnnounced: 1, lag: 0, nextAt: undefined })
    world.online = true
    await clock.tickAsync(LOOKS_AGAIN + LATE)
    const turn = turnOf(world, cid)
    const isFresh = Date.now() > turn - CYCLE / 4
    expect(providing.status()).to.deep.include({ state: 'waiting', keys: 1, due: 0, neverAnnounced: 0, lag: 0, announced: 1, records: 20, nextAt: isFresh ? turn + CYCLE : turn })

    await clock.tickAsync(turn - Date.now() - HOUR)
    const { progress } = providing.status()
    expect(progress).to.be.closeTo(((cellOf(keyOf(cid.multihash.bytes)) / CELLS) - 1 / 22 + 1) % 1, 0.001)

    world.online = false
    await clock.tickAsync(HOUR + 3 * CYCLE)
    expect(providing.status()).to.deep.include({ state: 'offline', due: 1, lag: Date.now() - (isFresh ? turn + CYCLE : turn) })
    await world.providers.stop()
    expect(providing.status().state).to.equal('stopped')
  })

  it('waits while there is nobody to tell, without looking all the time, and goes on when there is', async () => {
    const world = createWorld({ random: () => 0 })
    const cids = cidsOf(500, random)
    let looks = 0
    world.providers.start()
    await clock.tickAsync(SECOND)
    Object.defineProperty(world, 'online', { get: () => { looks++; return false }, set: () => {}, configurable: true })
    await world.providers.providing.add(cids)
    await clock.tickAsync(DAY)
    expect(looks).to.be.below(10 * 24 * 60)
    expect(world.lookups).to.have.lengthOf(0)
    Object.defineProperty(world, 'online', { value: true, writable: true })
    world.providers.announce()
    await clock.tickAsync(SECOND)
    await world.providers.stop()
    multihashesOf(cids).forEach(multihash => { expect(world.holders(multihash)).to.have.lengthOf(20) })
  })

  it('goes on without being told so when there is a peer again', async () => {
    const world = createWorld()
    const cids = cidsOf(5, random)
    world.online = false
    world.providers.start()
    await world.providers.providing.add(cids)
    await clock.tickAsync(DAY)
    world.online = true
    await clock.tickAsync(LOOKS_AGAIN + LATE)
    await world.providers.stop()
    expect(world.told).to.have.lengthOf(100)
  })

  it('waits while it has no address, says so, and goes on when it has one', async () => {
    const world = createWorld()
    const { providing } = world.providers
    const cids = cidsOf(5, random)
    world.addresses = []
    world.providers.start()
    await providing.add(cids)
    await clock.tickAsync(DAY)
    expect(providing.status()).to.include({ state: 'no address', neverAnnounced: 5 })
    await expect(providing.announce()).to.eventually.be.rejectedWith('no address').with.property('name', 'QueryError')
    expect(world.lookups).to.have.lengthOf(0)
    world.addresses = ['/ip4/1.2.3.4/tcp/4001']
    world.providers.announce()
    await clock.tickAsync(SECOND)
    await world.providers.stop()
    expect(world.told).to.have.lengthOf(100)
  })

  it('asks now and then and not all the time while no peer answers, and everything at once when it is told that there is somebody', async () => {
    const world = createWorld({ random: () => 0 })
    const cids = cidsOf(500, random)
    world.answers = () => false
    world.providers.start()
    await world.providers.providing.add(cids)
    await clock.tickAsync(DAY)
    expect(world.lookups.length).to.be.within(24, 2 * 24 * 60)
    world.answers = () => true
    world.providers.announce()
    await clock.tickAsync(SECOND)
    await world.providers.stop()
    multihashesOf(cids).forEach(multihash => { expect(world.holders(multihash)).to.have.lengthOf(20) })
  })

  it('tries what failed again a minute later, and twice as long after each time, an hour at the most', async () => {
    const world = createWorld({ random: () => 0 })
    const [cid] = cidsOf(1, random)
    world.onLookup = () => { throw new Error('it failed') }
    world.providers.start()
    await world.providers.providing.add([cid])
    await clock.tickAsync(5 * HOUR)
    const { failed, error, due } = world.providers.providing.status()
    const times = world.lookups.map(({ at }) => at)
    const gaps = times.slice(1).map((at, i) => Math.round((at - times[i]) / MINUTE))
    await world.providers.stop()
    expect(gaps).to.deep.equal([1, 2, 4, 8, 16, 32, 60, 60, 60])
    expect({ failed, error, due }).to.deep.equal({ failed: 10, error: 'it failed', due: 1 })
  })

  it('does not hold up other keys for one that fails again and again', async () => {
    const world = createWorld()
    const cids = cidsOf(100, random)
    const [victim] = multihashesOf(cids)
    // every peer near it refuses
    const nearest = new Set(world.nearest(victim))
    world.onSend = to => {
      if (nearest.has(to.id)) {
        throw new Error('refused')
      }
    }
    world.providers.start()
    await world.providers.providing.add(cids)
    await clock.tickAsync(MINUTE)
    world.onSend = () => {}
    await clock.tickAsync(3 * HOUR)
    // to those that are nearest after them, and in time to themselves
    multihashesOf(cids).forEach(multihash => { expect(world.holders(multihash).length).to.be.at.least(10) })
    await clock.tickAsync(1.25 * CYCLE)
    await world.providers.stop()
    expect(world.holders(victim)).to.include.members(world.nearest(victim))
  })

  it('announces a new key at once where others have failed a moment ago', async () => {
    const world = createWorld({ peers: peers(10) })
    const cell = ({ multihash }: CID): number => cellOf(keyOf(multihash.bytes))
    const [first, second] = cidsOf(400, random).map((cid, i, all) => [cid, all.slice(i + 1).find(other => cell(other) === cell(cid))]).find(([, other]) => other != null) as CID[]
    world.onSend = () => { throw new Error('refused') }
    world.providers.start()
    await world.providers.providing.add([first])
    await clock.tickAsync(10 * MINUTE)
    world.onSend = () => {}
    world.told.length = 0
    await world.providers.providing.add([second])
    await clock.tickAsync(SECOND)
    await world.providers.stop()

    expect(world.holders(second.multihash.bytes)).to.have.lengthOf(10)
  })

  it('goes on with all other keys, and later with these, while what it has done cannot be written', async () => {
    const datastore = new MemoryDatastore()
    const world = createWorld({ datastore, size: { peers: 100_000, error: 0.05 }, random: () => 0 })
    const { providing } = world.providers
    const cids = cidsOf(50, random)
    world.providers.start()
    world.online = false
    await providing.add(cids)
    world.online = true
    let isFull = true
    const batch = datastore.batch.bind(datastore)
    datastore.batch = () => {
      const real = batch()

      return {
        ...real,
        commit: async options => {
          if (isFull) {
            throw new Error('the disk is full')
          }

          await real.commit(options)
        }
      }
    }
    await expect(providing.announce()).to.eventually.be.rejectedWith('the disk is full')
    await clock.tickAsync(4 * HOUR)
    expect(providing.status()).to.include({ error: 'the disk is full', announced: 0, neverAnnounced: 50 })

    for (const { multihash } of cids) {
      // announced all the same, and each not all the time
      expect(world.announcements(multihash.bytes).length).to.be.within(1, 12)
    }

    isFull = false
    await clock.tickAsync(2 * HOUR)
    await world.providers.stop()
    expect(providing.status()).to.include({ announced: 50, neverAnnounced: 0 })
  })

  it('reads what is provided later when it cannot at the start', async () => {
    const datastore = new MemoryDatastore()
    const before = createWorld({ datastore, peers: [] })
    const cids = cidsOf(5, random)
    before.providers.start()
    await before.providers.providing.add(cids)
    await before.providers.stop()
    const world = createWorld({ datastore })
    const { has } = datastore
    datastore.has = () => { throw new Error('the disk does not answer') }
    world.providers.start()
    await clock.tickAsync(10 * MINUTE)
    expect(world.providers.providing.status()).to.include({ keys: 0, error: 'the disk does not answer' })
    datastore.has = has
    await clock.tickAsync(10 * MINUTE)
    await world.providers.stop()
    expect(world.told).to.have.lengthOf(100)
  })

  it('announces what was announced at a time that is still to come, for the clock was wrong', async () => {
    const world = createWorld({ random: () => 0 })
    const cids = cidsOf(10, random)
    const now = Date.now()
    clock.setSystemTime(now + 3_650 * DAY)
    world.providers.start()
    await world.providers.providing.add(cids)
    await clock.tickAsync(MINUTE)
    await world.providers.stop()
    clock.setSystemTime(now)
    const again = world.restarted()
    again.providers.start()
    await clock.tickAsync(2 * CYCLE)
    await again.providers.stop()
    multihashesOf(cids).forEach(multihash => { expect(again.announcements(multihash).length).to.be.within(1, 3) })
  })

  it('does not take a key for announced when a lookup has found only a few of many peers', async () => {
    const world = createWorld({ peers: peers(100) })
    const cids = cidsOf(100, random)
    const few = new Set(world.peers.slice(0, 3).map(({ id }) => id))
    world.answers = ({ id }) => few.has(id)
    world.providers.start()
    await world.providers.providing.add(cids)
    await clock.tickAsync(SECOND)
    expect(world.providers.providing.status()).to.include({ announced: 0, failed: 100 })
    world.answers = () => true
    await clock.tickAsync(HOUR)
    await world.providers.stop()
    multihashesOf(cids).forEach(multihash => { expect(world.holders(multihash)).to.include.members(world.nearest(multihash)) })
  })

  it('stops in the middle of it at once, leaves no timer, and goes on where it was when it is started anew', async () => {
    for (let i = 0; i < 10; i++) {
      const world = createWorld({ size: { peers: 100_000, error: 0.05 } })
      const cids = cidsOf(60, random)
      const stopAt = pick(random, 60)
      let lookups = 0
      world.providers.start()
      world.onLookup = async () => {
        if (lookups++ >= stopAt) {
          void world.providers.stop()
        }
      }
      await world.providers.providing.add(cids)
      await clock.tickAsync(SECOND)
      await world.providers.stop()
      expect(clock.countTimers()).to.equal(0)
      const told = world.told.length
      await clock.tickAsync(HOUR)
      expect(world.told).to.have.lengthOf(told)
      const done = world.providers.providing.status().announced
      const again = world.restarted()
      again.providers.start()
      await clock.tickAsync(SECOND)
      await again.providers.stop()
      expect(done + again.providers.providing.status().announced).to.equal(60)
      multihashesOf(cids).forEach(multihash => { expect(new Set([...world.holders(multihash), ...again.holders(multihash)])).to.have.property('size', 20) })
    }
  })

  it('is the same node when it is stopped and started again, and tells nobody in between', async () => {
    const world = createWorld()
    const { providing } = world.providers
    const [first, second] = cidsOf(2, random)
    world.providers.start()
    world.providers.start()
    await providing.add([first])
    await clock.tickAsync(SECOND)
    await world.providers.stop()
    await world.providers.stop()
    await providing.add([second])
    await clock.tickAsync(2 * CYCLE)
    expect(world.announcements(first.multihash.bytes)).to.have.lengthOf(1)
    expect(world.announcements(second.multihash.bytes)).to.have.lengthOf(0)
    world.providers.start()
    await clock.tickAsync(SECOND)
    await world.providers.stop()
    expect(world.announcements(first.multihash.bytes)).to.have.lengthOf(2)
    expect(world.announcements(second.multihash.bytes)).to.have.lengthOf(1)
    expect(providing.status()).to.include({ keys: 2, neverAnnounced: 0 })
  })

  it('counts what is changed before the start once', async () => {
    const datastore = new MemoryDatastore()
    const before = createWorld({ datastore })
    const cids = cidsOf(10, random)
    before.providers.start()
    await before.providers.providing.add(cids.slice(0, 5))
    await before.providers.stop()
    const world = before.restarted()
    const { providing } = world.providers
    await providing.remove(cids.slice(0, 2))
    await providing.add(cids.slice(5))
    world.providers.start()
    await clock.tickAsync(SECOND)
    await world.providers.stop()
    expect(providing.status()).to.include({ keys: 8, neverAnnounced: 0, due: 0 })
  })
})
