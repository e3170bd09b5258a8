// The store of values beside a model that knows nothing of heaps, markers and turns.

import { expect } from 'aegir/chai'
import { MemoryDatastore } from 'datastore-core'
import fc from 'fast-check'
import Sinon from 'sinon'
import { concat as uint8ArrayConcat } from 'uint8arrays/concat'
import { toString as uint8ArrayToString } from 'uint8arrays/to-string'
import { commonPrefixLength, compareDistance, keyOf } from '../../../src/kademlia/key.ts'
import { RecordStore } from '../../../src/values/store/record-store.ts'
import { bytes } from '../../helpers/content.ts'
import { checkAsync } from '../../helpers/random.ts'
import { PREFIX, readStored, RECEIVED_PREFIX, SELF, WatchedDatastore } from '../../helpers/stored-records.ts'
import type { RecordStoreOptions, UpdateOptions } from '../../../src/values/store/record-store.ts'
import type { Datastore } from 'interface-datastore'

const START = 1_000_000_000_000
const SECOND = 1_000
const MAX_AGE = 50 * SECOND
const OPTIONS: RecordStoreOptions = { prefix: PREFIX, receivedPrefix: RECEIVED_PREFIX, self: SELF, maxAge: MAX_AGE, maxRecords: 6, maxBytes: 60, maxPerPublisher: 3 }
const OWNER = Uint8Array.from([0x12, 32, 0x2f, ...new Uint8Array(31)])
const UNSIGNED = 10
const KEYS = [
  ...Array.from({ length: UNSIGNED }, (_, i) => bytes(`/test/${i}`)),
  ...Array.from({ length: 5 }, (_, i) => uint8ArrayConcat([bytes('/sig/'), OWNER, bytes(`/${i}`)]))
]

interface Put {
  kind: 'put'
  key: number
  size: number
  /** seconds; 0 for none */
  ttl: number
  /** seconds from now; 0 for no end */
  end: number
  from: string
  as: 'received' | 'own' | 'either'
}

type Step = Put | { kind: 'wait', seconds: number } | { kind: 'collect' } | { kind: 'restart' }

const putting: fc.Arbitrary<Put> = fc.record({
  kind: fc.constant('put'),
  key: fc.nat(KEYS.length - 1),
  size: fc.nat(25),
  ttl: fc.constantFrom(0, 0, 5, 20),
  end: fc.constantFrom(0, 0, 3, 10, 100),
  from: fc.constantFrom('x', 'y', 'z'),
  as: fc.constantFrom('received', 'received', 'received', 'received', 'received', 'own', 'either')
})

const steps: fc.Arbitrary<Step[]> = fc.array(fc.oneof(
  { weight: 12, arbitrary: putting },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const), seconds: fc.integer({ min: 1, max: 20 }) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'collect' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) }
), { maxLength: 60, size: 'max' })

/** What the store should have of one key. */
interface Row {
  key: Uint8Array
  size: number
  /** by its age or time to live */
  end: number
  until: number
  publisher?: string
}

/** Sorts all rows each time. */
class Model {
  readonly rows = new Map<number, Row>()

  /** False when it is to be refused. */
  put (step: Put, now: number): boolean {
    const before = this.rows.get(step.key)
    const wasOwn = before != null && before.publisher == null
    const isOwn = step.as === 'own' || wasOwn || (before == null && step.as === 'either')
    const until = Math.min(step.end === 0 ? Infinity : now + step.end * SECOND, before != null && before.size === step.size ? before.until : Infinity)
    const row: Row = {
      key: KEYS[step.key],
      size: step.size,
      end: now + Math.min(MAX_AGE, step.ttl === 0 ? Infinity : step.ttl * SECOND),
      until,
      publisher: isOwn ? undefined : before?.publisher ?? (step.key >= UNSIGNED ? 'owner' : step.from)
    }

    const kept = new Map(this.rows)
    kept.set(step.key, row)

    for (;;) {
      const others = [...kept.values()].filter(({ publisher }) => publisher != null)
      const crowd = others.filter(({ publisher }) => publisher === row.publisher)
      const over = others.length > OPTIONS.maxRecords! || others.reduce((sum, { size }) => sum + size, 0) > OPTIONS.maxBytes!
      const isCrowd = !isOwn && crowd.length > OPTIONS.maxPerPublisher!

      if (!isCrowd && !over) {
        break
      }

      const [least] = (isCrowd ? crowd : others).sort((a, b) => compare(a, b, now))

      if (least === row) {
        return false
      }

      const [index] = [...kept].find(([, row]) => row === least)!
      kept.delete(index)
    }

    this.rows.clear()
    kept.forEach((row, index) => { this.rows.set(index, row) })

    return true
  }

  collect (now: number): void {
    this.rows.forEach((row, index) => {
      if (row.publisher != null && endOf(row) <= now) {
        this.rows.delete(index)
      }
    })
  }
}

