// The store beside a model, and on disks that fail at any moment.

import { expect } from 'aegir/chai'
import { MemoryDatastore } from 'datastore-core'
import fc from 'fast-check'
import { Key } from 'interface-datastore/key'
import Sinon from 'sinon'
import * as varint from 'uint8-varint'
import { contact } from '../../helpers/contacts.ts'
import { bytes } from '../../helpers/content.ts'
import { checkAsync } from '../../helpers/random.ts'
import { announce, BIN, createStore, HOUR, placeIn, providerKey, providersOf, readProviders, SELF, VALIDITY } from '../../helpers/stored-providers.ts'
import { WatchedDatastore } from '../../helpers/stored-records.ts'
import type { ProviderStore } from '../../../src/providers/store/provider-store.ts'

const START = 1_700_000_000_000
const CONTENTS = Array.from({ length: 6 }, (_, i) => bytes(`content ${i}`))

type Step = { content: number, provider: number } & ({ kind: 'announce' | 'cancel' | 'get' | 'restart' | 'collect' } | { kind: 'wait', hours: number })

const STEP: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('announce' as const).map(kind => ({ kind })) },
  { weight: 3, arbitrary: fc.constantFrom('cancel' as const, 'get' as const, 'restart' as const, 'collect' as const).map(kind => ({ kind })) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), hours: fc.integer({ min: 1, max: 30 }) }) }
).chain(step => fc.record({ content: fc.nat(CONTENTS.length - 1), provider: fc.nat(4) }).map(more => ({ ...step, ...more })))

/** What the keys of the provider's announcement end in. */
function tailOf (multihash: Uint8Array, provider: number): string {
  return providerKey(multihash, contact(provider)).toString().split('/').slice(-2).join('/')
}

function isOwn (tail: string): boolean {
  return tail.split('/').at(-1) === tailOf(CONTENTS[0], 0).split('/').at(-1)
}

