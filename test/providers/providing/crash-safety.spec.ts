import { expect } from 'aegir/chai'
import { MemoryDatastore } from 'datastore-core'
import fc from 'fast-check'
import { Key } from 'interface-datastore/key'
import * as varint from 'uint8-varint'
import { concat as uint8ArrayConcat } from 'uint8arrays/concat'
import { toString as uint8ArrayToString } from 'uint8arrays/to-string'
import { toPeerId } from '../../../src/wire/peer.ts'
import { contact } from '../../helpers/contacts.ts'
import { cidsOf } from '../../helpers/content.ts'
import { FailingDatastore } from '../../helpers/failing-datastore.ts'
import { falseTime, HOUR, SECOND } from '../../helpers/false-time.ts'
import { CYCLE, multihashesOf, nameOf, peers, ProvidingWorld } from '../../helpers/providing-world.ts'
import { checkAsync, pick, randomNumbers, SEED } from '../../helpers/random.ts'
import type { Clock } from '../../helpers/false-time.ts'
import type { Datastore, Pair } from 'interface-datastore'
import type { CID } from 'multiformats/cid'

const PREFIX = '/dht/providing'

describe('what is provided, on a disk', function () {
  this.timeout(60_000)

  let clock: Clock
  let random: () => number

  beforeEach(() => {
    clock = falseTime()
    random = randomNumbers(SEED)
  })
  afterEach(() => { clock.restore() })

  async function listed (world: ProvidingWorld): Promise<string[]> {
    const names: string[] = []

    for await (const { multihash } of world.providers.providing.list()) {
      names.push(nameOf(multihash))
    }

    return names.sort()
  }

  function namesOf (cids: readonly CID[]): string[] {
    return multihashesOf(cids).map(nameOf).sort()
  }

  async function entries (datastore: Datastore): Promise<Pair[]> {
    const pairs: Pair[] = []

    for await (const pair of datastore.query({ prefix: PREFIX })) {
      pairs.push(pair)
    }

    return pairs
  }

  /** What a user was told: it was added, or removed, for good. */
  interface Acknowledged {
    added: Set<CID>
    removed: Set<CID>
  }

  /** Adds, removes, announces, one after the other, until the node is killed. */
  async function live (world: ProvidingWorld, cids: CID[]): Promise<Acknowledged> {
    const { providing } = world.providers
    const acknowledged: Acknowledged = { added: new Set(), removed: new Set() }
    const add = async (cids: CID[]): Promise<void> => {
      cids.forEach(cid => { acknowledged.removed.delete(cid) })
      await providing.add(cids)
      cids.forEach(cid => { acknowledged.added.add(cid) })
    }
    const remove = async (cids: CID[]): Promise<void> => {
      cids.forEach(cid => { acknowledged.added.delete(cid) })
      await providing.remove(cids)
      cids.forEach(cid => { acknowledged.removed.add(cid) })
    }

    world.providers.start()
    const done = (async () => {
      await add(cids.slice(0, 3))
      await remove(cids.slice(2, 3))
      await providing.announce()
      await add(cids.slice(3, 7))
      await remove(cids.slice(1, 2))
      await remove([cids[5]])
      await add([cids[1]])
      await providing.announce()
      acknowledged.added.delete(cids[0])
      await world.providers.cancel(cids[0].multihash.bytes)
      acknowledged.removed.add(cids[0])
      await world.providers.provide(cids[7].multihash.bytes, { signal: new AbortController().signal })
      await add(cids.slice(0, 1))
    })().catch(() => {})
    await clock.tickAsync(SECOND)
    await done
    await world.providers.stop()

    return acknowledged
  }

  it('is there if it was added, and is not if it was removed, after whatever write the node was killed', async () => {
    const cids = cidsOf(8, random)
    const whole = new FailingDatastore()
    await live(new ProvidingWorld({ peers: peers(30), datastore: whole }), cids)
    expect(whole.writes).to.be.above(20)

    for (let count = 0; count <= whole.writes; count++) {
      const datastore = new FailingDatastore()
      datastore.writesLeft = count
      const world = new ProvidingWorld({ peers: peers(30), datastore })
      const { added, removed } = await live(world, cids)
      const again = world.restarted({ datastore: datastore.survivors() })
      again.providers.start()
      await clock.tickAsync(CYCLE)
      const present = await listed(again)
      expect(present, `after ${count} writes`).to.include.members(namesOf([...added]))
      namesOf([...removed]).forEach(name => { expect(present, `after ${count} writes`).to.not.include(name) })
      expect(again.providers.providing.status()).to.include({ keys: present.length, neverAnnounced: 0 })
      multihashesOf([...added]).forEach(multihash => { expect(new Set([...world.holders(multihash), ...again.holders(multihash)]).size).to.be.at.least(20) })
      await again.providers.stop()
    }
  })

  it('is announced at least once when the node is killed in the middle of an announcement, and noted as announced only when it was', async () => {
    const cids = cidsOf(60, random)

    for (let i = 0; i < 20; i++) {
      const datastore = new FailingDatastore()
      const world = new ProvidingWorld({ peers: peers(200), datastore, size: { peers: 100_000, error: 0.05 } })
      world.online = false
      world.providers.start()
      await world.providers.providing.add(cids)
      world.online = true
      datastore.writesLeft = pick(random, 60)
      world.providers.announce()
      await clock.tickAsync(SECOND)
      await world.providers.stop()
      const again = world.restarted({ datastore: datastore.survivors() })

      for await (const { multihash, announcedAt } of again.providers.providing.list()) {
        expect(announcedAt === 0 || world.holders(multihash).length === 20).to.equal(true)
      }

      again.providers.start()
      await clock.tickAsync(SECOND)
      await again.providers.stop()
      multihashesOf(cids).forEach(multihash => { expect(new Set([...world.holders(multihash), ...again.holders(multihash)])).to.have.property('size', 20) })
    }
  })

  it('is the rest when some entries are damaged, whatever is in them, and what was damaged can be added anew', async () => {
    await checkAsync(fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), fc.integer({ min: 0, max: 40 }), async (garbage, flipped) => {
      const datastore = new MemoryDatastore()
      const cids = cidsOf(12, random)
      const before = new ProvidingWorld({ peers: [], datastore })
      before.providers.start()
      await before.providers.providing.add(cids)
      await before.providers.stop()
      const pairs = await entries(datastore);
      [garbage, new Uint8Array(), pairs[0].value, pairs[3].value.map((byte, i) => i === flipped % pairs[3].value.length ? byte ^ 0x10 : byte)].forEach((value, i) => { void datastore.put(pairs[i].key, value) })
      await datastore.put(new Key(`${PREFIX}/not/ours`), garbage)
      await datastore.put(new Key(`${PREFIX}/abc`), garbage)
      await datastore.put(new Key(`${PREFIX}/fff/zz`), pairs[4].value)

      const world = before.restarted({ peers: peers(30) })
      world.providers.start()
      await clock.tickAsync(SECOND)
      const { keys, neverAnnounced, due } = world.providers.providing.status()
      expect(keys).to.be.within(9, 10)
      expect({ neverAnnounced, due }).to.deep.equal({ neverAnnounced: 0, due: 0 })
      expect((await listed(world)).length).to.equal(keys)

      await world.providers.providing.add(cids)
      await clock.tickAsync(SECOND)
      expect(await listed(world)).to.deep.equal(namesOf(cids))
      multihashesOf(cids).forEach(multihash => { expect(world.holders(multihash)).to.have.lengthOf(20) })
      await clock.tickAsync(2 * CYCLE)
      await world.providers.stop()
      multihashesOf(cids).forEach(multihash => { expect(world.announcements(multihash).length).to.be.at.least(2) })
    }), 40)
  })

  it('says why when the disk is full, takes more when it is not any more, and goes on announcing what it has all the while', async () => {
    const datastore = new FailingDatastore('no space left on the device')
    const world = new ProvidingWorld({ peers: peers(30), datastore })
    const { providing } = world.providers
    const [first, second] = [cidsOf(5, random), cidsOf(5, random)]
    world.providers.start()
    await providing.add(first)
    await clock.tickAsync(SECOND)
    datastore.writesLeft = 0
    await expect(providing.add(second)).to.eventually.be.rejectedWith('no space left on the device')
    await expect(providing.remove(first)).to.eventually.be.rejectedWith('no space left on the device')
    await expect(world.providers.provide(second[0].multihash.bytes, { signal: new AbortController().signal })).to.eventually.be.rejectedWith('no space left on the device')
    expect(await listed(world)).to.deep.equal(namesOf(first))
    expect(providing.status().keys).to.equal(5)
    await clock.tickAsync(1.5 * CYCLE)
    multihashesOf(first).forEach(multihash => { expect(world.announcements(multihash).length).to.be.at.least(2) })
    datastore.writesLeft = Infinity
    await providing.add(second)
    await clock.tickAsync(2 * HOUR)
    await world.providers.stop()
    expect(await listed(world)).to.deep.equal(namesOf([...first, ...second]))
    expect(providing.status()).to.include({ keys: 10, neverAnnounced: 0, due: 0 })
  })

  it('is what the last change of each key says, whatever is added, removed and announced at the same time', async () => {
    const anyChange = fc.record({ what: fc.constantFrom('add', 'remove', 'announced', 'provide'), from: fc.nat(9), count: fc.integer({ min: 1, max: 5 }), after: fc.nat(3) })

    await checkAsync(fc.asyncProperty(fc.array(anyChange, { maxLength: 30 }), async changes => {
      const world = new ProvidingWorld({ peers: peers(30) })
      const { providing } = world.providers
      const cids = cidsOf(15, random)
      const expected = new Set<CID>()
      const running: Array<Promise<unknown>> = []
      world.onSend = async () => { await new Promise(resolve => { setTimeout(resolve, 1) }) }
      world.providers.start()

      for (const { what, from, count, after } of changes) {
        const some = cids.slice(from, from + count)

        if (what === 'add') {
          some.forEach(cid => expected.add(cid))
          running.push(providing.add(some))
        } else if (what === 'remove') {
          some.forEach(cid => expected.delete(cid))
          running.push(providing.remove(some))
        } else if (what === 'announced') {
          running.push(providing.announce())
        } else {
          expected.add(some[0])
          running.push(world.providers.provide(some[0].multihash.bytes, { signal: new AbortController().signal }))
        }

        await clock.tickAsync(after)
      }

      await clock.tickAsync(SECOND)
      await Promise.all(running)
      expect(await listed(world)).to.deep.equal(namesOf([...expected]))
      await clock.tickAsync(2 * HOUR)
      expect(providing.status()).to.include({ keys: expected.size, neverAnnounced: 0, due: 0 })
      await world.providers.stop()
      multihashesOf([...expected]).forEach(multihash => { expect(world.holders(multihash)).to.have.lengthOf(20) })
    }), 60)
  })

  describe('that @libp2p/kad-dht has written', () => {
    /** As it keeps what a node provides: under the node's own id, the time of the last announcement. */
    async function putAsRival (datastore: Datastore, world: ProvidingWorld, cid: CID, announcedAt: number, provider = world.self): Promise<void> {
      await datastore.put(new Key(`/dht/provider/${uint8ArrayToString(cid.multihash.bytes, 'base32')}/${toPeerId(provider).toString()}`), varint.encode(announcedAt))
    }

    it('is taken over at the first start, with the time of its last announcement, and never again', async () => {
      const datastore = new FailingDatastore()
      const world = new ProvidingWorld({ peers: peers(30), datastore })
      const [old, recent, anothers] = cidsOf(3, random)
      await putAsRival(datastore, world, old, Date.now() - 47 * HOUR)
      await putAsRival(datastore, world, recent, Date.now() - SECOND)
      await putAsRival(datastore, world, anothers, Date.now() - SECOND, contact(7))
      world.providers.start()
      await clock.tickAsync(SECOND)
      expect(await listed(world)).to.deep.equal(namesOf([old, recent]))
      expect(world.holders(old.multihash.bytes)).to.have.lengthOf(20)
      expect(world.holders(recent.multihash.bytes)).to.have.lengthOf(0)
      await world.providers.providing.remove([old])
      await world.providers.stop()

      // a crash between the two writes of a removal leaves this
      await putAsRival(datastore, world, old, Date.now())
      const again = world.restarted()
      again.providers.start()
      await clock.tickAsync(CYCLE)
      await again.providers.stop()
      expect(await listed(again)).to.deep.equal(namesOf([recent]))
      expect(again.holders(recent.multihash.bytes)).to.have.lengthOf(20)
      expect(again.holders(old.multihash.bytes)).to.have.lengthOf(0)
    })

    it('is taken over whole, after whatever write the node was killed', async () => {
      const cids = cidsOf(10, random)

      for (let count = 0; count <= 12; count++) {
        const datastore = new FailingDatastore()
        const world = new ProvidingWorld({ peers: [], datastore })

        for (const cid of cids) {
          await putAsRival(datastore, world, cid, Date.now() - HOUR)
        }

        datastore.writesLeft = count
        world.providers.start()
        await clock.tickAsync(SECOND)
        await world.providers.stop()
        const again = world.restarted({ datastore: datastore.survivors(), peers: peers(30) })
        again.providers.start()
        await clock.tickAsync(1.25 * CYCLE)
        await again.providers.stop()
        expect(await listed(again)).to.deep.equal(namesOf(cids))
        multihashesOf(cids).forEach(multihash => { expect(again.holders(multihash)).to.have.lengthOf(20) })
      }
    })

    it('loses nothing when some of it is damaged', async () => {
      const datastore = new MemoryDatastore()
      const world = new ProvidingWorld({ peers: peers(30), datastore })
      const [good, bad] = cidsOf(2, random)
      await putAsRival(datastore, world, good, Date.now() - HOUR)
      await datastore.put(new Key(`/dht/provider/${uint8ArrayToString(bad.multihash.bytes, 'base32')}/${toPeerId(world.self).toString()}`), uint8ArrayConcat([new Uint8Array(12).fill(0xff)]))
      await datastore.put(new Key('/dht/provider/not-base32!/nobody'), new Uint8Array(3))
      world.providers.start()
      await clock.tickAsync(SECOND)
      await world.providers.stop()
      expect(await listed(world)).to.deep.equal(namesOf([good]))
    })
  })
})
