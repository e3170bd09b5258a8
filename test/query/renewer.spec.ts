import { defaultLogger } from '@libp2p/logger'
import { expect } from 'aegir/chai'
import { Renewer } from '../../src/query/renewer.ts'
import { falseTime, HOUR, START } from '../helpers/false-time.ts'
import { quiet, turn } from '../helpers/turns.ts'
import type { Clock } from '../helpers/false-time.ts'

interface Item {
  name: string
}

describe('doing again what lapses', () => {
  let clock: Clock
  let items: Array<Item & { due: number }>
  let begun: string[]
  let running: number
  let most: number
  let walks: number
  let renew: (item: Item, signal: AbortSignal) => Promise<void>
  let renewer: Renewer<Item>

  beforeEach(() => {
    clock = falseTime()
    items = []
    begun = []
    running = most = walks = 0
    renew = async () => {}
    renewer = new Renewer<Item>({ concurrency: 2, maxQueueSize: 3, interval: HOUR }, {
      all: async function * () {
        walks++
        yield * items
      },
      renew: async (item, signal) => {
        begun.push(item.name)
        most = Math.max(most, ++running)

        try {
          await renew(item, signal)
        } finally {
          running--
        }
      },
      task: 'renew a thing',
      log: defaultLogger().forComponent('test')
    })
    renewer.start()
  })

  afterEach(() => {
    renewer.stop()
    clock.restore()
  })

  function add (count: number, due = START): void {
    items.push(...Array.from({ length: count }, (_, i) => ({ name: `${items.length + i}`, due })))
  }

  /** It goes on until it is ended. */
  async function endless (item: Item, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => { signal.addEventListener('abort', () => { reject(signal.reason) }) })
  }

  it('does what is due, and leaves what is not', async () => {
    add(1)
    add(1, START + 2 * HOUR)
    await clock.tickAsync(HOUR)
    expect(begun).to.deep.equal(['0'])
    items[0].due = Infinity
    await clock.tickAsync(HOUR)
    expect(begun).to.deep.equal(['0', '1'])
  })

  it('does a few at once, holds no more than its queue may, and reaches each of many', async () => {
    add(200)
    let waiting = 0
    renew = async () => {
      waiting = Math.max(waiting, renewer.pending)
      await turn()
    }
    await renewer.run()

    expect(new Set(begun)).to.have.property('size', 200)
    expect(most).to.equal(2)
    // what waits, and what runs
    expect(waiting).to.be.within(3, 5)
    expect(renewer.pending).to.equal(0)
  })

  it('goes on to the others when one fails, and tries that one at the next walk', async () => {
    add(5)
    renew = async ({ name }) => {
      if (name === '1') {
        throw new Error('nobody there')
      }

      items[Number(name)].due = Infinity
    }
    await renewer.run()
    expect(begun).to.deep.equal(['0', '1', '2', '3', '4'])
    await clock.tickAsync(HOUR)
    expect(begun.slice(5)).to.deep.equal(['1'])
  })

  it('walks once for all who ask meanwhile', async () => {
    add(3)
    await Promise.all([renewer.run(), renewer.run(), renewer.run()])
    expect(begun).to.have.lengthOf(3)
    expect(walks).to.equal(1)
  })

  it('survives a list that can not be read', async () => {
    items = new Proxy(items, { get () { throw new Error('the disk is gone') } })
    await renewer.run()
    items = [{ name: 'later', due: START }]
    await clock.tickAsync(HOUR)
    expect(begun).to.deep.equal(['later'])
  })

  it('does not begin another walk while one is under way, however long that takes, and walks again an interval after its end', async () => {
    add(1)
    const { promise, resolve } = Promise.withResolvers<void>()
    renew = async () => promise
    await clock.tickAsync(5 * HOUR)
    expect(walks).to.equal(1)
    resolve()
    await clock.tickAsync(HOUR)
    expect(walks).to.equal(2)
  })

  it('ends what is under way when it stops, begins nothing that waits, and leaves no timer', async () => {
    add(10)
    renew = endless
    const walk = renewer.run()
    await quiet()
    expect(begun).to.have.lengthOf(2)
    renewer.stop()
    await walk
    await clock.tickAsync(10 * HOUR)

    expect(begun).to.have.lengthOf(2)
    expect(running).to.equal(0)
    expect(renewer.pending).to.equal(0)
    expect(clock.countTimers()).to.equal(0)
  })

  it('keeps one rhythm when it is stopped and started again in the middle of a walk', async () => {
    add(1)
    renew = endless
    await clock.tickAsync(HOUR)
    expect(running).to.equal(1)
    renewer.stop()
    renewer.start()
    await clock.tickAsync(1)
    expect(clock.countTimers()).to.equal(1)
    renew = async () => {}
    walks = 0
    await clock.tickAsync(3 * HOUR)
    expect(walks).to.equal(3)
    renewer.stop()
    expect(clock.countTimers()).to.equal(0)
  })

  it('walks for whoever asks after a restart, though the walk from before it has not ended', async () => {
    add(1)
    const { promise, resolve } = Promise.withResolvers<void>()
    renew = async () => promise
    const before = renewer.run()
    await quiet()
    renewer.stop()
    renewer.start()
    renew = async () => {}
    await renewer.run()
    expect(begun).to.deep.equal(['0', '0'])
    resolve()
    await before
  })
})
