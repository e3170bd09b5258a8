import { expect } from 'aegir/chai'
import { MemoryDatastore } from 'datastore-core'
import { Key } from 'interface-datastore/key'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import * as Digest from 'multiformats/hashes/digest'
import { identity } from 'multiformats/hashes/identity'
import { sha256 } from 'multiformats/hashes/sha2'
import * as varint from 'uint8-varint'
import { toString as uint8ArrayToString } from 'uint8arrays/to-string'
import { keyOf } from '../../../src/kademlia/key.ts'
import { sleep } from '../../../src/query/sleep.ts'
import { NotSentError } from '../../../src/wire/errors.ts'
import { toPeerId } from '../../../src/wire/peer.ts'
import { cidsOf } from '../../helpers/content.ts'
import { FailingDatastore } from '../../helpers/failing-datastore.ts'
import { falseTime, HOUR, MINUTE, SECOND } from '../../helpers/false-time.ts'
import { multihashesOf, peers, ProvidingWorld } from '../../helpers/providing-world.ts'
import { randomBytes, randomNumbers, SEED } from '../../helpers/random.ts'
import type { Clock } from '../../helpers/false-time.ts'
import type { ProvidingWorldInit } from '../../helpers/providing-world.ts'
import type { Datastore } from 'interface-datastore'
import type { MultihashDigest } from 'multiformats/hashes/interface'

const DAY = 24 * HOUR

/** The code of another hash than SHA2-256. */
const BLAKE3 = 0x1e

/** It looks again at the latest after so long, ms. */
const LONGEST_WAIT = 10 * MINUTE

