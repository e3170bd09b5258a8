import { expect } from 'aegir/chai'
import { MemoryDatastore } from 'datastore-core'
import fc from 'fast-check'
import { keyOf } from '../../src/kademlia/key.ts'
import { ttlLeft } from '../../src/kademlia/replication.ts'
import { hold } from '../../src/values/hold.ts'
import { Namespaces } from '../../src/values/namespaces.ts'
import { RecordStore } from '../../src/values/store/record-store.ts'
import { bytes } from '../helpers/content.ts'
import { falseTime, START } from '../helpers/false-time.ts'
import { checkAsync } from '../helpers/random.ts'
import type { ValueRecord } from '../../src/wire/record.ts'

const KEY = bytes('/test/key')

describe('replacing a value', () => {
  const namespaces = new Namespaces({ validators: { test: () => {} }, selectors: { test: (key, values) => values[0][0] >= values[1][0] ? 0 : 1 }, timeout: 5_000 })
  let store: RecordStore

  beforeEach(() => {
    store = createStore()
  })

  function createStore (): RecordStore {
    return new RecordStore(new MemoryDatastore(), { prefix: '/r', receivedPrefix: '/m', maxAge: 1_000_000_000, maxRecords: 10, self: keyOf(bytes('self')) })
  }

  async function put (value: string, more: Partial<ValueRecord> = {}): Promise<ValueRecord> {
    return hold({ key: KEY, value: bytes(value), timeReceived: Date.now(), ...more }, { store, namespaces })
  }

  it('takes a better one and refuses a worse one', async () => {
    await put('2')
    await put('3')
    await expect(put('1')).to.eventually.be.rejected.with.property('name', 'InvalidRecordError')
    expect((await store.get(KEY))?.value).to.equalBytes(bytes('3'))
  })

  it('never shortens the life of a value that is sent back by somebody', async () => {
    await put('1')
    expect(await put('1', { ttl: 1 })).to.have.property('ttl').that.is.within(999_998, 1_000_000)

    await put('2', { ttl: 1_000 })
    expect(await put('2', { ttl: 1 })).to.have.property('ttl').that.is.greaterThan(998)
    expect(await put('2', { ttl: 5_000 })).to.have.property('ttl', 5_000)
    expect(await put('2')).to.have.property('ttl', undefined)
  })

  it('keeps who first published it', async () => {
    const publisher = Uint8Array.from([0x12, 32, ...new Uint8Array(32)])
    await put('1', { publisher })
    expect((await put('1')).publisher).to.equalBytes(publisher)
  })

  describe('where lists are merged', () => {
    const merging = new Namespaces({
      validators: { test: () => {} },
      selectors: { test: () => 0 },
      rules: { test: { merge: values => bytes([...new Set(values.flatMap(value => [...new TextDecoder().decode(value)]))].sort().join('')) } },
      timeout: 5_000
    })

    async function add (value: string, more: Partial<ValueRecord> = {}): Promise<ValueRecord> {
      return hold({ key: KEY, value: bytes(value), timeReceived: Date.now(), ...more }, { store, namespaces: merging })
    }

    it('holds what is in any of them', async () => {
      await add('b')
      expect((await add('ac')).value).to.equalBytes(bytes('abc'))
    })

    it('lets nobody shorten the life of all by sending one with a short one', async () => {
      await add('abc')

      expect(await add('a', { ttl: 1 })).to.have.property('ttl').that.is.within(999_998, 1_000_000)
      expect((await store.get(KEY))?.value).to.equalBytes(bytes('abc'))
    })
  })

  describe('that answers with what it holds', () => {
    const answering = new Namespaces({
      validators: { test: () => {} },
      selectors: { test: (key, values) => values[0][0] >= values[1][0] ? 0 : 1 },
      rules: { test: { answersHeld: true } },
      timeout: 5_000
    })

    it('changes nothing for a worse one: neither its age, nor whose it is', async () => {
      const needs = { store, namespaces: answering }
      await hold({ key: KEY, value: bytes('2'), timeReceived: Date.now() }, needs, { received: true })
      const receivedAt = store.receivedAt(KEY)

      for (const options of [{ received: true }, { own: true }]) {
        const held = await hold({ key: KEY, value: bytes('1'), timeReceived: Date.now() + 60_000 }, needs, options)
        expect(held.value).to.equalBytes(bytes('2'))
        expect(store.receivedAt(KEY)).to.equal(receivedAt).and.not.equal(undefined)
      }
    })
  })

  it('makes no value live longer by passing it on among holders, however often and in whichever order', async () => {
    const clock = falseTime()

    try {
      await checkAsync(fc.asyncProperty(fc.array(fc.record({ from: fc.nat(3), to: fc.nat(3), after: fc.nat(200_000) }), { maxLength: 20 }), async passes => {
        const stores = Array.from({ length: 4 }, createStore)
        const end = Date.now() + 1_000_000_000
        await hold({ key: KEY, value: bytes('1'), timeReceived: Date.now() }, { store: stores[0], namespaces }, { received: true })

        for (const { from, to, after } of passes) {
          clock.setSystemTime(Date.now() + after * 1_000)
          const record = await stores[from].get(KEY)
          const ttl = record == null ? 0 : ttlLeft(stores[from].endOf(record), Date.now())

          if (ttl > 0) {
            await hold({ key: KEY, value: bytes('1'), timeReceived: Date.now(), ttl }, { store: stores[to], namespaces }, { received: true })
          }

          for (const store of stores) {
            const held = await store.get(KEY)
            expect(held == null ? 0 : store.endOf(held)).to.be.at.most(end)
          }
        }
      }))
    } finally {
      clock.restore()
    }
  })

  it('starts the life of a value anew that was published anew', async () => {
    const clock = falseTime()

    try {
      await put('1', { ttl: 100 })
      clock.setSystemTime(START + 50_000)
      await put('1')
      expect(store.endOf(await store.get(KEY) ?? { key: KEY, value: KEY })).to.equal(START + 50_000 + 1_000_000_000)
    } finally {
      clock.restore()
    }
  })

  it('ends a value that says when it ends then, whatever time to live it came with and how often', async () => {
    const clock = falseTime()

    try {
      const ending = new Namespaces({ validators: { test: () => {} }, selectors: { test: () => 0 }, rules: { test: { expires: () => START + 10_000 } }, timeout: 5_000 })

      for (const ttl of [undefined, 5_000]) {
        const held = await hold({ key: KEY, value: bytes('1'), timeReceived: Date.now(), ttl }, { store, namespaces: ending }, { received: true })
        expect(store.endOf(held)).to.equal(START + 10_000)
      }

      clock.setSystemTime(START + 10_000)
      expect(await store.get(KEY)).to.equal(undefined)
    } finally {
      clock.restore()
    }
  })

  it('tells of two values that contradict each other, and answers with the one held where the namespace does so', async () => {
    const told: string[] = []
    const rules = { test: { answersHeld: true, contradict: (a: Uint8Array, b: Uint8Array) => a[1] === b[1] } }
    const needs = {
      store,
      namespaces: new Namespaces({ validators: { test: () => {} }, selectors: { test: (key, values) => values[0][0] >= values[1][0] ? 0 : 1 }, rules, timeout: 5_000 }),
      onContradiction: (key: Uint8Array, values: Uint8Array[]) => { told.push(values.map(value => new TextDecoder().decode(value)).join(' ')) }
    }
    await hold({ key: KEY, value: bytes('2x'), timeReceived: Date.now() }, needs)
    expect((await hold({ key: KEY, value: bytes('1y'), timeReceived: Date.now() }, needs)).value).to.equalBytes(bytes('2x'))
    expect(told).to.deep.equal([])
    expect((await hold({ key: KEY, value: bytes('1x'), timeReceived: Date.now() }, needs)).value).to.equalBytes(bytes('2x'))
    expect(told).to.deep.equal(['2x 1x'])
  })
})