describe('the index of the store of providers', () => {
  let clock: Sinon.SinonFakeTimers

  beforeEach(() => {
    clock = Sinon.useFakeTimers({ now: START, toFake: ['Date'] })
  })

  afterEach(() => {
    clock.restore()
  })

  async function run (store: ProviderStore, datastore: WatchedDatastore, step: Step): Promise<ProviderStore> {
    const content = CONTENTS[step.content]

    switch (step.kind) {
      case 'announce':
        step.provider === 0 ? await store.add(content, { contact: SELF, announcedAt: Date.now() }) : await announce(store, step.provider, content)
        return store
      case 'cancel':
        await store.remove(content, contact(step.provider))
        return store
      case 'get':
        await store.get(content)
        return store
      case 'collect':
        await store.collect()
        return store
      case 'wait':
        clock.tick(step.hours * HOUR)
        return store
      case 'restart':
      default:
        await store.flush()
        return createStore(datastore)
    }
  }

  /** After all has lapsed and was collected there is nothing but what the node provides itself. */
  async function expectNothingLeft (store: ProviderStore, datastore: WatchedDatastore): Promise<void> {
    clock.tick(VALIDITY + BIN)
    await store.collect()
    const { records, entries } = await readProviders(datastore.memory)
    expect([...records.keys(), ...entries.keys()].filter(tail => !isOwn(tail))).to.deep.equal([])
    expect(store.counts.records).to.equal(0)
  }

  it('says of each record where it stands, once, whatever was done; and the store tells of what the model has', async () => {
    await checkAsync(fc.asyncProperty(fc.array(STEP, { maxLength: 60 }), async steps => {
      clock.setSystemTime(START)
      const datastore = new WatchedDatastore()
      let store = createStore(datastore)
      const model = new Map<string, { content: number, provider: number, announcedAt: number }>()

      for (const step of steps) {
        const { content, provider } = step
        store = await run(store, datastore, step)

        if (step.kind === 'announce') {
          model.set(`${content}/${provider}`, { content, provider, announcedAt: Date.now() })
        } else if (step.kind === 'cancel') {
          model.delete(`${content}/${provider}`)
        }

        const now = Date.now()
        const valid = [...model.values()].filter(one => one.content === content && (one.provider === 0 || now < one.announcedAt + VALIDITY))
        const told: number[] = await providersOf(store, CONTENTS[content])
        expect(told).to.deep.equal(valid.map(({ provider }) => provider).sort())
      }

      await store.flush()
      const { records, entries } = await readProviders(datastore.memory)

      for (const [content, multihash] of CONTENTS.entries()) {
        for (const provider of [0, 1, 2, 3, 4]) {
          const tail = tailOf(multihash, provider)
          const announcedAt = records.get(tail)
          const place = announcedAt == null ? [] : [provider === 0 ? 'own' : placeIn(multihash, announcedAt)]
          expect(entries.get(tail) ?? [], `${content}/${provider}`).to.deep.equal(place)
        }
      }

      const others = [...records.keys()].filter(tail => !isOwn(tail))
      const again = createStore(datastore)
      await store.collect()
      await again.collect()
      expect(again.counts.records).to.equal(store.counts.records)
      expect(again.counts.records).to.be.at.most(others.length)
      await expectNothingLeft(again, datastore)
    }), 200)
  })

  it('keeps no record for ever when the power fails between any two writes, and shows none that is not on the disk', async () => {
    const cuts = fc.record({ steps: fc.array(STEP, { minLength: 1, maxLength: 25 }), writes: fc.nat(40) })

    await checkAsync(fc.asyncProperty(cuts, async ({ steps, writes }) => {
      clock.setSystemTime(START)
      let left = writes
      const disk = new MemoryDatastore()
      const datastore = new WatchedDatastore(operation => {
        if ((operation === 'put' || operation === 'delete') && left-- <= 0) {
          throw new Error('no power')
        }
      }, disk)
      let store = createStore(datastore)

      for (const step of steps) {
        try {
          store = await run(store, datastore, step)
        } catch (error: any) {
          expect(error.message).to.equal('no power')
        }
      }

      await store.flush()
      const { records, entries } = await readProviders(disk)
      expect([...records.keys()].filter(tail => !entries.has(tail))).to.deep.equal([])

      datastore.before = () => {}
      store = createStore(datastore)
      await store.collect()

      for (const multihash of CONTENTS) {
        const told = await providersOf(store, multihash)
        expect(told.filter(i => !records.has(tailOf(multihash, i)))).to.deep.equal([])
      }

      await expectNothingLeft(store, datastore)
    }), 300)
  })

  it('has all in step again after writes that failed, in whole or in part, while the node went on', async () => {
    const faults = fc.record({ steps: fc.array(STEP, { minLength: 1, maxLength: 40 }), fails: fc.array(fc.boolean(), { minLength: 200, maxLength: 200 }), asOne: fc.boolean() })

    await checkAsync(fc.asyncProperty(faults, async ({ steps, fails, asOne }) => {
      clock.setSystemTime(START)
      let write = 0
      const failures: number[] = []
      const datastore = new WatchedDatastore(operation => {
        if ((operation === 'put' || operation === 'delete') && fails[write++ % fails.length]) {
          throw new Error('no space left on device')
        }
      })
      asOne && datastore.batchAsOne()
      const store = createStore(datastore, { onWriteFailed: (_, changes) => { failures.push(changes) } })

      // without waiting, so that some are in the same batch
      await Promise.allSettled(steps.filter(({ kind }) => kind !== 'restart').map(async step => run(store, datastore, step)))

      await store.flush()
      await store.collect().catch(() => {})
      await store.flush()
      datastore.before = () => {}
      const { records } = await readProviders(datastore.memory)

      for (const multihash of CONTENTS) {
        const told = await providersOf(store, multihash)
        expect(told.filter(i => !records.has(tailOf(multihash, i)))).to.deep.equal([])
      }

      await store.collect()
      await expectNothingLeft(store, datastore)
    }), 300)
  })

  it('gives the same numbers after a restart', async () => {
    const datastore = new WatchedDatastore()
    const store = createStore(datastore, { maxPerSender: 300 })
    await Promise.all(Array.from({ length: 500 }, async (_, i) => announce(store, 1 + i % 3, bytes(`${i}`))))
    const again = createStore(datastore, { maxPerSender: 167 })
    await again.collect()

    expect(again.counts.records).to.equal(500)
    // of 500 the first two have 167 each, and the third has 166
    await expect(announce(again, 1, bytes('more'))).to.eventually.be.rejected()
    await expect(announce(again, 2, bytes('more'))).to.eventually.be.rejected()
    await announce(again, 3, bytes('more'))
    await expect(announce(again, 3, bytes('even more'))).to.eventually.be.rejected()
  })

  it('takes in what @libp2p/kad-dht or a version without an index has left, once, and deletes of it what has lapsed or is damaged', async () => {
    const datastore = new WatchedDatastore()
    const { memory } = datastore
    memory.put(providerKey(CONTENTS[0], contact(1)), varint.encode(START - HOUR))
    memory.put(providerKey(CONTENTS[1], contact(1)), varint.encode(START - VALIDITY))
    memory.put(providerKey(CONTENTS[1], contact(2)), new Uint8Array(0))
    memory.put(providerKey(CONTENTS[2], SELF), varint.encode(0))
    memory.put(new Key('/dht/provider/not/ours/at/all'), bytes('?'))
    let store = createStore(datastore)
    await store.collect()

    const { records, entries } = await readProviders(memory)
    expect(records.size).to.equal(2 + 1)
    expect([...entries.values()]).to.have.deep.members([[placeIn(CONTENTS[0], START - HOUR)], ['own']])
    expect(store.counts.records).to.equal(1)

    const scans: string[] = []
    datastore.before = (operation, key) => { operation === 'query' && scans.push(key) }
    store = createStore(datastore)
    await store.collect()
    expect(scans).to.deep.equal(['/dht/expiry-provider/'])
    expect(await providersOf(store, CONTENTS[0])).to.deep.equal([1])
    expect(await providersOf(store, CONTENTS[2])).to.deep.equal([0])
    memory.delete(new Key('/dht/provider/not/ours/at/all'))
    await expectNothingLeft(store, datastore)
  })

  it('is made anew at the next start when it could not be written', async () => {
    const datastore = new WatchedDatastore()
    datastore.memory.put(providerKey(CONTENTS[0], contact(1)), varint.encode(START))
    datastore.before = operation => {
      if (operation === 'put') {
        throw new Error('no space left on device')
      }
    }
    const store = createStore(datastore)
    await store.collect()
    expect(await providersOf(store, CONTENTS[0])).to.deep.equal([1])

    datastore.before = () => {}
    const again = createStore(datastore)
    await again.collect()
    expect(again.counts.records).to.equal(1)
    await expectNothingLeft(again, datastore)
  })

  it('is right when announcements come and go while it is read', async () => {
    const datastore = new WatchedDatastore()
    const before = createStore(datastore)
    await Promise.all(Array.from({ length: 300 }, async (_, i) => announce(before, 1, bytes(`${i}`))))
    clock.tick(22 * HOUR)
    const store = createStore(datastore)
    const loading = store.collect()
    await Promise.all(Array.from({ length: 100 }, async (_, i) => announce(store, 1, bytes(`${3 * i}`))))
    await Promise.all(Array.from({ length: 100 }, async (_, i) => announce(store, 1, bytes(`${300 + i}`))))
    await Promise.all(Array.from({ length: 50 }, async (_, i) => store.remove(bytes(`${3 * i + 1}`), contact(1))))
    await loading

    expect(store.counts.records).to.equal(350)
    expect((await readProviders(datastore.memory)).records.size).to.equal(350)
    clock.tick(26 * HOUR + BIN)
    await store.collect()
    expect(store.counts.records).to.equal(200)
    await expectNothingLeft(store, datastore)
  })

  it('lets others have their turn all the time while thousands are counted, and while they are collected', async () => {
    const datastore = new MemoryDatastore()
    const before = createStore(datastore)
    await before.collect()
    await Promise.all(Array.from({ length: 5_000 }, async (_, i) => announce(before, 1, bytes(`${i}`))))

    /** Keys that were read between two turns, at the most. */
    async function longest (store: ProviderStore): Promise<number> {
      let read = 0
      let most = 0
      const queryKeys = datastore.queryKeys.bind(datastore)
      const stub = Sinon.stub(datastore, 'queryKeys').callsFake(function * (query: { prefix?: string }) {
        for (const key of queryKeys(query) as Iterable<Key>) {
          most = Math.max(most, ++read)
          yield key
        }
      } as never)
      const timer = setInterval(() => { read = 0 }, 0)
      await store.collect()
      clearInterval(timer)
      stub.restore()

      return most
    }

    const store = createStore(datastore)
    expect(await longest(store)).to.be.within(1, 300)
    expect(store.counts.records).to.equal(5_000)
    clock.tick(VALIDITY + BIN)
    expect(await longest(store)).to.be.within(1, 300)
    expect(store.counts.records).to.equal(0)
  })
})
