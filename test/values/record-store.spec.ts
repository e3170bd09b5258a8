import { expect } from 'aegir/chai'
import { MemoryDatastore } from 'datastore-core'
import { Key } from 'interface-datastore/key'
import Sinon from 'sinon'
import { toString as uint8ArrayToString } from 'uint8arrays/to-string'
import { RecordStore } from '../../src/values/record-store.ts'
import { decodeRecord } from '../../src/wire/record.ts'
import { bytes } from '../helpers/content.ts'
import type { ValueRecord } from '../../src/wire/record.ts'

const HOUR = 3_600_000
const KEY = bytes('/test/key')

describe('the store of values', () => {
  let clock: Sinon.SinonFakeTimers
  let datastore: MemoryDatastore
  let store: RecordStore

  beforeEach(() => {
    clock = Sinon.useFakeTimers({ now: 1_000_000_000_000, toFake: ['Date'] })
    datastore = new MemoryDatastore()
    store = new RecordStore(datastore, { prefix: '/dht/record', receivedPrefix: '/dht/received', maxAge: 48 * HOUR, maxRecords: 3 })
  })

  afterEach(() => {
    clock.restore()
  })

  function record (value: string, more: Partial<ValueRecord> = {}): ValueRecord {
    return { key: KEY, value: bytes(value), timeReceived: Date.now(), ...more }
  }

  async function put (record: ValueRecord): Promise<void> {
    await store.update(record.key, async () => record, { received: true })
  }

  async function stored (): Promise<string[]> {
    const keys = []

    for await (const key of datastore.queryKeys({ prefix: '/dht/record' })) {
      keys.push(key.toString())
    }

    return keys
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

  it('refuses more keys than its limit, and still takes new values for those it has', async () => {
    for (const name of ['a', 'b', 'c']) {
      await put(record('1', { key: bytes(`/test/${name}`) }))
    }

    await expect(put(record('1', { key: bytes('/test/d') }))).to.eventually.be.rejected.with.property('name', 'StoreFullError')
    await put(record('2', { key: bytes('/test/a') }))
    expect((await store.get(bytes('/test/a')))?.value).to.equalBytes(bytes('2'))

    clock.tick(48 * HOUR)
    await store.collect()
    await put(record('1', { key: bytes('/test/d') }))
  })
})
