import { expect } from 'aegir/chai'
import { WriteError } from '../../src/query/write-result.ts'
import { hold } from '../../src/values/hold.ts'
import { BetterValueError, putValue } from '../../src/values/put.ts'
import { bytes } from '../helpers/content.ts'
import { falseTime, SECOND } from '../helpers/false-time.ts'
import { replyWith, ValueWorld } from '../helpers/value-world.ts'
import type { WriteResult } from '../../src/query/write-result.ts'
import type { PutOptions } from '../../src/values/put.ts'
import type { Clock } from '../helpers/false-time.ts'
import type { ValueWorldInit } from '../helpers/value-world.ts'

const KEY = bytes('/test/key')
const SET = bytes('/set/key')

/** All letters of all values, each once. */
function union (values: Uint8Array[]): Uint8Array {
  return Uint8Array.from(new Set(values.flatMap(value => [...value]))).toSorted()
}

describe('putting a value', () => {
  let clock: Clock

  beforeEach(() => { clock = falseTime() })
  afterEach(() => { clock.restore() })

  /** What has an x in it is not valid; a later first letter is better, and what comes after it is of no account. */
  function createWorld (init: Partial<ValueWorldInit> = {}): ValueWorld {
    const validate = (key: Uint8Array, value: Uint8Array): void => {
      if (value.includes(120)) {
        throw new Error('x')
      }
    }

    return new ValueWorld({
      validators: { test: validate, set: validate, plain: validate },
      selectors: Object.fromEntries(['test', 'plain'].map(name => [name, (key: Uint8Array, values: Uint8Array[]) => values.reduce((best, value, i) => value[0] > values[best][0] ? i : best, 0)])),
      rules: { set: { merge: union }, test: { answersHeld: true, same: (a, b) => a[0] === b[0] } },
      k: 4,
      delay: 10,
      ...init
    })
  }

  async function put (world: ValueWorld, key: Uint8Array, value: string, options: Partial<PutOptions> = {}): Promise<{ result?: WriteResult, error?: any }> {
    const done = putValue(key, bytes(value), world.needs, { signal: new AbortController().signal, ...options }).then(result => ({ result }), error => ({ error }))
    await clock.tickAsync(60 * SECOND)

    return done
  }

  it('tells when it is held here, before others get it, and not at all when it is not valid', async () => {
    const world = createWorld()
    const told: number[] = []
    const onHeld = async (): Promise<void> => { told.push(world.sentOf('PUT_VALUE').length) }
    await put(world, KEY, 'x', { onHeld })
    expect(told).to.deep.equal([])
    await put(world, KEY, 'b', { onHeld })
    expect(told).to.deep.equal([0])
  })

  it('holds it here and at the nearest', async () => {
    const world = createWorld()
    const { result } = await put(world, KEY, 'b')

    expect(result?.stored).to.have.lengthOf(4)
    expect((await world.store.get(KEY))?.value).to.equalBytes(bytes('b'))
    await Promise.all(world.nearest(KEY).map(async holder => { expect(await holder.held(KEY)).to.equalBytes(bytes('b')) }))
  })

  it('goes nowhere when it is not valid, too long, of no namespace, or the caller wants it here only', async () => {
    const world = createWorld()
    expect((await put(world, KEY, 'x')).error).to.have.property('name', 'InvalidRecordError')
    expect((await put(world, KEY, 'b'.repeat(10_241))).error).to.have.property('name', 'InvalidRecordError')
    expect((await put(world, bytes('/none/key'), 'b')).error).to.have.property('name', 'InvalidParametersError')
    expect(await world.store.get(KEY)).to.equal(undefined)
    await put(world, KEY, 'b', { useNetwork: false })
    expect(world.sent).to.deep.equal([])
  })

  it('fails at once when this node holds a better one', async () => {
    const world = createWorld()

    for (const [key, name] of [[KEY, 'QueryError'], [bytes('/plain/key'), 'InvalidRecordError']] as const) {
      await hold({ key, value: bytes('d'), timeReceived: Date.now() }, world.needs, { own: true })
      const { error } = await put(world, key, 'b')
      expect(error).to.have.property('name', name)
      expect(world.sent).to.deep.equal([])
    }

    expect((await put(world, KEY, 'b')).error).to.be.instanceOf(BetterValueError).with.property('held').that.equalBytes(bytes('d'))
  })

  it('counts whoever does not say that it holds it among those that failed', async () => {
    const world = createWorld()
    const [first, second, third] = world.nearest(KEY)
    first.answer = ({ type }) => type === 'PUT_VALUE' ? {} : undefined
    second.answer = ({ type }) => type === 'PUT_VALUE' ? { record: Uint8Array.of(1, 2, 3) } : undefined
    third.answer = ({ type }) => type === 'PUT_VALUE' ? replyWith(KEY, bytes('a')) : undefined
    const { result } = await put(world, KEY, 'b')

    expect(result?.stored).to.have.lengthOf(1)
    expect(result?.failed).to.have.lengthOf(3)
    result?.failed.forEach(({ error }) => { expect(error).to.not.be.instanceOf(BetterValueError) })
  })

  it('takes what says the same in other bytes for the same', async () => {
    const world = createWorld()
    world.nearest(KEY).forEach(holder => { holder.answer = ({ type }) => type === 'PUT_VALUE' ? replyWith(KEY, bytes('b2')) : undefined })
    expect((await put(world, KEY, 'b1')).result?.stored).to.have.lengthOf(4)
  })

  it('learns of a better one from whoever has it, with that', async () => {
    const world = createWorld()
    const [first] = world.nearest(KEY)
    await first.give(KEY, bytes('d'))
    const { result } = await put(world, KEY, 'b')

    expect(result?.stored).to.have.lengthOf(3)
    expect(result?.failed.map(({ error }) => error)[0]).to.be.instanceOf(BetterValueError).with.property('held').that.equalBytes(bytes('d'))
    expect(await first.held(KEY)).to.equalBytes(bytes('d'))
  })

  for (const [what, lie] of [['not valid', 'zx'], ['worse', 'a'], ['empty', '']]) {
    it(`does not believe a liar that says it holds a better one which is ${what}`, async () => {
      const world = createWorld()
      world.nearest(KEY).forEach(holder => { holder.answer = ({ type }) => type === 'PUT_VALUE' ? replyWith(KEY, bytes(lie)) : undefined })
      const { error } = await put(world, KEY, 'b')

      expect(error).to.be.instanceOf(WriteError)
      expect(error.result.failed).to.have.lengthOf(4)
      error.result.failed.forEach((failed: WriteResult['failed'][0]) => { expect(failed.error).to.not.be.instanceOf(BetterValueError) })
    })
  }

  it('does not wait for ever for the validation of what a liar answers', async () => {
    const world = createWorld({ validators: { test: async (key, value) => value[0] === 122 ? new Promise(() => {}) : undefined } })
    world.nearest(KEY)[0].answer = ({ type }) => type === 'PUT_VALUE' ? replyWith(KEY, bytes('z')) : undefined
    const { result } = await put(world, KEY, 'b')
    expect(result?.stored).to.have.lengthOf(3)
  })

  it('asks before each peer, and gives it to none of which that fails', async () => {
    const world = createWorld()
    const [first] = world.nearest(KEY)
    const { result } = await put(world, KEY, 'b', {
      before: async ({ id }) => {
        if (id === first.contact.id) {
          throw new Error('not there')
        }
      }
    })

    expect(result?.failed.map(({ error }) => error.message)).to.deep.equal(['not there'])
    expect(await first.held(KEY)).to.equal(undefined)
  })

  describe('of a namespace that merges', () => {
    it('is content with whoever has merged it with more', async () => {
      const world = createWorld()
      await Promise.all(world.nearest(SET).map(async (holder, i) => holder.give(SET, bytes(['d', 'e', 'f', 'g'][i]))))
      const { result } = await put(world, SET, 'ab')

      expect(result?.stored).to.have.lengthOf(4)
      expect(await world.nearest(SET)[0].held(SET)).to.equalBytes(bytes('abd'))
    })

    it('is merged with what this node holds already', async () => {
      const world = createWorld()
      await put(world, SET, 'ab', { useNetwork: false })
      const { error } = await put(world, SET, 'c', { useNetwork: false })

      expect(error).to.equal(undefined)
      expect((await world.store.get(SET))?.value).to.equalBytes(bytes('abc'))
    })

    it('is not stored at whoever answers without it, or with what is not valid', async () => {
      const world = createWorld()
      const [first, second] = world.nearest(SET)
      first.answer = ({ type }) => type === 'PUT_VALUE' ? replyWith(SET, bytes('cd')) : undefined
      second.answer = ({ type }) => type === 'PUT_VALUE' ? replyWith(SET, bytes('abx')) : undefined
      const { result } = await put(world, SET, 'ab')

      expect(result?.failed).to.have.lengthOf(2)
      expect(result?.stored).to.have.lengthOf(2)
    })
  })
})
