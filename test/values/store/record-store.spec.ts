import { expect } from 'aegir/chai'
import { MemoryDatastore } from 'datastore-core'
import { Key } from 'interface-datastore/key'
import Sinon from 'sinon'
import { concat as uint8ArrayConcat } from 'uint8arrays/concat'
import { toString as uint8ArrayToString } from 'uint8arrays/to-string'
import { commonPrefixLength, keyOf } from '../../../src/kademlia/key.ts'
import { encodeMarker } from '../../../src/values/store/marker.ts'
import { RecordStore } from '../../../src/values/store/record-store.ts'
import { decodeRecord, encodeRecord } from '../../../src/wire/record.ts'
import { bytes } from '../../helpers/content.ts'
import { keyInBucket, keysIn, markerKey, PREFIX, readStored, RECEIVED_PREFIX, recordKey, SELF, WatchedDatastore } from '../../helpers/stored-records.ts'
import { until } from '../../helpers/turns.ts'
import type { EvictionReason } from '../../../src/values/store/make-room.ts'
import type { HeldForOthers } from '../../../src/values/store/received-records.ts'
import type { HeldRecord, RecordStoreOptions } from '../../../src/values/store/record-store.ts'
import type { ValueRecord } from '../../../src/wire/record.ts'
import type { Datastore } from 'interface-datastore'

const HOUR = 3_600_000
const KEY = bytes('/test/key')
const OPTIONS: RecordStoreOptions = { prefix: PREFIX, receivedPrefix: RECEIVED_PREFIX, self: SELF, maxAge: 48 * HOUR, maxRecords: 3 }