function endOf ({ end, until }: Row): number {
  return Math.min(end, until)
}

function compare (a: Row, b: Row, now: number): number {
  return Number(endOf(b) <= now) - Number(endOf(a) <= now) ||
    commonPrefixLength(keyOf(a.key), SELF) - commonPrefixLength(keyOf(b.key), SELF) ||
    endOf(a) - endOf(b) ||
    compareDistance(keyOf(b.key), keyOf(a.key), SELF)
}

describe('the store of values, whatever happens', () => {
  let clock: Sinon.SinonFakeTimers

  beforeEach(() => {
    clock = Sinon.useFakeTimers({ now: START, toFake: ['Date'] })
  })

  afterEach(() => {
    clock.restore()
  })

  async function put (store: RecordStore, step: Put): Promise<void> {
    const { key, size, ttl, end, as, from } = step
    const options: UpdateOptions = { received: as === 'received', own: as === 'own', from }

    await store.update(KEYS[key], async () => ({
      key: KEYS[key],
      value: new Uint8Array(size).fill(size),
      timeReceived: Date.now(),
      ttl: ttl === 0 ? undefined : ttl,
      expires: end === 0 ? undefined : Date.now() + end * SECOND
    }), options)
  }

  /** Errors that are not the store's own are the test's. */
  async function isRefused (change: Promise<unknown>, expected = 'StoreFullError'): Promise<boolean> {
    try {
      await change
      return false
    } catch (error: any) {
      if (error.name !== expected && error.message !== expected) {
        throw error
      }

      return true
    }
  }

  /** What the store says is what the datastore has, and within the limits. */
  async function expectTruth (store: RecordStore, datastore: Datastore): Promise<void> {
    const { received, bytes, empty } = await readStored(datastore)
    expect(store).to.include({ size: received.size, bytes })
    expect(empty).to.deep.equal([])
    expect(store.size).to.be.at.most(OPTIONS.maxRecords!)
    expect(store.bytes).to.be.at.most(OPTIONS.maxBytes!)
  }

  it('has what the model has, refuses what it refuses, and never loses a value of its own', async () => {
    await checkAsync(fc.asyncProperty(steps, async steps => {
      clock.setSystemTime(START)
      const datastore = new MemoryDatastore()
      const model = new Model()
      let store = new RecordStore(datastore, OPTIONS)

      for (const step of steps) {
        if (step.kind === 'put') {
          expect(await isRefused(put(store, step))).to.equal(!model.put(step, Date.now()))
        } else if (step.kind === 'wait') {
          clock.tick(step.seconds * SECOND)
        } else if (step.kind === 'collect') {
          await store.collect()
          model.collect(Date.now())
        } else {
          store = new RecordStore(datastore, OPTIONS)
          await store.load()
        }

        await expectTruth(store, datastore)
        const rows = [...model.rows.values()]
        const { received, own } = await readStored(datastore)
        expect([...received.keys()]).to.have.members(names(rows.filter(({ publisher }) => publisher != null)))
        expect([...own.keys()]).to.have.members(names(rows.filter(({ publisher }) => publisher == null)))

        for (const { key, size, publisher, ...row } of rows) {
          // of a value of its own the end that it was given is in memory alone
          const end = publisher == null && steps.some(({ kind }) => kind === 'restart') ? undefined : endOf({ key, size, ...row })

          if (end != null) {
            expect((await store.get(key))?.value.byteLength).to.equal(end > Date.now() ? size : undefined)
          }
        }
      }
    }), 300)
  })

  it('is one with its datastore and within its limits however changes, collections, failures and the reading of markers come between each other', async () => {
    const chances = fc.infiniteStream(fc.integer({ min: 0, max: 5 }))

    await checkAsync(fc.asyncProperty(fc.scheduler(), steps, fc.boolean(), fc.boolean(), chances, async (scheduler, steps, asOne, fails, chances) => {
      clock.setSystemTime(START)
      const datastore = new WatchedDatastore()
      const own = new Set<string>()

      if (asOne) {
        datastore.batchAsOne()
      }

      const first = new RecordStore(datastore, OPTIONS)
      const [before, after] = [steps.slice(0, steps.length / 4), steps.slice(steps.length / 4)]

      for (const step of before.filter(step => step.kind === 'put')) {
        await isRefused(put(first, step))
      }

      datastore.before = async operation => {
        await scheduler.schedule(Promise.resolve(), operation)

        if (fails && (operation === 'put' || operation === 'delete') && chances.next().value === 0) {
          throw new Error('EIO')
        }
      }

      const store = new RecordStore(datastore, OPTIONS)
      const changes = after.map(async step => {
        if (step.kind === 'put') {
          const isStored = !await isRefused(put(store, step))

          if (isStored && step.as === 'own') {
            own.add(uint8ArrayToString(KEYS[step.key], 'base32'))
          }
        } else if (step.kind === 'collect') {
          await store.collect()
        } else if (step.kind === 'restart') {
          await Promise.all([store.load(), ...KEYS.map(async key => store.get(key))])
        } else {
          clock.tick(step.seconds * SECOND)
        }
      })

      await scheduler.waitFor(Promise.all(changes.map(async change => isRefused(change, 'EIO'))))
      datastore.before = () => {}
      // whatever a write that failed has left is found when it is asked for
      await Promise.all(fails ? KEYS.map(async key => store.get(key)) : [])
      await store.collect()
      await expectTruth(store, datastore)
      const stored = await readStored(datastore)
      expect([...stored.own.keys()]).to.include.members([...own])

      // all of others' goes in the end, and nothing else
      clock.tick(2 * MAX_AGE)
      await store.collect()
      await expectTruth(store, datastore)
      expect(await readStored(datastore)).to.deep.equal({ ...stored, received: new Map(), bytes: 0 })
    }), 500)
  })

  it('is one with its datastore after writes that failed, wherever they did', async () => {
    await checkAsync(fc.asyncProperty(steps, fc.infiniteStream(fc.integer({ min: 0, max: 3 })), fc.boolean(), async (steps, chances, asOne) => {
      clock.setSystemTime(START)
      const datastore = new WatchedDatastore()
      let store = new RecordStore(datastore, OPTIONS)

      if (asOne) {
        datastore.batchAsOne()
      }

      for (const step of steps) {
        datastore.before = operation => {
          if ((operation === 'put' || operation === 'delete') && chances.next().value === 0) {
            throw new Error('EIO')
          }
        }

        if (step.kind === 'put') {
          await isRefused(isRefused(put(store, step)), 'EIO')
        } else if (step.kind === 'wait') {
          clock.tick(step.seconds * SECOND)
        } else if (step.kind === 'collect') {
          await isRefused(store.collect(), 'EIO')
        } else {
          datastore.before = () => {}
          store = new RecordStore(datastore, OPTIONS)
          await store.load()
        }
      }

      datastore.before = () => {}
      await Promise.all(KEYS.map(async key => store.get(key)))
      await store.collect()
      await expectTruth(store, datastore)
    }), 300)
  })

  it('has all that it acknowledged when it is stopped at any write, starts again, and keeps nothing of others for ever', async () => {
    await checkAsync(fc.asyncProperty(steps, fc.boolean(), async (steps, isLimited) => {
      const puts = steps.filter(step => step.kind === 'put')
      const options = isLimited ? OPTIONS : { ...OPTIONS, maxRecords: Infinity, maxBytes: Infinity, maxPerPublisher: Infinity }
      const own = new Set(puts.filter(({ as }) => as !== 'received').map(({ key }) => KEYS[key]))
      let isDone = false

      // it is stopped one write later each time
      for (let count = 0; !isDone; count++) {
        clock.setSystemTime(START)
        const datastore = stoppedAfter(count)
        const store = new RecordStore(datastore, options)
        const acknowledged = new Map<Uint8Array, number>()
        let unsure: Put | undefined

        for (const step of puts) {
          const put = { ...step, ttl: 0, end: 0 }

          if (await isStopped(store, put)) {
            unsure = step
            break
          }

          acknowledged.set(KEYS[step.key], step.size)
        }

        isDone = unsure == null
        const next = new RecordStore(datastore.memory, options)
        await next.load()

        for (const [key, size] of isLimited ? [] : acknowledged) {
          const found = (await next.get(key))?.value.byteLength
          expect(found).to.be.oneOf(unsure != null && KEYS[unsure.key] === key ? [size, unsure.size] : [size])
        }

        const { own: kept } = await readStored(datastore.memory)
        expect([...own].map(key => uint8ArrayToString(key, 'base32'))).to.include.members([...kept.keys()])
        clock.tick(2 * MAX_AGE)
        await next.collect()
        expect(await readStored(datastore.memory)).to.deep.include({ bytes: 0, empty: [], own: kept })
      }
    }), 25)
  })

  /** One that makes so many writes, and no more. */
  function stoppedAfter (count: number): WatchedDatastore {
    let writes = 0

    return new WatchedDatastore(operation => {
      if ((operation === 'put' || operation === 'delete') && writes++ >= count) {
        throw new Error('stopped')
      }
    })
  }

  /** Whether a change came to nothing because the power was gone. It may be refused. */
  async function isStopped (store: RecordStore, step: Put): Promise<boolean> {
    try {
      await put(store, step)
    } catch (error: any) {
      return error.name !== 'StoreFullError'
    }

    return false
  }
})

function names (rows: Row[]): string[] {
  return rows.map(({ key }) => uint8ArrayToString(key, 'base32'))
}
