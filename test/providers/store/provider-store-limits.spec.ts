import { expect } from 'aegir/chai'
import { MemoryDatastore } from 'datastore-core'
import fc from 'fast-check'
import Sinon from 'sinon'
import { compareDistance, keyOf } from '../../../src/kademlia/key.ts'
import { contact } from '../../helpers/contacts.ts'
import { bytes } from '../../helpers/content.ts'
import { checkAsync } from '../../helpers/random.ts'
import { announce, contentNear, createStore, HOUR, providersOf, readProviders, SELF, VALIDITY } from '../../helpers/stored-providers.ts'
import type { ProviderStore } from '../../../src/providers/store/provider-store.ts'

const CONTENT = bytes('content')

/** Providers by how near they are to the content. */
const NEAREST = Array.from({ length: 20 }, (_, i) => i + 1).sort((a, b) => compareDistance(contact(a).key, contact(b).key, keyOf(CONTENT)))

describe('the limits of the store of providers', () => {
  let clock: Sinon.SinonFakeTimers
  let datastore: MemoryDatastore
  let evicted: string[]

  beforeEach(() => {
    clock = Sinon.useFakeTimers({ now: 1_700_000_000_000, toFake: ['Date'] })
    datastore = new MemoryDatastore()
    evicted = []
  })

  afterEach(() => {
    clock.restore()
  })

  async function openStore (options: Parameters<typeof createStore>[1]): Promise<ProviderStore> {
    const store = createStore(datastore, { onEvicted: limit => { evicted.push(limit) }, ...options })
    await store.collect()

    return store
  }

  /** Announces, and tells what kept it from being stored, if anything did. */
  async function refusal (...args: Parameters<typeof announce>): Promise<string | undefined> {
    return announce(...args).then(() => undefined, error => `${error.name} ${error.limit}`)
  }

  /** How many there are, in memory as on the disk. */
  async function stored (store: ProviderStore): Promise<number> {
    await store.flush()
    const { records, entries } = await readProviders(datastore)
    expect([...entries.keys()]).to.have.members([...records.keys()])
    expect(store.counts.records).to.equal(records.size)

    return records.size
  }

  it('leave the nearest providers to a key, in whatever order they come, at hand or not, counted or not', async () => {
    const order = fc.shuffledSubarray(NEAREST, { minLength: NEAREST.length })

    await checkAsync(fc.asyncProperty(order, fc.boolean(), fc.boolean(), async (order, asked, counted) => {
      datastore = new MemoryDatastore()
      const store = createStore(datastore, { maxProvidersPerKey: 5 })
      counted && await store.collect()

      for (const i of order) {
        await refusal(store, i, CONTENT)
        asked && await store.get(CONTENT)
      }

      expect(await providersOf(store, CONTENT)).to.have.members(NEAREST.slice(0, 5))
      expect(await stored(store)).to.equal(5)
    }), 50)
  })

  it('refuse a provider that is farther from the key than all that it has, and let any of these renew', async () => {
    const store = await openStore({ maxProvidersPerKey: 5 })
    await Promise.all(NEAREST.slice(1, 6).map(async i => announce(store, i, CONTENT)))

    expect(await refusal(store, NEAREST[6], CONTENT)).to.equal('StoreFullError providers-per-key')
    expect(await refusal(store, NEAREST[5], CONTENT)).to.equal(undefined)
    expect(evicted).to.deep.equal([])
    expect(await refusal(store, NEAREST[0], CONTENT)).to.equal(undefined)
    expect(await providersOf(store, CONTENT)).to.have.members(NEAREST.slice(0, 5))
    expect(evicted).to.deep.equal(['providers-per-key'])
  })

  it('never count what this node provides itself, and always have a place for it', async () => {
    const store = await openStore({ maxProvidersPerKey: 2, maxRecords: 2 })
    await announce(store, NEAREST[1], CONTENT)
    await announce(store, NEAREST[2], CONTENT)
    await store.add(CONTENT, { contact: SELF, announcedAt: 0 })
    await announce(store, NEAREST[0], CONTENT)

    expect(await providersOf(store, CONTENT)).to.have.members([0, NEAREST[0], NEAREST[1]])
    expect(store.counts.records).to.equal(2)
  })

  it('give the places of lapsed announcements to new ones, however far', async () => {
    const store = await openStore({ maxProvidersPerKey: 3 })
    await Promise.all(NEAREST.slice(0, 3).map(async i => announce(store, i, CONTENT)))
    clock.tick(VALIDITY)
    await announce(store, NEAREST[19], CONTENT)

    expect(await providersOf(store, CONTENT)).to.deep.equal([NEAREST[19]])
    expect(await stored(store)).to.equal(1)
  })

  it('leave no more than its share of a key to a group of neighbours, nearer or not, also when what is stored is read again', async () => {
    const order = fc.shuffledSubarray(NEAREST, { minLength: NEAREST.length })

    await checkAsync(fc.asyncProperty(order, async order => {
      datastore = new MemoryDatastore()

      for (const i of order) {
        // each time from the disk; the nearest twelve are of one group
        await refusal(createStore(datastore, { maxProvidersPerKey: 8 }), i, CONTENT, NEAREST.indexOf(i) < 12 ? '1.2' : `${i}.0`)
      }

      const left = await providersOf(createStore(datastore), CONTENT)
      expect(left.filter(i => NEAREST.indexOf(i) < 12)).to.have.members(NEAREST.slice(0, 2))
      expect(left).to.have.length(8)
    }), 50)
  })

  it('are of each provider, also after a restart, and let it renew what it has', async () => {
    let store = await openStore({ maxPerSender: 3 })
    await Promise.all([1, 2, 3].map(async i => announce(store, 1, bytes(`${i}`))))

    for (let i = 0; i < 2; i++) {
      expect(await refusal(store, 1, bytes('4'))).to.equal('StoreFullError providers-per-sender')
      expect(await refusal(store, 1, bytes('3'))).to.equal(undefined)
      expect(await refusal(store, 2 + i, bytes('4'))).to.equal(undefined)
      store = await openStore({ maxPerSender: 3 })
    }

    await store.remove(bytes('1'), contact(1))
    expect(await refusal(store, 1, bytes('4'))).to.equal(undefined)
  })

  it('have what is farthest from this node make room for what is nearer, and of that what lapses soonest', async () => {
    const store = await openStore({ maxRecords: 4 })
    const far = [1, 2, 3].map(i => contentNear(0, `far ${i}`))
    await announce(store, 1, contentNear(3, 'nearer'))

    for (const content of far) {
      clock.tick(HOUR)
      await announce(store, 1, content)
    }

    await announce(store, 1, far[0])
    await announce(store, 1, contentNear(2, 'near'))
    expect(await Promise.all(far.map(async content => providersOf(store, content)))).to.deep.equal([[1], [], [1]])
    await announce(store, 1, contentNear(4, 'nearest'))
    await announce(store, 1, contentNear(5, 'nearest'))
    expect(await Promise.all(far.map(async content => providersOf(store, content)))).to.deep.equal([[], [], []])

    expect(evicted).to.deep.equal(['providers', 'providers', 'providers'])
    expect(await refusal(store, 1, far[1])).to.equal('StoreFullError providers')
    expect(await refusal(store, 1, contentNear(5, 'nearest'))).to.equal(undefined)
    expect(await stored(store)).to.equal(4)
  })

  it('are never passed, however many come at once', async () => {
    const store = await openStore({ maxRecords: 100 })
    const results = await Promise.all(Array.from({ length: 1_000 }, async (_, i) => refusal(store, i % 7 + 1, bytes(`${i}`))))

    expect(results.filter(result => result == null)).to.have.length.of.at.least(100)
    expect(await stored(store)).to.be.within(90, 100)
  })

  it('hold again after they were lowered', async () => {
    const store = await openStore({})
    await Promise.all(Array.from({ length: 1_000 }, async (_, i) => announce(store, 1, bytes(`${i}`))))
    expect(await stored(await openStore({ maxRecords: 300 }))).to.be.within(290, 300)
    expect(evicted.length).to.be.within(700, 710)
  })
})
