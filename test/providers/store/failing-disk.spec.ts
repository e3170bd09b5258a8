// The store of providers on a disk that is full, that fails in the middle, or that says it failed when it did not.

import { expect } from 'aegir/chai'
import Sinon from 'sinon'
import { contact } from '../../helpers/contacts.ts'
import { bytes } from '../../helpers/content.ts'
import { announce, BIN, contentNear, createStore, HOUR, providerKey, providersOf, readProviders, SELF, VALIDITY } from '../../helpers/stored-providers.ts'
import { WatchedDatastore } from '../../helpers/stored-records.ts'
import { turn, until } from '../../helpers/turns.ts'
import type { ProviderStore } from '../../../src/providers/store/provider-store.ts'

const START = 1_700_000_000_000
const CONTENT = bytes('content')

/** A full disk has place again after so many writes that failed, so that what tries for ever ends, too, and is seen to have tried so often. */
const PATIENCE = 60

describe('the store of providers', () => {
  let clock: Sinon.SinonFakeTimers
  let disk: WatchedDatastore
  /** batches that failed */
  let failed: number

  beforeEach(() => {
    clock = Sinon.useFakeTimers({ now: START, toFake: ['Date'] })
    disk = new WatchedDatastore()
    disk.batchAsOne()
    failed = 0
  })

  afterEach(() => {
    clock.restore()
  })

  async function openStore (options: Parameters<typeof createStore>[1] = {}): Promise<ProviderStore> {
    const store = createStore(disk, { onWriteFailed: () => { failed++ }, ...options })
    await store.collect()

    return store
  }

  async function announceAll (store: ProviderStore, count: number, contentOf: (i: number) => Uint8Array): Promise<void> {
    await Promise.all(Array.from({ length: count }, async (_, i) => announce(store, 1, contentOf(i))))
  }

  /** Nothing can be written any more, and reading takes some turns, `onRead` being told of it. */
  function fillDisk (onRead: (prefix: string) => void = () => {}): void {
    disk.before = async (operation, key) => {
      await turn()

      if (operation === 'query') {
        onRead(key)
        await turn()
        await turn()
      } else if ((operation === 'put' || operation === 'delete') && failed < PATIENCE) {
        throw new Error('no space left on device')
      }
    }
  }

  /** Reports an error of what it has written all the same, while it is told to. */
  function reportErrors (): { stop (): void } {
    const batchAsOne = disk.batch.bind(disk)
    let isOdd = true

    disk.batch = () => {
      const batch = batchAsOne()

      return {
        ...batch,
        commit: async () => {
          await batch.commit()

          if (isOdd) {
            throw new Error('timeout')
          }
        }
      }
    }

    return { stop: () => { isOdd = false } }
  }

  function tailOf (multihash: Uint8Array, provider: number): string {
    return providerKey(multihash, contact(provider)).toString().split('/').slice(-2).join('/')
  }

  /** How many announcements of others are on the disk, each in the index. */
  async function onDisk (): Promise<number> {
    const { records, entries } = await readProviders(disk.memory)
    expect([...entries.keys()]).to.have.members([...records.keys()])

    return records.size
  }

  describe('on a disk that is full', () => {
    it('tells of the providers of a key that hold after some readings, though those that have lapsed cannot be deleted', async () => {
      const before = await openStore()
      await Promise.all([1, 2, 3].map(async i => announce(before, i, CONTENT)))
      clock.tick(VALIDITY / 2)
      await Promise.all([4, 5].map(async i => announce(before, i, CONTENT)))
      clock.tick(VALIDITY / 2 + 60_000)
      const store = createStore(disk, { onWriteFailed: () => { failed++ } })
      let readings = 0
      fillDisk(() => { readings++ })

      expect(await providersOf(store, CONTENT)).to.deep.equal([4, 5])
      expect(readings).to.be.within(1, 5)
    })

    it('tells of the providers of a key while others announce it all the time and fail', async () => {
      const before = await openStore()
      await Promise.all([1, 2, 3].map(async i => announce(before, i, CONTENT)))
      const store = await openStore()
      fillDisk()
      const answer: { told?: number[] } = {}
      void providersOf(store, CONTENT).then(told => { answer.told = told })
      let announced = 0

      while (answer.told == null && announced < 2 * PATIENCE) {
        announce(store, 10 + announced++ % 50, CONTENT).catch(() => {})
        await turn()
      }

      expect(failed).to.be.within(1, PATIENCE - 1)
      expect(answer.told).to.include.members([1, 2, 3])
    })

    it('ends a collection that is to go under a lowered limit, counts what is still there, and goes under it when there is place', async () => {
      await announceAll(await openStore(), 20, i => bytes(`${i}`))
      const evicted: string[] = []
      fillDisk()
      const store = await openStore({ maxRecords: 10, onEvicted: limit => { evicted.push(limit) } })

      expect(failed).to.be.within(1, 10)
      expect(evicted).to.deep.equal([])
      expect(store.counts.records).to.equal(20)
      expect(await onDisk()).to.equal(20)

      disk.before = () => {}
      await store.collect()
      expect(evicted).to.have.lengthOf(10)
      expect(store.counts.records).to.equal(10)
      expect(await onDisk()).to.equal(10)
    })

    it('refuses an announcement that nothing can go for, and takes it when there is place', async () => {
      await announceAll(await openStore(), 10, i => contentNear(0, `${i}`))
      const store = await openStore({ maxRecords: 10 })
      const near = contentNear(5, 'near')
      fillDisk()

      await expect(announce(store, 2, near)).to.eventually.be.rejected().with.property('name', 'StoreFullError')
      expect(failed).to.be.within(1, 10)

      disk.before = () => {}
      await announce(store, 2, near)
      expect(await providersOf(store, near)).to.deep.equal([2])
      expect(await onDisk()).to.equal(10)
    })
  })

  it('has an announcement in the index that was sent twice, and of which the first was not written', async () => {
    const store = await openStore()
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    let reached = 0
    disk.before = async operation => {
      if (operation === 'put' && reached++ === 0) {
        await gate
        throw new Error('i/o error')
      }
    }
    const first = announce(store, 1, CONTENT)
    await until(() => reached > 0)
    const second = announce(store, 1, CONTENT)
    open()

    await expect(first).to.eventually.be.rejectedWith('i/o error')
    await second
    expect(await onDisk()).to.equal(1)
    clock.tick(VALIDITY + 2 * BIN)
    await store.collect()
    expect(await onDisk()).to.equal(0)
  })

  async function expectHeldAsOnDisk (writes: number): Promise<void> {
    const parts = new WatchedDatastore(undefined, disk.memory)
    const before = createStore(parts)
    await before.collect()
    await announce(before, 1, CONTENT)
    clock.tick(22 * HOUR)
    let left = writes
    parts.before = operation => {
      if ((operation === 'put' || operation === 'delete') && left-- <= 0) {
        throw new Error('no power')
      }
    }
    await announce(before, 1, CONTENT).catch(() => {})

    const announcedAt = (await readProviders(disk.memory)).records.get(tailOf(CONTENT, 1)) ?? 0
    expect(announcedAt).to.equal(writes < 2 ? START : START + 22 * HOUR)
    const store = await openStore()
    clock.setSystemTime(announcedAt + VALIDITY - 1)
    await store.collect()
    expect(await providersOf(store, CONTENT)).to.deep.equal([1])
    clock.tick(1)
    expect(await providersOf(store, CONTENT)).to.deep.equal([])
    // an entry without its record goes when it is due itself
    clock.setSystemTime(START + 22 * HOUR + VALIDITY + 2 * BIN)
    await store.collect()
    expect(await onDisk()).to.equal(0)
  }

  for (const writes of [0, 1, 2, 3]) {
    it(`tells of an announcement as long as what is on the disk holds, when its renewal was cut off after ${writes} of 3 writes`, async () => expectHeldAsOnDisk(writes))
  }

  it('does not count what was deleted with an error: there is place for others in the end', async () => {
    const store = await openStore({ maxRecords: 20 })
    await announceAll(store, 20, i => bytes(`${i}`))
    clock.tick(VALIDITY + 2 * BIN)
    const errors = reportErrors()
    await store.collect()
    errors.stop()
    expect(failed).to.be.at.least(1)
    await store.collect()

    expect(store.counts.records).to.equal(0)
    await announceAll(store, 20, i => bytes(`new ${i}`))
    expect(store.counts.records).to.equal(20)
    expect(await onDisk()).to.equal(20)
  })

  it('does not take for its own what it never provided when the cancelling of it has failed, and then puts it in the index', async () => {
    const store = await openStore()
    disk.before = () => { throw new Error('i/o error') }
    await expect(store.remove(CONTENT, SELF)).to.eventually.be.rejectedWith('i/o error')
    expect(store.isOwn(CONTENT)).to.equal(false)

    disk.before = () => {}
    await store.add(CONTENT, { contact: SELF, announcedAt: 0 })
    expect((await readProviders(disk.memory)).entries.get(tailOf(CONTENT, 0))).to.deep.equal(['own'])
    const own = []

    for await (const { multihash } of (await openStore()).own()) {
      own.push(multihash)
    }

    expect(own).to.deep.equal([CONTENT])
  })
})