describe('what is provided, in hardship', function () {
  this.timeout(60_000)

  let clock: Clock
  let random: () => number
  let signal: AbortSignal

  beforeEach(() => {
    clock = falseTime()
    random = randomNumbers(SEED)
    signal = new AbortController().signal
  })
  afterEach(() => { clock.restore() })

  function createWorld (init: Partial<ProvidingWorldInit> = {}): ProvidingWorld {
    return new ProvidingWorld({ peers: peers(50), ...init })
  }

  /** How many of those that are to be told of each key were told. */
  function reached (world: ProvidingWorld, cids: readonly CID[]): number[] {
    return multihashesOf(cids).map(multihash => {
      const holders = new Set(world.holders(multihash))

      return world.nearest(multihash).filter(id => holders.has(id)).length
    })
  }

  /** Stops it though what it does takes time. */
  async function stop (world: ProvidingWorld): Promise<void> {
    const stopped = world.providers.stop()
    await clock.tickAsync(10 * SECOND)
    await stopped
  }

  /** Calls it before each batch is written, and with true when it was. */
  function watchBatches (datastore: Datastore, onBatch: (isWritten: boolean) => void): void {
    const { batch } = datastore
    datastore.batch = () => {
      const real = batch.call(datastore)

      return {
        put: real.put.bind(real),
        delete: real.delete.bind(real),
        commit: async options => {
          onBatch(false)
          await real.commit(options)
          onBatch(true)
        }
      }
    }
  }

  /** So many whose keys begin with the same hexadecimal digits: with one they are read together, with three they fail together. */
  function neighbours (count: number, digits: number, create: () => MultihashDigest): CID[] {
    const cids: CID[] = []

    while (cids.length < count) {
      const digest = create()

      if (keyOf(digest.bytes)[0] >>> (32 - 4 * digits) === 7) {
        cids.push(CID.createV1(raw.code, digest))
      }
    }

    return cids
  }

  describe('by the clock', () => {
    it('is announced within minutes when the computer wakes from a sleep in which it has lapsed', async () => {
      const world = createWorld()
      const [cid] = cidsOf(1, random)
      world.providers.start()
      await world.providers.providing.add([cid])
      await clock.tickAsync(MINUTE)
      // timers stand still meanwhile
      clock.setSystemTime(Date.now() + 40 * HOUR)
      const woken = Date.now()
      await clock.tickAsync(LONGEST_WAIT + MINUTE)
      await world.providers.stop()

      expect(world.holders(cid.multihash.bytes, woken)).to.have.lengthOf(20)
    })

    it('is tried again though the clock was set back by days when it had failed', async () => {
      const world = createWorld()
      const cids = cidsOf(5, random)
      world.onSend = () => { throw new Error('refused') }
      world.providers.start()
      await world.providers.providing.add(cids)
      await clock.tickAsync(SECOND)
      world.onSend = () => {}
      clock.setSystemTime(Date.now() - 10 * DAY)
      await clock.tickAsync(LONGEST_WAIT + MINUTE)
      await world.providers.stop()

      expect(reached(world, cids)).to.deep.equal(cids.map(() => 20))
    })

    it('is told to those that have come since though the clock was set back by days after it was announced', async () => {
      const world = createWorld()
      const cids = cidsOf(20, random)
      world.providers.start()
      await world.providers.providing.add(cids)
      await clock.tickAsync(SECOND)
      clock.setSystemTime(Date.now() - 10 * DAY)
      world.peers = peers(100)
      world.told.length = 0
      await clock.tickAsync(2 * DAY)
      await world.providers.stop()

      expect(reached(world, cids)).to.deep.equal(cids.map(() => 20))
    })
  })

  it('does not count as announced when the node has lost its addresses by the time that it tells others', async () => {
    const world = createWorld()
    const { providing } = world.providers
    const cids = cidsOf(5, random)
    world.onLookup = () => { world.addresses = [] }
    world.providers.start()
    await providing.add(cids)
    await clock.tickAsync(SECOND)
    expect(world.told).to.have.lengthOf(0)
    expect(providing.status()).to.include({ announced: 0, neverAnnounced: 5 })
    world.onLookup = () => {}
    world.addresses = ['/ip4/1.2.3.4/tcp/4001']
    world.providers.announce()
    await clock.tickAsync(SECOND)
    await world.providers.stop()

    expect(reached(world, cids)).to.deep.equal(cids.map(() => 20))
  })

  describe('when an addition', () => {
    it('has failed half-way is announced at once when it is added anew', async () => {
      const datastore = new FailingDatastore('the disk is full')
      const world = createWorld({ datastore })
      const cids = cidsOf(3, random)
      let batches = 0
      world.providers.start()
      await clock.tickAsync(HOUR)
      watchBatches(datastore, isWritten => { datastore.writesLeft = !isWritten && ++batches === 2 ? 0 : Infinity })
      await expect(world.providers.providing.add(cids)).to.eventually.be.rejectedWith('the disk is full')
      datastore.writesLeft = Infinity
      await world.providers.providing.add(cids)
      await clock.tickAsync(MINUTE)
      await world.providers.stop()

      expect(reached(world, cids)).to.deep.equal([20, 20, 20])
    })

    it('was given up while it was written is announced at once, for it stays, and though others beside it have failed a moment ago', async () => {
      const world = createWorld()
      const { providing } = world.providers
      const [first, second] = neighbours(2, 3, () => Digest.create(sha256.code, randomBytes(random, 32)))
      const controller = new AbortController()
      world.onSend = () => { throw new Error('refused') }
      world.providers.start()
      await providing.add([first])
      await clock.tickAsync(HOUR)
      world.onSend = () => {}
      watchBatches(world.datastore, isWritten => {
        if (isWritten) {
          controller.abort(new Error('enough'))
        }
      })
      await expect(providing.add([second], { signal: controller.signal })).to.eventually.be.rejectedWith('enough')
      await clock.tickAsync(SECOND)
      await world.providers.stop()

      expect(providing.status().keys).to.equal(2)
      expect(reached(world, [second])).to.deep.equal([20])
    })
  })

  it('leaves nothing on the disk when it is cancelled in the moment in which it is provided', async () => {
    const world = createWorld()
    const [cid] = cidsOf(1, random)
    const left: string[] = []
    world.providers.start()
    await clock.tickAsync(SECOND)
    const provided = world.providers.provide(cid.multihash.bytes, { signal }).catch(() => {})
    const cancelled = world.providers.cancel(cid.multihash.bytes)
    await clock.tickAsync(MINUTE)
    await Promise.all([provided, cancelled])
    await world.providers.stop()

    for await (const key of world.datastore.queryKeys({ filters: [key => key.toString().includes(uint8ArrayToString(cid.multihash.bytes, 'base32'))] })) {
      left.push(key.toString())
    }

    expect(await world.providers.providing.has(cid)).to.equal(false)
    expect(left).to.deep.equal([])
  })

  it('is found here once it is provided though cancelling it before has failed', async () => {
    const datastore = new FailingDatastore('the disk is full')
    const world = createWorld({ datastore })
    const [{ multihash: { bytes } }] = cidsOf(1, random)
    world.providers.start()
    await clock.tickAsync(SECOND)
    datastore.writesLeft = 0
    await expect(world.providers.cancel(bytes)).to.eventually.be.rejectedWith('the disk is full')
    datastore.writesLeft = Infinity
    const provided = world.providers.provide(bytes, { signal })
    await clock.tickAsync(MINUTE)
    await provided
    await world.providers.stop()

    expect((await world.providers.find(bytes, { signal, useNetwork: false })).map(({ id }) => id.toString())).to.deep.equal([toPeerId(world.self).toString()])
  })

  it('goes on where it was when the node is stopped again and again before all of it is announced, where that is slow', async () => {
    const cids = neighbours(60, 1, () => Digest.create(sha256.code, randomBytes(random, 32)))
    const told = new Set<string>()
    let world = createWorld({ options: { region: 'on' }, size: { peers: 10, error: 0.05 } })
    world.online = false
    world.providers.start()
    await world.providers.providing.add(cids)
    await world.providers.stop()

    for (let run = 0; run < 4; run++) {
      world = world.restarted({ options: { region: 'on' } })
      world.onLookup = async ({ signal }) => sleep(SECOND, signal)
      world.providers.start()
      await clock.tickAsync(100 * SECOND)
      await stop(world)
      world.told.forEach(({ multihash }) => { told.add(multihash) })
    }

    expect(told).to.have.property('size', cids.length)
  })

  it('is announced, of whatever hash it is, though @libp2p/kad-dht has left a key beside it that is longer than any peer takes', async () => {
    const datastore = new MemoryDatastore()
    const [long] = neighbours(1, 1, () => Digest.create(identity.code, randomBytes(random, 100)))
    // both are told after all SHA2-256 ones, in one piece
    const cids = neighbours(3, 1, () => Digest.create(BLAKE3, randomBytes(random, 32)))
    // each peer is one of the nearest to each key
    const world = createWorld({ peers: peers(20), datastore })

    for (const multihash of multihashesOf([long, ...cids])) {
      await datastore.put(new Key(`/dht/provider/${uint8ArrayToString(multihash, 'base32')}/${toPeerId(world.self).toString()}`), varint.encode(Date.now() - 2 * DAY))
    }

    world.providers.start()
    await clock.tickAsync(HOUR)
    await world.providers.stop()

    expect(reached(world, cids)).to.deep.equal(cids.map(() => 20))
  })

  it('is told to those nearest to it though a limit of this node has kept it from telling many of them a moment ago', async () => {
    const world = createWorld({ peers: peers(150) })
    const { providing } = world.providers
    const cids = cidsOf(300, random)
    let refused = 0
    world.providers.start()
    // all of the network is known then
    await providing.add(cidsOf(300, random))
    await clock.tickAsync(SECOND)
    world.onSend = () => {
      if (refused++ < 60) {
        throw new NotSentError('no place among the dials')
      }
    }
    await providing.add(cids)
    await clock.tickAsync(5 * MINUTE)
    await world.providers.stop()

    expect(refused).to.be.above(60)
    expect(Math.min(...reached(world, cids))).to.be.at.least(10)
  })

  for (const minutes of [1, 5]) {
    it(`is announced where a lookup takes four seconds and a cycle no more than ${minutes} min`, async () => { await announceWithin(minutes * MINUTE) })
  }

  async function announceWithin (cycle: number): Promise<void> {
    const world = createWorld({ sweep: { cycle } })
    const [cid] = cidsOf(1, random)
    world.onLookup = async ({ signal }) => sleep(4 * SECOND, signal)
    world.providers.start()
    await world.providers.providing.add([cid])
    await clock.tickAsync(MINUTE)
    await stop(world)

    expect(world.holders(cid.multihash.bytes)).to.have.lengthOf(20)
  }

  it('is told to nobody any more once it is removed, where its whole region would be told', async () => {
    const world = createWorld({ options: { region: 'on' }, size: { peers: 10, error: 0.05 } })
    const [cid] = cidsOf(1, random)
    world.onLookup = async ({ signal }) => sleep(SECOND, signal)
    world.providers.start()
    await world.providers.providing.add([cid])
    await clock.tickAsync(1.5 * SECOND)
    expect(world.lookups).to.have.lengthOf(2)
    await world.providers.providing.remove([cid])
    await clock.tickAsync(MINUTE)
    await stop(world)

    expect(world.told).to.have.lengthOf(0)
  })

  it('is announced within minutes where it is new, though hours of what is late are still to be announced', async () => {
    const before = createWorld({ peers: peers(200), size: { peers: 100_000, error: 0.05 } })
    const [late, fresh] = [cidsOf(500, random), cidsOf(10, random)]
    before.providers.start()
    await before.providers.providing.add(late)
    await clock.tickAsync(SECOND)
    await before.providers.stop()
    await clock.tickAsync(60 * HOUR)
    const world = before.restarted()
    world.onSend = async (to, { signal }) => sleep(2 * SECOND, signal as AbortSignal)
    world.providers.start()
    await clock.tickAsync(10 * SECOND)
    await world.providers.providing.add(fresh)
    await clock.tickAsync(5 * MINUTE)
    const { due } = world.providers.providing.status()
    await stop(world)

    expect(due).to.be.above(250)
    multihashesOf(fresh).forEach(multihash => { expect(world.holders(multihash).length).to.be.at.least(10) })
  })
})
