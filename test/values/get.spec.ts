import { expect } from 'aegir/chai'
import { EventTypes } from '../../src/query/events.ts'
import { QueryEvents } from '../../src/query/query-events.ts'
import { getValue } from '../../src/values/get.ts'
import { hold } from '../../src/values/hold.ts'
import { passthroughMapper } from '../../src/wire/address-mappers.ts'
import { toPeerId } from '../../src/wire/peer.ts'
import { bytes } from '../helpers/content.ts'
import { falseTime, SECOND } from '../helpers/false-time.ts'
import { quiet } from '../helpers/turns.ts'
import { replyWith, ValueWorld } from '../helpers/value-world.ts'
import type { QueryEvent } from '../../src/query/events.ts'
import type { FoundValue, GetOptions } from '../../src/values/get.ts'
import type { Clock } from '../helpers/false-time.ts'
import type { Holder, ValueWorldInit } from '../helpers/value-world.ts'

const KEY = bytes('/test/key')
const K = 4

function text (value: Uint8Array | undefined): string | undefined {
  return value == null ? undefined : new TextDecoder().decode(value)
}

/** All letters of all values, each once. */
function union (values: Uint8Array[]): Uint8Array {
  return Uint8Array.from(new Set(values.flatMap(value => [...value]))).toSorted()
}

