import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'aegir/chai'
import { MemoryDatastore } from 'datastore-core'
import { Key } from 'interface-datastore/key'
import Sinon from 'sinon'
import * as varint from 'uint8-varint'
import { toString as uint8ArrayToString } from 'uint8arrays/to-string'
import { ProviderStore } from '../../src/providers/provider-store.ts'
import { contactFromPeerId } from '../../src/query/contact.ts'
import { bytes } from '../helpers/content.ts'
import type { ProviderStoreOptions } from '../../src/providers/provider-store.ts'
import type { Contact } from '../../src/query/contact.ts'
import type { PeerId } from '@libp2p/interface'
import type { Pair } from 'interface-datastore'

const HOUR = 3_600_000
const CONTENT = bytes('any bytes will do')
const ADDRESS = multiaddr('/ip4/1.2.3.4/tcp/4001')

describe('the store of providers', () => {
  let clock: Sinon.SinonFakeTimers
  let datastore: MemoryDatastore
  let self: Contact
  let peers: PeerId[]

  before(async () => {
    const keys = await Promise.all(Array.from({ length: 6 }, async () => generateKeyPair('Ed25519')))
    const [own, ...others] = keys.map(peerIdFromPrivateKey)
    self = contactFromPeerId(own)
    peers = others
  })

  beforeEach(() => {
    clock = Sinon.useFakeTimers({ now: 1_000_000_000_000, toFake: ['Date'] })
    datastore = new MemoryDatastore()
  })

  afterEach(() => {
    clock.restore()
  })

  function createStore (options: Partial<ProviderStoreOptions> = {}): ProviderStore {
    return new ProviderStore(datastore, self, {
      prefix: '/dht/provider',
      validity: 48 * HOUR,
      maxProvidersPerKey: 3,
      maxRecords: 4,
      cacheSize: 2,
      ...options
    })
  }

  async function add (store: ProviderStore, peer: PeerId, multihash = CONTENT): Promise<void> {
    await store.add(multihash, { contact: contactFromPeerId(peer, [ADDRESS]), announcedAt: Date.now() })
  }

  async function count (datastore: MemoryDatastore): Promise<number> {
    let count = 0

    for await (const key of datastore.queryKeys({ prefix: '/dht/provider' })) {
      count += key.toString() === '' ? 0 : 1
    }

    return count
  }

  async function ids (store: ProviderStore, multihash = CONTENT): Promise<string[]> {
    return (await store.get(multihash)).map(({ contact }) => contact.id)
  }

  it('keeps providers with their addresses, also over a restart', async () => {
    await add(createStore(), peers[0])
    const [record] = await createStore().get(CONTENT)

    expect(record.contact.id).to.equal(contactFromPeerId(peers[0]).id)
    expect(record.contact.addrs[0]).to.equalBytes(ADDRESS.bytes)
    expect(record.announcedAt).to.equal(Date.now())
  })

  it('writes what @libp2p/kad-dht reads, and reads what it writes', async () => {
    await add(createStore(), peers[0])
    const key = new Key(`/dht/provider/${uint8ArrayToString(CONTENT, 'base32')}/${peers[0].toString()}`)
    expect(varint.decode(await datastore.get(key))).to.equal(Date.now())

    await datastore.put(key, varint.encode(Date.now() - HOUR))
    const [record] = await createStore().get(CONTENT)
    expect(record.announcedAt).to.equal(Date.now() - HOUR)
    expect(record.contact.addrs).to.deep.equal([])
  })

  it('never tells of an announcement that has lapsed, but always of its own', async () => {
    const store = createStore()
    await add(store, peers[0])
    await store.add(CONTENT, { contact: self, announcedAt: 0 })
    clock.tick(48 * HOUR - 1)
    expect(await ids(store)).to.have.length(2)
    clock.tick(1)
    expect(await ids(store)).to.deep.equal([self.id])

    await store.collect()
    expect(await ids(createStore())).to.deep.equal([self.id])
    expect(await count(datastore)).to.equal(1)
  })

  it('has one place for a provider, however often it announces', async () => {
    const store = createStore()

    for (let i = 0; i < 10; i++) {
      await add(store, peers[0])
    }

    await Promise.all(peers.slice(1, 3).map(async peer => add(store, peer)))
    expect(await ids(store)).to.have.length(3)
  })

  it('refuses more providers of a key, and more in all, than its limits; never itself', async () => {
    const store = createStore()
    const results = await Promise.allSettled(peers.slice(0, 4).map(async peer => add(store, peer)))
    expect(results.map(({ status }) => status)).to.deep.equal(['fulfilled', 'fulfilled', 'fulfilled', 'rejected'])

    await add(store, peers[0], bytes('other'))
    await expect(add(store, peers[1], bytes('other'))).to.eventually.be.rejected.with.property('name', 'StoreFullError')
    await store.add(CONTENT, { contact: self, announcedAt: 0 })
    expect(await ids(store)).to.include(self.id)
  })

  it('gives the place of a lapsed announcement to a new one', async () => {
    const store = createStore()
    await Promise.all(peers.slice(0, 3).map(async peer => add(store, peer)))
    clock.tick(48 * HOUR)
    await add(store, peers[3])
    expect(await ids(store)).to.deep.equal([contactFromPeerId(peers[3]).id])
  })

  it('tells what it provides itself, until it is cancelled', async () => {
    const store = createStore()
    await store.add(CONTENT, { contact: self, announcedAt: 7 })
    await add(store, peers[0])

    const own = []

    for await (const entry of store.own()) {
      own.push(entry)
    }

    expect(own).to.have.length(1)
    expect(own[0].multihash).to.equalBytes(CONTENT)
    expect(own[0].announcedAt).to.equal(7)

    await store.remove(CONTENT, self)
    expect(await ids(createStore())).to.deep.equal([contactFromPeerId(peers[0]).id])
  })

  it('deletes nothing that is announced anew while it collects', async () => {
    const store = createStore()
    await add(store, peers[0])
    await add(store, peers[1])
    clock.tick(48 * HOUR)
    // as LevelDB does it: what is read is as it was at the beginning
    const snapshot = [...datastore.query({ prefix: '/dht/provider' }) as Generator<Pair>]
    const query = Sinon.stub(datastore, 'query').callsFake(async function * () {
      query.restore()
      yield snapshot[0]
      await add(store, peers[0])
      await add(store, peers[1])
      yield snapshot[1]
    } as any)
    await store.collect()

    const { id } = contactFromPeerId(peers.find(peer => snapshot[1].key.toString().endsWith(peer.toString())) as PeerId)
    expect(await ids(store)).to.include(id)
    expect(await ids(createStore())).to.include(id)
  })

  it('answers at once for the keys that it has at hand, and for them alone', async () => {
    const store = createStore({ maxRecords: 1_000 })
    await add(store, peers[0])
    expect(store.announced(CONTENT)).to.have.length(1)

    for (let i = 0; i < 10; i++) {
      await add(store, peers[0], bytes(`key ${i}`))
    }

    const announced = store.announced(CONTENT)
    expect(announced).to.be.a('promise')
    expect(await announced).to.have.length(1)
    expect(store.announced(CONTENT)).to.have.length(1)
  })

  it('keeps memory and disk in step, whatever the cache drops meanwhile', async () => {
    const store = createStore({ maxRecords: 1_000, maxProvidersPerKey: 10 })
    const keys = Array.from({ length: 20 }, (_, i) => bytes(`key ${i}`))

    await Promise.all(peers.flatMap(peer => keys.map(async key => add(store, peer, key))))

    for (const key of keys) {
      expect(await ids(store, key)).to.have.length(peers.length)
      expect(await ids(createStore(), key)).to.have.length(peers.length)
    }
  })

  it('says so when the disk fails, and does not tell of what it could not write', async () => {
    const store = createStore()
    await store.get(CONTENT)
    const put = Sinon.stub(datastore, 'put').throws(new Error('no space left on device'))
    await expect(add(store, peers[0])).to.eventually.be.rejectedWith('no space left')
    put.restore()

    expect(await ids(store)).to.deep.equal([])
    await add(store, peers[0])
    expect(await ids(store)).to.have.length(1)
  })
})