describe('the store of values', () => {
  let clock: Sinon.SinonFakeTimers
  let datastore: MemoryDatastore
  let store: RecordStore
  let evicted: Array<{ key: Uint8Array, reason: EvictionReason }>

  beforeEach(() => {
    clock = Sinon.useFakeTimers({ now: 1_000_000_000_000, toFake: ['Date'] })
    datastore = new MemoryDatastore()
    evicted = []
    store = createStore()
  })

  afterEach(() => {
    clock.restore()
  })

  function createStore (options: Partial<RecordStoreOptions> = {}, inside: Datastore = datastore): RecordStore {
    return new RecordStore(inside, { ...OPTIONS, onEvicted: (key, reason) => { evicted.push({ key, reason }) }, ...options })
  }

  function record (value: string, more: Partial<HeldRecord> = {}): HeldRecord {
    return { key: KEY, value: bytes(value), timeReceived: Date.now(), ...more }
  }

  async function put (record: HeldRecord): Promise<void> {
    await store.update(record.key, async () => record, { received: true })
  }

  async function stored (): Promise<string[]> {
    return (await keysIn(datastore)).filter(key => key.startsWith('/dht/record/'))
  }

  async function held (): Promise<HeldForOthers[]> {
    const held = []

    for await (const one of store.held()) {
      held.push(one)
    }

    return held
  }

  it('holds what it was given, where @libp2p/kad-dht looks for it', async () => {
    await put(record('1'))

    expect((await store.get(KEY))?.value).to.equalBytes(bytes('1'))
    const raw = await datastore.get(new Key(`/dht/record/${uint8ArrayToString(KEY, 'base32')}`))
    expect(decodeRecord(raw)).to.deep.include({ timeReceived: 1_000_000_000_000 })
  })

  it('knows nothing of a key it was never given', async () => {
    expect(await store.get(bytes('/test/other'))).to.equal(undefined)
  })

  it('lets a value go after 48 hours, to the millisecond', async () => {
    await put(record('1'))
    clock.tick(48 * HOUR - 1)
    expect(await store.get(KEY)).to.not.equal(undefined)
    clock.tick(1)
    expect(await store.get(KEY)).to.equal(undefined)
  })

  it('lets a value go when its own time to live ends, and never later than others', async () => {
    await put(record('1', { ttl: 60 }))
    clock.tick(59_999)
    expect(await store.get(KEY)).to.not.equal(undefined)
    clock.tick(1)
    expect(await store.get(KEY)).to.equal(undefined)

    await put(record('2', { ttl: 1_000_000 }))
    clock.tick(48 * HOUR)
    expect(await store.get(KEY)).to.equal(undefined)
  })

  it('counts a record without a time, or one that is no record, as none', async () => {
    await put(record('1', { timeReceived: undefined }))
    expect(await store.get(KEY)).to.equal(undefined)

    await datastore.put(new Key(`/dht/record/${uint8ArrayToString(KEY, 'base32')}`), bytes('\xff\xff'))
    expect(await store.get(KEY)).to.equal(undefined)
  })

  it('deletes what has expired when it collects, whether or not anybody asked', async () => {
    await put(record('1', { key: bytes('/test/old') }))
    clock.tick(47 * HOUR)
    await put(record('2'))
    clock.tick(HOUR)
    await store.collect()

    expect(await stored()).to.deep.equal([`/dht/record/${uint8ArrayToString(KEY, 'base32')}`])
  })

  it('never deletes what it does not hold for others, such as the node\'s own values', async () => {
    await store.update(KEY, async () => record('1'))
    clock.tick(1_000 * HOUR)
    await store.collect()
    expect(await stored()).to.have.length(1)
  })

  it('compares and stores in one step: of racing changes each sees the one before', async () => {
    const seen: Array<string | undefined> = []

    await Promise.all(['1', '2', '3'].map(async value => store.update(KEY, async held => {
      seen.push(held == null ? undefined : new TextDecoder().decode(held.value))
      // others get their chance, if there is one
      await Promise.resolve()
      return record(value)
    })))

    expect(seen).to.deep.equal([undefined, '1', '2'])
    expect((await store.get(KEY))?.value).to.equalBytes(bytes('3'))
  })

  it('keeps what it holds when a change is refused, and goes on with the next', async () => {
    await put(record('1'))
    const refused = store.update(KEY, async () => { throw new Error('no') })
    const next = store.update(KEY, async () => record('2'))

    await expect(refused).to.eventually.be.rejectedWith('no')
    await next
    expect((await store.get(KEY))?.value).to.equalBytes(bytes('2'))
  })

  it('makes room for a nearer value, refuses a farther one, and still takes new values for the keys that it has', async () => {
    for (const name of ['a', 'b', 'c']) {
      await put(record('1', { key: keyInBucket(2, name) }))
    }

    await expect(put(record('1', { key: keyInBucket(1, 'd') }))).to.eventually.be.rejected.with.property('name', 'StoreFullError')
    await put(record('2', { key: keyInBucket(2, 'a') }))
    expect((await store.get(keyInBucket(2, 'a')))?.value).to.equalBytes(bytes('2'))

    await put(record('1', { key: keyInBucket(3, 'e') }))
    expect(evicted).to.have.length(1)
    expect(store.size).to.equal(3)

    clock.tick(48 * HOUR)
    await store.collect()
    expect(store.size).to.equal(0)
    await put(record('1', { key: keyInBucket(1, 'd') }))
  })

  it('lets a value that has expired go before any other, without calling it evicted', async () => {
    await put(record('1', { key: keyInBucket(5, 'near'), ttl: 60 }))
    await put(record('1', { key: keyInBucket(0, 'far') }))
    await put(record('1', { key: keyInBucket(1, 'farther') }))
    clock.tick(60_000)
    await put(record('1', { key: keyInBucket(0, 'new') }))

    expect(evicted).to.deep.equal([])
    expect((await readStored(datastore)).received.size).to.equal(3)
    expect(await store.get(keyInBucket(0, 'far'))).to.not.equal(undefined)
  })

  it('lets the one that ends soonest go first of those that are about as far', async () => {
    await put(record('1', { key: keyInBucket(1, 'long') }))
    await put(record('1', { key: keyInBucket(1, 'short'), ttl: 600 }))
    await put(record('1', { key: keyInBucket(1, 'long too') }))
    await expect(put(record('1', { key: keyInBucket(1, 'shorter'), ttl: 599 }))).to.eventually.be.rejected.with.property('name', 'StoreFullError')
    await put(record('1', { key: keyInBucket(1, 'longer'), ttl: 601 }))

    expect(evicted).to.deep.equal([{ key: keyInBucket(1, 'short'), reason: 'records' }])
  })

  it('is not emptied of near values by any number of far ones, nor of long-lived ones by short-lived ones', async () => {
    await put(record('1', { key: keyInBucket(6, 'a') }))
    await put(record('1', { key: keyInBucket(6, 'b') }))

    for (let i = 0; i < 100; i++) {
      await put(record('1', { key: keyInBucket(i % 6, `far-${i}`) })).catch(() => {})
      await put(record('1', { key: keyInBucket(6, `short-${i}`), ttl: 1 })).catch(() => {})
    }

    expect(await store.get(keyInBucket(6, 'a'))).to.not.equal(undefined)
    expect(await store.get(keyInBucket(6, 'b'))).to.not.equal(undefined)
    expect(store.size).to.equal(3)
  })

  it('holds no more bytes than its limit: several have to go for a long value, and none for one that is longer than all may be', async () => {
    store = createStore({ maxRecords: 100, maxBytes: 100 })

    for (let i = 0; i < 10; i++) {
      await put(record('x'.repeat(10), { key: keyInBucket(1, `${i}`) }))
    }

    await put(record('x'.repeat(35), { key: keyInBucket(2, 'long') }))
    expect(evicted.map(({ reason }) => reason)).to.deep.equal(Array.from({ length: 4 }, () => 'bytes'))
    expect(store).to.include({ size: 7, bytes: 95 })

    await expect(put(record('x'.repeat(101), { key: keyInBucket(3, 'too long') }))).to.eventually.be.rejected.with.property('name', 'StoreFullError')
    expect(store).to.include({ size: 7, bytes: 95 })
  })

  it('keeps the value that it has when a longer one in its place does not fit', async () => {
    store = createStore({ maxBytes: 100 })
    await put(record('x'.repeat(50), { key: keyInBucket(1, 'far') }))
    await put(record('x'.repeat(50), { key: keyInBucket(2, 'near') }))
    await expect(put(record('x'.repeat(51), { key: keyInBucket(1, 'far') }))).to.eventually.be.rejected.with.property('name', 'StoreFullError')

    expect((await store.get(keyInBucket(1, 'far')))?.value).to.have.length(50)
    expect(store).to.include({ size: 2, bytes: 100 })
  })

  describe('of one publisher', () => {
    const owner = multihash(1)

    beforeEach(() => {
      store = createStore({ maxRecords: 100, maxPerPublisher: 2 })
    })

    async function putFrom (key: Uint8Array, from: string, more: Partial<ValueRecord> = {}): Promise<void> {
      await store.update(key, async () => record('1', { key, ...more }), { received: true, from })
    }

    it('takes no more than its limit, and lets go of those of no other', async () => {
      await putFrom(keyInBucket(0, 'other'), 'other')
      await putFrom(keyInBucket(1, 'a'), 'same')
      await putFrom(keyInBucket(2, 'b'), 'same')
      await putFrom(keyInBucket(3, 'c'), 'same')

      expect(evicted).to.deep.equal([{ key: keyInBucket(1, 'a'), reason: 'publisher' }])
      await expect(putFrom(keyInBucket(1, 'd'), 'same')).to.eventually.be.rejected.with.property('name', 'StoreFullError')
      await putFrom(keyInBucket(0, 'e'), 'other')
    })

    it('counts the owner in a signed record\'s key, whoever sends it, also one with the byte of a slash', async () => {
      for (const [i, from] of ['x', 'y', 'z'].entries()) {
        await putFrom(uint8ArrayConcat([bytes('/sig/'), owner, bytes(`/${i}`)]), from)
      }

      expect(evicted).to.have.length(1)
    })

    it('counts the publisher that a record names, whoever sends it, and does not take it for the owner of signed ones', async () => {
      await putFrom(uint8ArrayConcat([bytes('/sig/'), owner, bytes('/1')]), 'x')
      await putFrom(uint8ArrayConcat([bytes('/sig/'), owner, bytes('/2')]), 'x')

      for (const [i, from] of ['x', 'y', 'z'].entries()) {
        await putFrom(keyInBucket(i, 'claimed'), from, { publisher: owner })
      }

      expect(evicted).to.deep.equal([{ key: keyInBucket(0, 'claimed'), reason: 'publisher' }])
    })

    it('counts the first sender of a value, also after a start', async () => {
      await putFrom(keyInBucket(1, 'a'), 'first')
      await putFrom(keyInBucket(2, 'b'), 'first')
      store = createStore({ maxPerPublisher: 2 })
      await store.load()
      await putFrom(keyInBucket(1, 'a'), 'second')
      await putFrom(keyInBucket(3, 'c'), 'first')

      expect(evicted).to.deep.equal([{ key: keyInBucket(1, 'a'), reason: 'publisher' }])
    })
  })

  it('ends a value exactly at the end that it was given, also after a start, and also its own', async () => {
    const expires = Date.now() + 1_000
    await put(record('1', { expires }))
    await store.update(bytes('/test/own'), async () => record('1', { key: bytes('/test/own'), expires }))
    clock.tick(999)
    expect(await createStore().get(KEY)).to.have.property('expires', expires)
    expect(await store.get(bytes('/test/own'))).to.not.equal(undefined)
    clock.tick(1)
    expect(await store.get(bytes('/test/own'))).to.equal(undefined)
    expect(await store.get(KEY)).to.equal(undefined)
    expect(await createStore().get(KEY)).to.equal(undefined)
  })

  it('never extends the end of a value that comes again, with a later end or without one, and does for another value', async () => {
    const expires = Date.now() + 1_000
    await put(record('1', { expires }))
    clock.tick(500)
    await put(record('1', { expires: expires + 1 }))
    expect(await createStore().get(KEY)).to.have.property('expires', expires)
    await put(record('1'))
    expect(await store.get(KEY)).to.have.property('expires', expires)
    await put(record('2', { expires: expires + 1 }))
    expect(await store.get(KEY)).to.have.property('expires', expires + 1)
  })

  it('holds nothing longer than 48 hours, however late its end', async () => {
    await put(record('1', { expires: Date.now() + 100 * HOUR }))
    clock.tick(48 * HOUR)
    expect(await store.get(KEY)).to.equal(undefined)
    await store.collect()
    expect(await keysIn(datastore)).to.deep.equal([])
  })

  it('tells what it holds for others, when it last came from one of them, and when it ends', async () => {
    await put(record('1'))
    await store.update(bytes('/test/own'), async () => record('1', { key: bytes('/test/own') }))
    clock.tick(1_000)
    // its own change is no news from others
    await store.update(KEY, async () => record('2', { ttl: 60 }))
    await put(record('1', { key: bytes('/test/other'), ttl: 1 }))
    store = createStore()
    clock.tick(1_000)

    expect(await held()).to.deep.equal([{ key: KEY, receivedAt: 1_000_000_000_000, expires: 1_000_000_061_000 }])
  })

  it('makes a value its own when it is told so, and never lets it go again', async () => {
    await put(record('1'))
    await store.update(KEY, async () => record('2'), { own: true })
    expect(store.size).to.equal(0)
    await put(record('3'))
    clock.tick(100 * HOUR)
    await store.collect()
    await createStore().collect()

    expect((await readStored(datastore)).own.size).to.equal(1)
  })

  it('takes over what a version before has marked, by reading it once', async () => {
    datastore.put(recordKey(KEY), encodeRecord(record('12345', { ttl: 60 })))
    datastore.put(markerKey(KEY), new Uint8Array(0))
    datastore.put(markerKey(bytes('/test/nothing')), new Uint8Array(0))
    datastore.put(new Key('/dht/received/not a name!'), new Uint8Array(0))

    await store.load()
    expect(store).to.include({ size: 1, bytes: 5 })
    expect(datastore.has(markerKey(bytes('/test/nothing')))).to.equal(false)

    const watched = new WatchedDatastore((operation, key) => {
      if (operation === 'get') {
        throw new Error(`${key} is read`)
      }
    }, datastore)
    const next = new RecordStore(watched, OPTIONS)
    await next.load()
    expect(next).to.include({ size: 1, bytes: 5 })
    clock.tick(60_000)
    await next.collect()
    expect(await stored()).to.deep.equal([])
  })

  it('gets, changes and leaves values as their markers say before it has read them all', async () => {
    const OWN = bytes('/test/own')
    const other = keyInBucket(1, 'x')
    const expires = Date.now() + 1_000
    await put(record('1', { expires }))
    await put(record('1', { key: other }))
    await store.update(OWN, async () => record('1', { key: OWN }))

    store = createStore()
    await put(record('1'))
    await put(record('2', { key: OWN }))
    expect(await store.get(KEY)).to.have.property('expires', expires)
    await store.update(other, async () => record('2', { key: other }), { own: true })
    await store.load()
    expect(store.size).to.equal(1)

    clock.tick(100 * HOUR)
    await store.collect()
    expect((await readStored(datastore)).own.size).to.equal(2)
    expect(await stored()).to.have.length(2)
  })

  it('deletes what is over limits that have become lower, the least useful first', async () => {
    store = createStore({ maxRecords: 1_000 })

    for (let i = 0; i < 300; i++) {
      await store.update(keyInBucket(i % 3, `${i}`), async () => record('1', { key: keyInBucket(i % 3, `${i}`) }), { received: true, from: `${i % 2}` })
    }

    store = createStore({ maxRecords: 150, maxPerPublisher: 80 })
    await store.collect()
    const { received } = await readStored(datastore)
    expect(received.size).to.equal(150)
    expect([...received.values()].filter(({ key }) => commonPrefixLength(keyOf(key), SELF) === 2)).to.have.length(100)
    expect(evicted.filter(({ reason }) => reason === 'publisher')).to.have.length(140)
  })

  it('forgets a marker whose value is gone as soon as it is asked for', async () => {
    await put(record('1'))
    datastore.delete(recordKey(KEY))
    store = createStore()
    await store.load()
    expect(store.size).to.equal(1)
    expect(await store.get(KEY)).to.equal(undefined)
    expect(store).to.include({ size: 0, bytes: 0 })
    expect(await keysIn(datastore)).to.deep.equal([])
  })

  it('ends the reading of markers when it is given up, and goes on another time', async () => {
    store = createStore({ maxRecords: 1_000 })

    for (let i = 0; i < 500; i++) {
      await put(record('1', { key: bytes(`/test/${i}`) }))
    }

    store = createStore({ maxRecords: 1_000 })
    const controller = new AbortController()
    const loading = store.load({ signal: controller.signal })
    controller.abort()
    await expect(loading).to.eventually.be.rejected.with.property('name', 'AbortError')
    expect(store.size).to.be.lessThan(500)
    await store.load()
    expect(store.size).to.equal(500)
  })

  it('leaves everything as it was when the disk is full, and goes on when it is not any more', async () => {
    for (const failing of ['received', 'record']) {
      const watched = new WatchedDatastore()
      store = new RecordStore(watched, { ...OPTIONS, maxRecords: 2 })
      await put(record('1', { key: keyInBucket(1, 'far') }))
      await put(record('1', { key: keyInBucket(4, 'near') }))
      watched.before = (operation, key) => {
        if (operation === 'put' && key.startsWith(`/dht/${failing}/`)) {
          throw new Error('ENOSPC: no space left on device')
        }
      }

      await expect(put(record('12', { key: keyInBucket(2, 'new') }))).to.eventually.be.rejectedWith('ENOSPC')
      await expect(put(record('123', { key: keyInBucket(4, 'near') }))).to.eventually.be.rejectedWith('ENOSPC')
      expect(store).to.include({ size: 2, bytes: 2 })
      expect(await readStored(watched.memory)).to.deep.include({ bytes: 2, empty: [] })

      watched.before = () => {}
      await put(record('12', { key: keyInBucket(2, 'new') }))
      await put(record('123', { key: keyInBucket(4, 'near') }))
      expect(store).to.include({ size: 2, bytes: 5 })
      expect(await readStored(watched.memory)).to.deep.include({ bytes: 5, empty: [] })
    }
  })

  it('never gives a value the later end of one that was to take its place when the power failed', async () => {
    const expires = Date.now() + 1_000
    const watched = new WatchedDatastore()
    store = new RecordStore(watched, OPTIONS)
    await put(record('1', { expires }))
    let writes = 0
    watched.before = operation => {
      if (operation !== 'get' && ++writes > 1) {
        throw new Error('stopped')
      }
    }
    await expect(put(record('2', { expires: expires + 1_000 }))).to.eventually.be.rejectedWith('stopped')

    clock.tick(1_000)
    store = createStore({}, watched.memory)
    expect((await store.get(KEY))?.value ?? bytes('2')).to.equalBytes(bytes('2'))
  })

  it('counts what it could not delete, and deletes it another time', async () => {
    const watched = new WatchedDatastore()
    store = new RecordStore(watched, { ...OPTIONS, maxRecords: 1 })
    await put(record('1', { key: keyInBucket(1, 'far') }))
    watched.before = operation => {
      if (operation === 'delete') {
        throw new Error('EIO')
      }
    }
    await put(record('1', { key: keyInBucket(2, 'near') }))
    expect(store.size).to.equal(2)
    clock.tick(48 * HOUR)
    await expect(store.collect()).to.eventually.be.rejectedWith('EIO')
    expect(store.size).to.equal(2)

    watched.before = () => {}
    await store.collect()
    expect(store.size).to.equal(0)
    expect(await keysIn(watched.memory)).to.deep.equal([])
  })
  it('reads, evicts and collects among 100,000 values without a scan, or a read of any other value, and lets others have their turn', async () => {
    const COUNT = 100_000
    const counts = { get: 0, put: 0, delete: 0, query: 0, next: 0 }

    for (let i = 0; i < COUNT; i++) {
      const expires = Date.now() + (i < 250 ? 1_000 : 48 * HOUR)
      datastore.put(markerKey(bytes(`/test/${i}`)), encodeMarker({ expires, until: Infinity, received: Date.now(), bytes: 10, publisher: '' }))
    }

    store = createStore({ maxRecords: COUNT }, new WatchedDatastore(operation => { counts[operation]++ }, datastore))
    let isLoaded = false
    let turns = 0
    const loading = store.load().finally(() => { isLoaded = true })

    await until(() => {
      turns++

      return isLoaded
    })
    await loading
    expect(turns).to.be.greaterThan(COUNT / 1_000)
    expect(store).to.include({ size: COUNT, bytes: 10 * COUNT })
    expect(counts).to.deep.equal({ get: 0, put: 0, delete: 0, query: 1, next: COUNT })

    await put(record('1', { key: keyInBucket(3, 'new') }))
    expect(evicted).to.have.length(1)
    expect(counts).to.deep.equal({ get: 1, put: 2, delete: 2, query: 1, next: COUNT })

    clock.tick(1_000)
    const { size } = store
    await store.collect()
    expect(size - store.size).to.be.within(249, 250)
    expect(counts).to.deep.equal({ get: 1, put: 2, delete: 2 + 2 * (size - store.size), query: 1, next: COUNT })

    await held()
    expect(counts.query).to.equal(1)
  })
})

function multihash (seed: number): Uint8Array {
  return Uint8Array.from([0x12, 32, 0x2f, ...new Uint8Array(31).fill(seed)])
}
