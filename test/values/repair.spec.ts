import { expect } from 'aegir/chai'
import { EventTypes } from '../../src/query/events.ts'
import { QueryEvents } from '../../src/query/query-events.ts'
import { repair } from '../../src/values/repair.ts'
import { passthroughMapper } from '../../src/wire/address-mappers.ts'
import { toPeerId } from '../../src/wire/peer.ts'
import { bytes } from '../helpers/content.ts'
import { falseTime, HOUR, SECOND, START } from '../helpers/false-time.ts'
import { ValueWorld } from '../helpers/value-world.ts'
import type { QueryEvent } from '../../src/query/events.ts'
import type { Repair } from '../../src/values/repair.ts'
import type { Clock } from '../helpers/false-time.ts'
import type { Holder } from '../helpers/value-world.ts'

const KEY = bytes('/test/key')

describe('repairing', () => {
  let clock: Clock
  let world: ValueWorld
  let events: QueryEvent[]

  beforeEach(() => {
    clock = falseTime()
    events = []
    world = new ValueWorld({ validators: { test: () => {} }, selectors: { test: (key, values) => values[0][0] >= values[1][0] ? 0 : 1 }, k: 4, delay: 100 })
  })
  afterEach(() => { clock.restore() })

  /** `held`: what the nearest answered, nearest first; undefined for nothing */
  async function repaired (held: Array<string | undefined>, more: Partial<Repair> = {}): Promise<void> {
    const nearest = world.nearest(KEY)
    repair({
      key: KEY,
      value: bytes('c'),
      ends: START + 48 * HOUR,
      holders: new Map(nearest.flatMap(({ contact }, i) => held[i] == null ? [] : [[contact, bytes(held[i] ?? '')] as const])),
      closest: nearest.slice(0, held.length).map(({ contact }) => contact),
      complete: true,
      events: new QueryEvents(event => { events.push(event) }, passthroughMapper),
      ...more
    }, world.needs)
    await clock.tickAsync(60 * SECOND)
    await world.repaired()
  }

  function given (): string[] {
    return world.sentOf('PUT_VALUE').map(({ to }) => to.id).toSorted()
  }

  function ids (...holders: Holder[]): string[] {
    return holders.map(({ contact }) => contact.id).toSorted()
  }

  it('gives the best to those that have another or none, all at once, and to nobody else', async () => {
    const [, second, third] = world.nearest(KEY)
    await repaired(['c', 'b', undefined, 'c'])

    expect(given()).to.deep.equal(ids(second, third))
    world.sentOf('PUT_VALUE').forEach(({ at, record }) => {
      expect(at).to.equal(START)
      expect(record?.value).to.equalBytes(bytes('c'))
    })
  })

  it('does nothing where there is nothing to do', async () => {
    await repaired(['c', 'c', 'c', 'c'], { own: bytes('c') })
    expect(world.repairs).to.have.lengthOf(0)
    expect(world.sent).to.deep.equal([])
  })

  it('is not held up, nor ended, by those that refuse or say nothing; a refusal is an event', async () => {
    const [first, second, third, fourth] = world.nearest(KEY)
    first.answer = () => 'silence'
    second.answer = () => new Error('broken')
    await third.give(KEY, bytes('d'))
    repair({ key: KEY, value: bytes('c'), ends: START + 48 * HOUR, holders: new Map(), closest: [first, second, third, fourth].map(({ contact }) => contact), complete: true, events: new QueryEvents(event => { events.push(event) }, passthroughMapper) }, world.needs)
    await clock.tickAsync(60 * SECOND)
    const errors = events.flatMap(event => event.type === EventTypes.QUERY_ERROR ? [event.from.toString()] : [])

    expect(await fourth.held(KEY)).to.equalBytes(bytes('c'))
    expect(await third.held(KEY)).to.equalBytes(bytes('d'))
    expect(errors.toSorted()).to.deep.equal([second, third].map(({ contact }) => toPeerId(contact).toString()).toSorted())
  })

  it('brings what this node holds itself up to date, whoever refuses elsewhere', async () => {
    world.holders.forEach(holder => { holder.answer = () => new Error('broken') })
    await world.store.update(KEY, async () => ({ key: KEY, value: bytes('b'), timeReceived: Date.now() }), { own: true })
    await repaired(['b', undefined], { own: bytes('b') })

    expect((await world.store.get(KEY))?.value).to.equalBytes(bytes('c'))
  })

  describe('after a search that ended early', () => {
    it('gives it to those that answered with a worse one, and a copy to one of those that had none, and to nobody else', async () => {
      const [, , third, fourth] = world.nearest(KEY)
      await repaired(['c', 'c', 'b', undefined], { complete: false })
      expect(given()).to.deep.equal(ids(third, fourth))
    })

    it('leaves no copy where everyone has it', async () => {
      await repaired(['c', 'c'], { complete: false })
      expect(world.sent).to.deep.equal([])
    })

    it('leaves the copy for a time of its own, shorter the farther it is from the key, and the repaired one for all of its life', async () => {
      const lives: number[] = []

      for (const held of [['b', undefined], ['b', 'c', undefined], ['b', 'c', 'c', undefined]]) {
        world.sent.length = 0
        await repaired(held, { complete: false, ends: Date.now() + 48 * HOUR })
        const [stale, copy] = world.sentOf('PUT_VALUE')
        expect(stale.record?.ttl).to.equal(48 * HOUR / SECOND)
        lives.push(copy.record?.ttl ?? Infinity)
      }

      expect(lives[0]).to.be.at.most(24 * HOUR / SECOND)
      expect(lives[1]).to.be.below(lives[0])
      expect(lives[2]).to.be.below(lives[1])
    })

    it('leaves no copy of a value that is about to end', async () => {
      const ending = new ValueWorld({
        validators: { test: () => {} },
        selectors: { test: () => 0 },
        rules: { test: { expires: () => START + 30 * SECOND } },
        k: 4
      })
      const closest = ending.nearest(KEY).map(({ contact }) => contact)
      repair({ key: KEY, value: bytes('c'), ends: START + 48 * HOUR, holders: new Map([[closest[0], bytes('c')]]), closest, complete: false }, ending.needs)
      await clock.tickAsync(SECOND)

      expect(ending.sent).to.deep.equal([])
    })
  })
})
