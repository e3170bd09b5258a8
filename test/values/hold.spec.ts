import { expect } from 'aegir/chai'
import { MemoryDatastore } from 'datastore-core'
import { keyOf } from '../../src/kademlia/key.ts'
import { hold } from '../../src/values/hold.ts'
import { Namespaces } from '../../src/values/namespaces.ts'
import { RecordStore } from '../../src/values/store/record-store.ts'
import { bytes } from '../helpers/content.ts'
import type { ValueRecord } from '../../src/wire/record.ts'

const KEY = bytes('/test/key')

describe('replacing a value', () => {
  const namespaces = new Namespaces({ validators: { test: () => {} }, selectors: { test: (key, values) => values[0][0] >= values[1][0] ? 0 : 1 }, timeout: 5_000 })
  let store: RecordStore

  beforeEach(() => {
    store = new RecordStore(new MemoryDatastore(), { prefix: '/r', receivedPrefix: '/m', maxAge: 1_000_000_000, maxRecords: 10, self: keyOf(bytes('self')) })
  })

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
})
