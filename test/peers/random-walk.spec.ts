import { defaultLogger } from '@libp2p/logger'
import { expect } from 'aegir/chai'
import { RandomWalk } from '../../src/peers/random-walk.ts'
import { MessageType } from '../../src/wire/message.ts'
import { contact } from '../helpers/contacts.ts'
import { falseTime, MINUTE, SECOND, START } from '../helpers/false-time.ts'
import { ids } from '../helpers/peer-keys.ts'
import { randomBytes, randomNumbers } from '../helpers/random.ts'
import { endless, failing, nothingFound, RecordedQueries } from '../helpers/recorded-queries.ts'
import { until } from '../helpers/turns.ts'
import type { RandomWalkOptions } from '../../src/peers/random-walk.ts'
import type { Contact } from '../../src/query/contact.ts'
import type { Clock } from '../helpers/false-time.ts'

const OPTIONS: RandomWalkOptions = { enabled: true, interval: 5 * MINUTE, queriesPerPeriod: 1, timeout: 10 * SECOND }

/** The longest time a timer can wait, ms: a longer one fires at once. */
const LONGEST_TIMER = 2 ** 31 - 1

describe('a random walk', () => {
  let clock: Clock
  let queries: RecordedQueries
  let met: Contact[]
  let alone: boolean
  let walk: RandomWalk

  beforeEach(() => {
    clock = falseTime()
    queries = new RecordedQueries(nothingFound)
    met = []
    alone = false
  })

  afterEach(() => {
    walk.stop()
    clock.restore()
  })

  /** `byte`: what the jitter is made of; 127 is hardly any. */
  function create (options: Partial<RandomWalkOptions> = {}, byte = 127): void {
    const random = randomNumbers(1)
    walk = new RandomWalk({ ...OPTIONS, ...options }, {
      queries: queries.manager,
      isAlone: () => alone,
      onMet: peer => { met.push(peer) },
      randomBytes: length => length === 1 ? Uint8Array.of(byte) : randomBytes(random, length),
      log: defaultLogger().forComponent('test')
    })
  }

  function start (options: Partial<RandomWalkOptions> = {}, byte = 127): void {
    create(options, byte)
    walk.start()
  }

  it('looks up a random key each interval, another one each time', async () => {
    start()
    await clock.tickAsync(21 * MINUTE)
    const keys = queries.lookups.map(({ key }) => String(key))

    expect(queries.lookups.map(({ at }) => Math.round((at - START) / MINUTE))).to.deep.equal([5, 10, 15, 20])
    expect(new Set(keys).size).to.equal(4)
    expect(queries.lookups.every(({ key }) => key.byteLength === 32)).to.equal(true)
  })

  it('does so up to a fifth earlier or later', async () => {
    for (const [byte, minutes] of [[0, 4], [255, 6]]) {
      queries.lookups.length = 0
      start({}, byte)
      await clock.tickAsync(minutes * MINUTE - 100)
      expect(queries.lookups).to.have.lengthOf(0)
      await clock.tickAsync(200)
      expect(queries.lookups).to.have.lengthOf(1)
      walk.stop()
    }
  })

  it('makes so many lookups each time, one after the other', async () => {
    let running = 0
    queries.outcome = async () => {
      expect(running++).to.equal(0)
      await new Promise(resolve => setTimeout(resolve, SECOND))
      running--

      return { closest: [], found: [], unreached: [], hops: 0, messages: 0, complete: true }
    }
    start({ queriesPerPeriod: 3 })
    await clock.tickAsync(6 * MINUTE)
    expect(queries.lookups).to.have.lengthOf(3)
    await clock.tickAsync(5 * MINUTE)
    expect(queries.lookups).to.have.lengthOf(6)
  })

  it('waits the whole interval after a walk that took long', async () => {
    queries.outcome = async () => {
      await new Promise(resolve => setTimeout(resolve, MINUTE))

      return { closest: [], found: [], unreached: [], hops: 0, messages: 0, complete: true }
    }
    start({ queriesPerPeriod: 2 })
    await clock.tickAsync(19.5 * MINUTE)

    expect(queries.lookups.map(({ at }) => Math.round((at - START) / MINUTE))).to.deep.equal([5, 6, 12, 13, 19])
  })

  it('meets those that answer, and nobody who was only named', async () => {
    const [first, second] = [contact(1), contact(2)]
    queries.outcome = async ({ onReply }) => {
      for (const peer of [first, second, first]) {
        // it goes on: nobody is looked for
        expect(await onReply?.(peer, { type: MessageType.FIND_NODE, key: new Uint8Array(), closer: [Uint8Array.of(1, 2, 3)], providers: [] })).to.not.equal(true)
      }

      return { closest: [contact(3)], found: [contact(3)], unreached: [], hops: 0, messages: 0, complete: true }
    }
    start()
    await clock.tickAsync(6 * MINUTE)

    expect(ids(met)).to.deep.equal(ids([first, second, first]))
  })

  it('goes on after a lookup that failed', async () => {
    queries.outcome = failing
    start({ queriesPerPeriod: 2 })
    await clock.tickAsync(11 * MINUTE)

    expect(queries.lookups).to.have.lengthOf(4)
  })

  it('ends a lookup that takes too long, and goes on', async () => {
    queries.outcome = endless
    start({ queriesPerPeriod: 3, timeout: 1 })
    await clock.tickAsync(6 * MINUTE)
    // whether the time limit is a timer of ours or of the platform is its own business
    await until(() => {
      clock.tick(1)

      return queries.lookups.length === 3 && queries.lookups[2].signal.aborted
    })

    expect(queries.lookups.every(({ signal }) => signal.aborted)).to.equal(true)
  })

  it('looks for nothing when there is nobody to ask, and does when there is again', async () => {
    alone = true
    start()
    await clock.tickAsync(16 * MINUTE)
    expect(queries.lookups).to.have.lengthOf(0)
    alone = false
    await clock.tickAsync(5 * MINUTE)
    expect(queries.lookups).to.have.lengthOf(1)
  })

  it('does nothing when it is not enabled', async () => {
    start({ enabled: false })
    expect(clock.countTimers()).to.equal(0)
    await clock.tickAsync(60 * MINUTE)
    expect(queries.lookups).to.have.lengthOf(0)
  })

  it('goes on once, however often it is started', async () => {
    create()

    for (let i = 0; i < 5; i++) {
      walk.start()
    }

    expect(clock.countTimers()).to.equal(1)
    await clock.tickAsync(6 * MINUTE)
    expect(queries.lookups).to.have.lengthOf(1)
  })

  it('waits for as long as a timer can at the longest interval, and does not begin at once', async () => {
    start({ interval: LONGEST_TIMER }, 255)
    await clock.tickAsync(MINUTE)

    expect(queries.lookups).to.have.lengthOf(0)
  })

  describe('that is stopped', () => {
    it('leaves no timer', async () => {
      start()
      walk.stop()
      walk.stop()
      expect(clock.countTimers()).to.equal(0)
      await clock.tickAsync(60 * MINUTE)
      expect(queries.lookups).to.have.lengthOf(0)
    })

    it('ends its lookup, makes none of the others, and waits for no more', async () => {
      queries.outcome = endless
      start({ queriesPerPeriod: 3 })
      await clock.tickAsync(5 * MINUTE + 5 * SECOND)
      walk.stop()
      expect(queries.lookups[0].signal.aborted).to.equal(true)
      await clock.tickAsync(60 * MINUTE)

      expect(queries.lookups).to.have.lengthOf(1)
      expect(clock.countTimers()).to.equal(0)
    })

    it('can be started again at once, and goes on once', async () => {
      queries.outcome = endless
      start()
      await clock.tickAsync(6 * MINUTE)
      walk.stop()
      queries.outcome = nothingFound
      walk.start()
      await clock.tickAsync(11 * MINUTE)

      expect(queries.lookups).to.have.lengthOf(3)
      expect(clock.countTimers()).to.equal(1)
    })
  })
})
