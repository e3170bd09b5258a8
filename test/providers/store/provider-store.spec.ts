import { expect } from 'aegir/chai'
import { MemoryDatastore } from 'datastore-core'
import { Key } from 'interface-datastore/key'
import Sinon from 'sinon'
import * as varint from 'uint8-varint'
import { contact } from '../../helpers/contacts.ts'
import { bytes } from '../../helpers/content.ts'
import { randomBytes, randomNumbers, SEED } from '../../helpers/random.ts'
import { announce, BIN, createStore, HOUR, providerKey, providersOf, readProviders, SELF, VALIDITY } from '../../helpers/stored-providers.ts'
import { WatchedDatastore } from '../../helpers/stored-records.ts'
import { quiet } from '../../helpers/turns.ts'
import type { ProviderStore } from '../../../src/providers/store/provider-store.ts'

const CONTENT = bytes('any bytes will do')

describe('the store of providers', () => {
  let clock: Sinon.SinonFakeTimers
  let datastore: MemoryDatastore
  let store: ProviderStore

  beforeEach(async () => {
    clock = Sinon.useFakeTimers({ now: 1_700_000_000_000, toFake: ['Date'] })
    datastore = new MemoryDatastore()
    store = createStore(datastore)
    await store.collect()
  })

  afterEach(() => {
    clock.restore()
  })

  it('keeps providers with their addresses, also over a restart', async () => {
    await announce(store, 1, CONTENT)

    for (const [record] of [await store.get(CONTENT), await createStore(datastore).get(CONTENT)]) {
      expect(record).to.deep.equal({ contact: contact(1, '/ip4/1.2.3.4/tcp/4001'), announcedAt: Date.now() })
    }
  })

  it('takes any multihash of 1 to 80 bytes', async () => {
    const random = randomNumbers(SEED)
    const multihashes = Array.from({ length: 80 }, (_, i) => randomBytes(random, i + 1))
    await Promise.all(multihashes.map(async (multihash, i) => announce(store, i + 1, multihash)))

    for (const store of [createStore(datastore), createStore(datastore)]) {
      await store.collect()

      for (const [i, multihash] of multihashes.entries()) {
        expect(await providersOf(store, multihash)).to.deep.equal([i + 1])
      }
    }
  })

  it('writes what @libp2p/kad-dht reads, and reads what it writes', async () => {
    await announce(store, 1, CONTENT)
    expect(varint.decode(await datastore.get(providerKey(CONTENT, contact(1))))).to.equal(Date.now())

    await datastore.put(providerKey(CONTENT, contact(1)), varint.encode(Date.now() - HOUR))
    const [record] = await createStore(datastore).get(CONTENT)
    expect(record.announcedAt).to.equal(Date.now() - HOUR)
    expect(record.contact.addrs).to.deep.equal([])
  })

  it('has nothing of its own where @libp2p/kad-dht looks for records', async () => {
    await announce(store, 1, CONTENT)
    await store.add(CONTENT, { contact: SELF, announcedAt: 1 })
    const keys = [...datastore.queryKeys({ prefix: '/dht/provider' }) as Iterable<Key>].map(key => key.toString())

    expect(keys).to.have.members([contact(1), SELF].map(peer => providerKey(CONTENT, peer).toString()))
  })

  it('never tells of an announcement that has lapsed, at hand or not, but always of its own', async () => {
    await announce(store, 1, CONTENT)
    await store.add(CONTENT, { contact: SELF, announcedAt: 0 })
    clock.tick(VALIDITY - 1)
    expect(await providersOf(store, CONTENT)).to.deep.equal([0, 1])
    expect(await providersOf(createStore(datastore), CONTENT)).to.deep.equal([0, 1])
    clock.tick(1)
    expect(await providersOf(store, CONTENT)).to.deep.equal([0])
    expect(await providersOf(createStore(datastore), CONTENT)).to.deep.equal([0])
  })

  it('deletes what has lapsed when it is collected, and what this node provides never', async () => {
    await announce(store, 1, CONTENT)
    await store.add(CONTENT, { contact: SELF, announcedAt: 0 })
    clock.tick(VALIDITY + BIN)
    await store.collect()

    const { records, entries } = await readProviders(datastore)
    expect([...records.values()]).to.deep.equal([0])
    expect([...entries.values()]).to.deep.equal([['own']])
    expect(store.counts.records).to.equal(0)
    expect(await providersOf(store, CONTENT)).to.deep.equal([0])
  })

  it('deletes what has lapsed when it is read, in the background', async () => {
    await announce(store, 1, CONTENT)
    await announce(store, 2, bytes('other'))
    clock.tick(VALIDITY)
    const again = createStore(datastore)
    await again.collect()
    expect((await readProviders(datastore)).records.size).to.equal(2)
    await again.get(CONTENT)
    await again.flush()

    const { records, entries } = await readProviders(datastore)
    expect([records.size, entries.size, again.counts.records]).to.deep.equal([1, 1, 1])
  })

  it('tells of no addresses after their own time, but still of the provider', async () => {
    store = createStore(datastore, { addressValidity: 24 * HOUR })
    await announce(store, 1, CONTENT)
    clock.tick(24 * HOUR - 1)
    expect((await store.get(CONTENT))[0].contact.addrs).to.have.length(1)
    clock.tick(1)
    expect((await store.get(CONTENT))[0].contact).to.deep.equal(contact(1))
    await announce(store, 1, CONTENT)
    expect((await store.get(CONTENT))[0].contact.addrs).to.have.length(1)
  })

  it('has one place for a provider, however often it announces', async () => {
    for (let i = 0; i < 10; i++) {
      clock.tick(HOUR)
      await announce(store, 1, CONTENT)
    }

    await announce(store, 2, CONTENT)
    expect(await store.get(CONTENT)).to.have.length(2)
    const { records, entries } = await readProviders(datastore)
    expect([records.size, [...entries.values()].flat().length, store.counts.records]).to.deep.equal([2, 2, 2])
  })

  it('tells what it provides itself, until it is cancelled', async () => {
    await store.add(CONTENT, { contact: SELF, announcedAt: 7 })
    await announce(store, 1, CONTENT)
    await store.add(CONTENT, { contact: SELF, announcedAt: 8 })

    for (const again of [store, createStore(datastore)]) {
      const own = []

      for await (const entry of again.own()) {
        own.push(entry)
      }

      expect(own).to.deep.equal([{ multihash: CONTENT, announcedAt: 8 }])
      expect(again.isOwn(CONTENT)).to.equal(true)
      expect(again.isOwn(bytes('not its own'))).to.equal(false)
    }

    await store.remove(CONTENT, SELF)
    expect(store.isOwn(CONTENT)).to.equal(false)
    expect(await providersOf(createStore(datastore), CONTENT)).to.deep.equal([1])
    expect((await readProviders(datastore)).entries.size).to.equal(1)
  })

  it('knows its own without reading them when it is started anew', async () => {
    await store.add(CONTENT, { contact: SELF, announcedAt: 7 })
    const again = createStore(datastore)
    await again.collect()

    expect(await providersOf(again, CONTENT)).to.deep.equal([0])
  })

  it('answers at once for the keys that it has at hand and for those without providers, and for them alone', async () => {
    await announce(store, 1, CONTENT)
    await announce(store, 1, bytes('new'))
    store = createStore(datastore)
    await store.collect()
    expect(store.announced(bytes('nobody has it'))).to.deep.equal([])
    await announce(store, 1, bytes('newer'))
    expect(store.announced(bytes('newer'))).to.have.length(1)

    const announced = store.announced(CONTENT)
    expect(announced).to.be.a('promise')
    expect(await announced).to.have.length(1)
    expect(store.announced(CONTENT)).to.have.length(1)
  })

  it('reads nothing to take an announcement, and one range of keys to answer', async () => {
    const reads: string[] = []
    await announce(store, 1, CONTENT)
    const watched = new WatchedDatastore(() => {}, datastore)
    store = createStore(watched)
    await store.collect()
    watched.before = (operation, key) => { ['get', 'query'].includes(operation) && reads.push(key) }

    await announce(store, 1, CONTENT)
    await announce(store, 2, CONTENT)
    await announce(store, 1, bytes('other'))
    await store.get(bytes('nobody has it'))
    expect(reads).to.deep.equal([])
    expect(await store.get(CONTENT)).to.have.length(2)
    expect(reads).to.deep.equal([providerKey(CONTENT, contact(1)).toString().replace(/[^/]*$/, '')])
  })

  it('tells of an announcement before it is written, whether or not its key is at hand', async () => {
    let go = (): void => {}
    const held = new Promise<void>(resolve => { go = resolve })
    const watched = new WatchedDatastore()
    store = createStore(watched)
    await store.collect()
    await announce(store, 1, bytes('at hand'))
    await store.get(bytes('at hand'))

    watched.before = async operation => operation === 'put' ? held : undefined
    const announced = [announce(store, 2, bytes('at hand')), announce(store, 2, CONTENT)]
    await quiet()
    expect(await providersOf(store, bytes('at hand'))).to.deep.equal([1, 2])
    const found = providersOf(store, CONTENT)
    go()
    expect(await found).to.deep.equal([2])
    await Promise.all(announced)
  })

  it('deletes nothing that is announced anew while it collects', async () => {
    const watched = new WatchedDatastore(() => {}, datastore)
    store = createStore(watched)
    await Promise.all([1, 2, 3].map(async i => announce(store, i, CONTENT)))
    await store.collect()
    clock.tick(VALIDITY + BIN)
    // when the first was looked at already, and while another is
    let steps = 0
    watched.before = async operation => {
      if (operation === 'next' && ++steps === 2) {
        await Promise.all([1, 2, 3].map(async i => announce(store, i, CONTENT)))
      }
    }
    await store.collect()

    expect(await providersOf(store, CONTENT)).to.deep.equal([1, 2, 3])
    const { records, entries } = await readProviders(datastore)
    expect(records.size).to.equal(3)
    expect([...entries.keys()]).to.have.members([...records.keys()])
    expect(await providersOf(createStore(datastore), CONTENT)).to.deep.equal([1, 2, 3])
  })

  it('keeps memory and disk in step, whatever the cache drops meanwhile', async () => {
    const keys = Array.from({ length: 20 }, (_, i) => bytes(`key ${i}`))
    const fresh = createStore(new MemoryDatastore(), { cacheSize: 2 })

    for (const store of [createStore(datastore, { cacheSize: 2 }), fresh]) {
      await Promise.all([1, 2, 3, 4, 5].flatMap(i => keys.map(async key => announce(store, i, key))))

      for (const key of keys) {
        expect(await providersOf(store, key)).to.deep.equal([1, 2, 3, 4, 5])
      }

      expect(store.counts.records).to.equal(100)
    }

    for (const key of keys) {
      expect(await providersOf(createStore(datastore), key)).to.deep.equal([1, 2, 3, 4, 5])
    }
  })
})
