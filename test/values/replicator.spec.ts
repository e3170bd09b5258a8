import { expect } from 'aegir/chai'
import { keyOf } from '../../src/kademlia/key.ts'
import { Replicator } from '../../src/values/replicator.ts'
import { Message as MessageCodec } from '../../src/wire/dht.ts'
import { decodeRecord } from '../../src/wire/record.ts'
import { contact } from '../helpers/contacts.ts'
import { bytes } from '../helpers/content.ts'
import { falseTime, HOUR, MINUTE, SECOND, START } from '../helpers/false-time.ts'
import { sortedTruth } from '../helpers/peer-keys.ts'
import { MAX_RECORD_AGE, ValueWorld } from '../helpers/value-world.ts'
import type { Contact } from '../../src/query/contact.ts'
import type { ReplicatorNeeds, ReplicatorOptions } from '../../src/values/replicator.ts'
import type { ValueRecord } from '../../src/wire/record.ts'
import type { Clock } from '../helpers/false-time.ts'

const K = 4

describe('keeping values of others alive', () => {
  let clock: Clock
  let world: ValueWorld
  let full: number
  let replicated: number
  let replicator: Replicator

  beforeEach(() => {
    clock = falseTime()
    full = replicated = 0
    world = createWorld()
    replicator = start()
  })
  afterEach(() => {
    replicator.stop()
    clock.restore()
  })

  function createWorld (peers = 12): ValueWorld {
    return new ValueWorld({ validators: { test: () => {} }, selectors: { test: (key, values) => values[0][0] >= values[1][0] ? 0 : 1 }, peers, k: K, delay: 10 })
  }

  function start (options: Partial<ReplicatorOptions> = {}, needs: Partial<ReplicatorNeeds> = {}): Replicator {
    const replicator = new Replicator({ interval: HOUR, concurrency: 2, maxQueueSize: 100, ...options }, {
      ...world.needs,
      onFull: () => { full++ },
      onReplicated: requests => { replicated += requests },
      ...needs
    })
    replicator.start()

    return replicator
  }

  /** Keys of which this node is one of the nearest, or is not. */
  function keys (count: number, isNear = true): Uint8Array[] {
    const found: Uint8Array[] = []

    for (let i = 0; found.length < count; i++) {
      const key = bytes(`/test/${i}`)
      const nearest = sortedTruth([world.self, ...world.holders.map(({ contact }) => contact)], keyOf(key)).slice(0, K)

      if (nearest.includes(world.self) === isNear) {
        found.push(key)
      }
    }

    return found
  }

  async function receive (key: Uint8Array, value = 'b', more: Partial<ValueRecord> = {}): Promise<void> {
    await world.store.update(key, async () => ({ key, value: bytes(value), timeReceived: Date.now(), ...more }), { received: true })
  }

  function puts (): Array<{ key: string, ttl?: number, to: Contact, at: number }> {
    return world.sentOf('PUT_VALUE').map(({ record, to, at }) => ({ key: new TextDecoder().decode(record?.key), ttl: record?.ttl, to, at }))
  }

  it('puts a value to the nearest others when nobody has put it here for an hour, and again an hour later', async () => {
    const [key] = keys(1)
    await receive(key)
    await clock.tickAsync(HOUR - MINUTE)
    expect(world.sent).to.deep.equal([])
    await clock.tickAsync(3 * MINUTE)
    const nearest = sortedTruth([world.self, ...world.holders.map(({ contact }) => contact)], keyOf(key)).slice(0, K).filter(peer => peer !== world.self)

    expect(puts().map(({ to }) => to.id).toSorted()).to.deep.equal(nearest.map(({ id }) => id).toSorted())
    expect(replicated).to.equal(K - 1)
    await clock.tickAsync(HOUR)
    expect(puts()).to.have.lengthOf(2 * (K - 1))
  })

  it('puts off what others have put here, and leaves to others what they are nearer to', async () => {
    const [key] = keys(1)
    const [far] = keys(1, false)
    await receive(far)

    for (let i = 0; i < 6; i++) {
      await receive(key)
      await clock.tickAsync(50 * MINUTE)
    }

    expect(world.sent).to.deep.equal([])
  })

  it("does not put this node's own values, which have their own time", async () => {
    const [key] = keys(1)
    await world.store.update(key, async () => ({ key, value: bytes('b'), timeReceived: Date.now() }), { own: true })
    await clock.tickAsync(3 * HOUR)
    expect(world.sent).to.deep.equal([])
  })

  it('sends nothing when somebody else was faster while it looked who is near', async () => {
    const [key] = keys(1)
    await receive(key)
    let looks = 0
    world.holders.forEach(holder => {
      holder.answer = async ({ type }) => {
        if (type === 'FIND_NODE' && looks++ === 0) {
          await receive(key)
        }

        return undefined
      }
    })
    await clock.tickAsync(HOUR + 2 * MINUTE)

    expect(looks).to.be.above(0)
    expect(puts()).to.deep.equal([])
  })

  it('never makes a value live longer: what is left of its life goes with it, whoever passes it on', async () => {
    const [key] = keys(1)
    await receive(key)
    await clock.tickAsync(10 * HOUR)

    expect(puts().length).to.be.above(0)
    puts().forEach(({ ttl, at }) => {
      expect(ttl).to.be.a('number')
      expect(at + (ttl ?? Infinity) * SECOND).to.be.at.most(START + MAX_RECORD_AGE)
    })

    for (const holder of world.holders) {
      const record = await holder.store.get(key)
      expect(record == null ? 0 : holder.store.endOf(record)).to.be.at.most(START + MAX_RECORD_AGE)
    }
  })

  it('does not give a value that took the place of another the life that the other one had', async () => {
    replicator.stop()
    const given: Array<{ key: string, ttl?: number }> = []
    const newcomer = contact(500)
    // it belongs among the nearest of everything, takes one at a time, and a while for each
    replicator = start({ concurrency: 1 }, {
      closest: () => [],
      request: async (to, request) => {
        const { record } = MessageCodec.decode(request.bytes.subarray(request.bytes.findIndex(byte => byte < 0x80) + 1))
        const { key, ttl } = decodeRecord(record ?? new Uint8Array())
        given.push({ key: new TextDecoder().decode(key), ttl })
        await new Promise(resolve => { setTimeout(resolve, MINUTE) })

        throw new Error('it says nothing of what became of it')
      }
    })
    await Promise.all(['/test/1', '/test/2'].map(async key => receive(bytes(key))))
    replicator.onNewcomer(newcomer)
    await clock.tickAsync(10 * SECOND)
    expect(given).to.have.lengthOf(1)
    const last = given[0].key === '/test/1' ? '/test/2' : '/test/1'
    await receive(bytes(last), 'c', { ttl: 600 })
    await clock.tickAsync(2 * MINUTE)

    expect(given[1].key).to.equal(last)
    expect(given[1].ttl).to.be.at.most(600)
  })

  it('puts a value that has a short life no longer than it lasts, and none that has ended', async () => {
    const [key] = keys(1)
    await receive(key, 'b', { ttl: 1.5 * HOUR / SECOND })
    await clock.tickAsync(10 * HOUR)

    expect(puts()).to.have.lengthOf(K - 1)
  })

  it('puts a few at once, takes no more than its queue may have, and the rest at the next look', async () => {
    replicator.stop()
    replicator = start({ concurrency: 1, maxQueueSize: 3 })
    const all = keys(12)
    await Promise.all(all.map(async key => receive(key)))
    await clock.tickAsync(HOUR - 1)
    expect(full).to.equal(0)
    let most = 0

    for (let i = 0; i < 60; i++) {
      await clock.tickAsync(10 * SECOND)
      most = Math.max(most, replicator.pending)
    }

    expect(full).to.be.above(0)
    expect(most).to.be.at.most(4)
    expect(new Set(puts().map(({ key }) => key)).size).to.equal(all.length)
  })

  it('goes on with the others when one fails, whose turn comes again', async () => {
    const [first, second] = keys(2)
    await receive(first)
    await receive(second)
    world.holders.forEach(holder => { holder.answer = ({ type, key }) => type === 'FIND_NODE' && key.join() === first.join() ? new Error('broken') : undefined })
    await clock.tickAsync(HOUR + 2 * MINUTE)
    expect(new Set(puts().map(({ key }) => key))).to.deep.equal(new Set([new TextDecoder().decode(second)]))
    world.holders.forEach(holder => { holder.answer = () => undefined })
    await clock.tickAsync(HOUR + 2 * MINUTE)
    expect(new Set(puts().map(({ key }) => key))).to.have.property('size', 2)
  })

  describe('when somebody new comes', () => {
    it('hands over each value of which it is the nearest holder, and no other, to the newcomer alone', async () => {
      const all = keys(40)
      await Promise.all(all.map(async key => receive(key)))
      const newcomer = world.holderOf(sortedTruth(world.holders.map(({ contact }) => contact), world.self.key)[0].id)
      replicator.onNewcomer(newcomer.contact)
      replicator.onNewcomer(newcomer.contact)
      await clock.tickAsync(4 * SECOND)
      expect(world.sent).to.deep.equal([])
      await clock.tickAsync(MINUTE)
      const due = all.filter(key => {
        const order = sortedTruth([world.self, ...world.holders.map(({ contact }) => contact)], keyOf(key))

        return order.filter(({ id }) => id !== newcomer.contact.id)[0] === world.self && order.slice(0, K).includes(newcomer.contact)
      })

      expect(due.length).to.be.above(0)
      expect(puts().every(({ to }) => to.id === newcomer.contact.id)).to.equal(true)
      expect(puts().map(({ key }) => key).toSorted()).to.deep.equal(due.map(key => new TextDecoder().decode(key)).toSorted())
    })

    it('hands over nothing after it has stopped, and leaves no timer', async () => {
      await receive(keys(1)[0])
      replicator.onNewcomer(world.holders[0].contact)
      replicator.stop()
      replicator.onNewcomer(world.holders[1].contact)
      expect(clock.countTimers()).to.equal(0)
      await clock.tickAsync(5 * HOUR)
      expect(world.sent).to.deep.equal([])
    })
  })

  it('stops in the middle of everything, and leaves nothing', async () => {
    await Promise.all(keys(10).map(async key => receive(key)))
    world.holders.forEach(holder => { holder.delay = HOUR })
    await clock.tickAsync(HOUR + 2 * MINUTE)
    expect(replicator.pending).to.be.above(2)
    replicator.stop()
    await clock.tickAsync(0)
    expect(replicator.pending).to.equal(0)
    expect(clock.countTimers()).to.equal(0)
  })
})