describe('getting a value', () => {
  let clock: Clock
  let events: QueryEvent[]

  beforeEach(() => {
    clock = falseTime()
    events = []
  })
  afterEach(() => { clock.restore() })

  /** What begins with x is not valid, and what begins with a later letter is better. */
  function createWorld (init: Partial<ValueWorldInit> = {}): ValueWorld {
    return new ValueWorld({
      validators: { test: (key, value) => { if (value[0] === 120) { throw new Error('x') } }, set: () => {} },
      selectors: { test: (key, values) => values.reduce((best, value, i) => value[0] > values[best][0] ? i : best, 0) },
      rules: { set: { merge: union }, test: { ttl: () => 60 } },
      k: K,
      delay: 10,
      ...init
    })
  }

  async function give (value: string, ...holders: Holder[]): Promise<void> {
    await Promise.all(holders.map(async holder => holder.give(KEY, bytes(value))))
  }

  function begin (world: ValueWorld, options: Partial<GetOptions> = {}, key = KEY): Promise<FoundValue> {
    const found = getValue(key, world.needs, {
      signal: new AbortController().signal,
      events: new QueryEvents(event => { events.push(event) }, passthroughMapper),
      ...options
    })
    found.catch(() => {})

    return found
  }

  async function get (world: ValueWorld, options: Partial<GetOptions> = {}, key = KEY): Promise<FoundValue> {
    const found = begin(world, options, key)
    await clock.tickAsync(60 * SECOND)

    return found
  }

  function values (): Array<string | undefined> {
    return events.flatMap(event => event.type === EventTypes.VALUE ? [text(event.value)] : [])
  }

  /** What the nearest hold once all repairs are over. */
  async function held (world: ValueWorld): Promise<Array<string | undefined>> {
    await clock.tickAsync(60 * SECOND)
    await world.repaired()

    return Promise.all(world.nearest(KEY).map(async holder => text(await holder.held(KEY))))
  }

  it('finds the best of the nearest, tells of it once and last, and names who had a valid one', async () => {
    const world = createWorld()
    const [first, second, third] = world.nearest(KEY)
    await give('b', first, third)
    await give('c', second)
    const { value, holders } = await get(world)

    expect(text(value)).to.equal('c')
    expect(holders.map(({ id }) => id).toSorted()).to.deep.equal([first, second, third].map(({ contact }) => contact.id).toSorted())
    expect(values()).to.deep.equal(['c'])
    const last = events.findLast(event => event.type === EventTypes.VALUE)
    expect(last?.from.toString()).to.equal(toPeerId(second.contact).toString())
  })

  it('gives the value before the repair of others has come to anything', async () => {
    const world = createWorld()
    const [first, ...others] = world.nearest(KEY)
    await give('b', first)
    others.forEach(holder => { holder.answer = ({ type }) => type === 'PUT_VALUE' ? 'silence' : undefined })
    const { value } = await get(world)

    expect(text(value)).to.equal('b')
    expect(world.sentOf('PUT_VALUE')).to.have.lengthOf(3)
  })

  it('takes an invalid value, one of another key and garbage for none, and those that came with it for peers all the same', async () => {
    const world = createWorld()
    const [first, second, third, fourth] = world.nearest(KEY)
    first.answer = ({ type }) => type === 'GET_VALUE' ? replyWith(KEY, bytes('xx')) : undefined
    second.answer = ({ type }) => type === 'GET_VALUE' ? { record: Uint8Array.of(255, 255) } : undefined
    third.answer = ({ type }) => type === 'GET_VALUE' ? replyWith(bytes('/test/other'), bytes('z')) : undefined
    await give('b', fourth)
    const { value, holders } = await get(world)

    expect(text(value)).to.equal('b')
    expect(holders.map(({ id }) => id)).to.deep.equal([fourth.contact.id])
  })

  it('is an error of that name when nobody has a valid one, or there is no such namespace', async () => {
    const world = createWorld()
    world.nearest(KEY)[0].answer = ({ type }) => type === 'GET_VALUE' ? replyWith(KEY, bytes('xx')) : undefined
    await expect(get(world)).to.eventually.be.rejected.with.property('name', 'NotFoundError')
    await expect(get(world, {}, bytes('/other/key'))).to.eventually.be.rejected.with.property('name', 'InvalidParametersError')
    await expect(get(world, { quorum: 0 })).to.eventually.be.rejected.with.property('name', 'InvalidParametersError')
  })

  describe('with a quorum', () => {
    it('settles as soon as so many have answered, and still looks at the others', async () => {
      const world = createWorld()
      const [first, second, third, fourth] = world.nearest(KEY)
      await give('b', first, second)
      await give('c', third, fourth)
      third.delay = fourth.delay = 400
      const settled: string[] = []
      const found = begin(world, { quorum: 2, settle: value => { settled.push(text(value) ?? '') } })
      await clock.tickAsync(300)
      expect(settled).to.deep.equal(['b'])
      expect(values()).to.deep.equal(['b'])
      await clock.tickAsync(10 * SECOND)

      expect(text((await found).value)).to.equal('c')
      expect(values().at(-1)).to.equal('c')
      expect(await held(world)).to.deep.equal(['c', 'c', 'c', 'c'])
    })

    it('tells of a better value that comes later, and of one that is no better does not', async () => {
      const world = createWorld({ k: 5 })
      const [first, second, third, fourth, fifth] = world.nearest(KEY)
      await give('b', first, fourth)
      await give('c', second)
      await give('d', third, fifth);
      [first, second, third, fourth, fifth].forEach((holder, i) => { holder.delay = 50 + 50 * i })
      await get(world, { quorum: 1, settle: () => {} })

      // the last one is the end
      expect(values()).to.deep.equal(['b', 'c', 'd', 'd'])
    })

    it('does not settle before there are so many, however good the first ones are', async () => {
      const world = createWorld()
      const [first, second, third] = world.nearest(KEY)
      await give('d', first, second)
      await give('b', third)
      third.delay = 400
      let settled = 0
      const found = begin(world, { quorum: 3, settle: () => { settled++ } })
      await clock.tickAsync(700)
      expect(settled).to.equal(0)
      await clock.tickAsync(10 * SECOND)
      await found
      expect(settled).to.equal(1)
    })

    it('ends the search where it is told to', async () => {
      const world = createWorld()
      const [first, ...others] = world.nearest(KEY)
      await give('b', first)
      others.forEach(holder => { holder.answer = () => 'silence' })
      const found = begin(world, { quorum: 'one', endsAtQuorum: true })
      await clock.tickAsync(100)

      expect(text((await found).value)).to.equal('b')
    })

    it('goes to the end with all, and never settles before', async () => {
      const world = createWorld()
      await give('b', ...world.nearest(KEY))
      let settled = 0
      await get(world, { quorum: 'all', settle: () => { settled++ } })

      expect(settled).to.equal(0)
      expect(values()).to.deep.equal(['b'])
    })

    it('settles though comparing takes long, and more than so many are being compared at once', async () => {
      const world = createWorld({ selectors: { test: async (key, values) => { await pause(200); return values[0][0] >= values[1][0] ? 0 : 1 } }, k: 4 })
      const [first, second, third, fourth] = world.nearest(KEY)
      await give('d', first, third)
      await give('b', second)
      fourth.delay = 3 * SECOND
      let settledAt: number | undefined
      const begun = Date.now()
      const found = begin(world, { quorum: 2, settle: () => { settledAt ??= Date.now() - begun } })
      await clock.tickAsync(60 * SECOND)
      await found

      expect(settledAt).to.be.below(SECOND)
    })

    it('settles with the best of those that make it up, however long comparing them takes', async () => {
      const world = createWorld({ selectors: { test: async (key, values) => { await pause(300); return values[0][0] >= values[1][0] ? 0 : 1 } } })
      const [first, second, third] = world.nearest(KEY)
      await give('b', first, third)
      await give('d', second);
      [first, second, third].forEach((holder, i) => { holder.delay = 20 + 40 * i })
      const settled: Array<string | undefined> = []
      const found = begin(world, { quorum: 3, settle: value => { settled.push(text(value)) } })
      await clock.tickAsync(60 * SECOND)
      await found

      expect(settled[0]).to.equal('d')
    })

    it('has the better of two that come at once in the end, whichever comparison is over first', async () => {
      for (const slow of ['c', 'd']) {
        const world = createWorld({
          selectors: {
            test: async (key, values) => {
              await pause(values.some(value => text(value) === slow) ? 200 : 20)
              return values[0][0] >= values[1][0] ? 0 : 1
            }
          }
        })
        const [first, second, third] = world.nearest(KEY)
        await give('b', first)
        await give('c', second)
        await give('d', third)
        const { value } = await get(world)
        expect(text(value)).to.equal('d')
        await clock.tickAsync(10 * SECOND)
        await world.repaired()
      }
    })
  })

  describe('what this node holds itself', () => {
    it('counts, and wins when it is better; those that have a worse one get it', async () => {
      const world = createWorld()
      await give('b', ...world.nearest(KEY))
      await hold({ key: KEY, value: bytes('d'), timeReceived: Date.now() }, world.needs, { own: true })
      const { value } = await get(world)

      expect(text(value)).to.equal('d')
      expect(await held(world)).to.deep.equal(['d', 'd', 'd', 'd'])
      expect(events.findLast(event => event.type === EventTypes.VALUE)?.from.toString()).to.equal(world.needs.peerId.toString())
    })

    it('is brought up to date when it is worse', async () => {
      const world = createWorld()
      await give('d', world.nearest(KEY)[0])
      await hold({ key: KEY, value: bytes('b'), timeReceived: Date.now() }, world.needs, { own: true })
      expect(text((await get(world)).value)).to.equal('d')
      await held(world)

      expect(text((await world.store.get(KEY))?.value)).to.equal('d')
    })

    it('is not looked at when the caller does not want that, and is all there is without the network', async () => {
      const world = createWorld()
      await give('b', ...world.nearest(KEY))
      await hold({ key: KEY, value: bytes('d'), timeReceived: Date.now() }, world.needs, { own: true })

      expect(text((await get(world, { useCache: false })).value)).to.equal('b')
      world.sent.length = 0
      expect(text((await get(world, { useNetwork: false })).value)).to.equal('d')
      expect(world.sent.filter(({ type }) => type === 'GET_VALUE')).to.deep.equal([])
    })

    it('is the answer when nobody else can be asked', async () => {
      const world = createWorld({ peers: 0 })
      await hold({ key: KEY, value: bytes('d'), timeReceived: Date.now() }, world.needs, { own: true })
      expect(text((await get(world)).value)).to.equal('d')
      await expect(get(world, { useCache: false })).to.eventually.be.rejected.with.property('name', 'NoPeersError')
    })

    it('counts for nothing when it is not valid any more', async () => {
      const world = createWorld()
      await give('b', world.nearest(KEY)[0])
      await world.store.update(KEY, async () => ({ key: KEY, value: bytes('xz'), timeReceived: Date.now() }), { own: true })
      expect(text((await get(world)).value)).to.equal('b')
    })
  })

  describe('of a namespace that merges', () => {
    const SET = bytes('/set/key')

    it('gives what all of them have together, and brings everyone there', async () => {
      const world = createWorld()
      const holders = world.nearest(SET)
      await Promise.all(holders.slice(0, 3).map(async (holder, i) => holder.give(SET, bytes(['ab', 'bc', 'de'][i]))))
      const { value } = await get(world, {}, SET)
      await clock.tickAsync(10 * SECOND)
      await world.repaired()

      expect(text(value)).to.equal('abcde')
      expect(await Promise.all(holders.map(async holder => text(await holder.held(SET))))).to.deep.equal(new Array(4).fill('abcde'))
    })

    it('puts nothing to whoever has all of it in another order of the same', async () => {
      const world = createWorld()
      await Promise.all(world.nearest(SET).map(async holder => holder.give(SET, bytes('abc'))))
      await get(world, {}, SET)
      expect(world.sentOf('PUT_VALUE')).to.deep.equal([])
    })
  })

  describe('that may be cached', () => {
    it('is given again without a request, and not to a caller that does not want it', async () => {
      const world = createWorld({ readCache: 10 })
      await give('b', ...world.nearest(KEY))
      const found = begin(world)
      await clock.tickAsync(10 * SECOND)
      await found
      world.sent.length = 0
      const { value, holders } = await begin(world)
      expect(text(value)).to.equal('b')
      expect(holders).to.deep.equal([])
      expect(world.sent).to.deep.equal([])
      await get(world, { useCache: false })
      expect(world.sent).to.not.deep.equal([])
    })

    it('is asked for again when its time is over', async () => {
      const world = createWorld({ readCache: 10 })
      await give('b', ...world.nearest(KEY))
      await get(world)
      await clock.tickAsync(60 * SECOND)
      world.sent.length = 0
      await get(world)
      expect(world.sent).to.not.deep.equal([])
    })

    it('stays what it was, whatever a caller does with the bytes that it was given', async () => {
      const world = createWorld({ readCache: 10 })
      await give('b', ...world.nearest(KEY))
      const spoil = (event: QueryEvent): void => {
        if (event.type === EventTypes.VALUE) {
          event.value.fill(0)
        }
      }
      const found = begin(world)
      await clock.tickAsync(10 * SECOND);
      (await found).value.fill(0)

      await begin(world, { events: new QueryEvents(spoil, passthroughMapper) })
      expect(text((await begin(world)).value)).to.equal('b')
    })

    it('gives way to a newer one that this node holds since', async () => {
      const world = createWorld({ readCache: 10 })
      await give('b', ...world.nearest(KEY))
      const found = begin(world)
      await clock.tickAsync(10 * SECOND)
      await found
      await hold({ key: KEY, value: bytes('d'), timeReceived: Date.now() }, world.needs, { own: true })

      expect(text((await get(world)).value)).to.equal('d')
    })
  })

  it('repairs with what was found, whatever the caller has done with the bytes since', async () => {
    const world = createWorld()
    const [first] = world.nearest(KEY)
    await give('b', first)
    const tasks: Array<() => Promise<void>> = []
    const found = getValue(KEY, { ...world.needs, background: task => { tasks.push(async () => task({ signal: new AbortController().signal })) } }, { signal: new AbortController().signal })
    await clock.tickAsync(10 * SECOND);
    (await found).value.fill(122)
    tasks.forEach(task => { void task() })

    expect(await held(world)).to.deep.equal(['b', 'b', 'b', 'b'])
  })

  it('is ended by the signal while a validator thinks, and nothing is left', async () => {
    const world = createWorld({ validators: { test: async () => new Promise(() => {}) } })
    const controller = new AbortController()
    world.nearest(KEY)[0].answer = ({ type }) => type === 'GET_VALUE' ? replyWith(KEY, bytes('b')) : undefined
    const found = begin(world, { signal: controller.signal })
    await clock.tickAsync(200)
    controller.abort(new Error('enough'))

    await expect(found).to.eventually.be.rejectedWith('enough')
    await quiet()
    expect(clock.countTimers()).to.equal(0)
  })
})

async function pause (ms: number): Promise<void> {
  await new Promise(resolve => { setTimeout(resolve, ms) })
}
