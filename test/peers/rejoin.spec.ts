import { defaultLogger } from '@libp2p/logger'
import { expect } from 'aegir/chai'
import { Prober } from '../../src/peers/prober.ts'
import { Rejoin } from '../../src/peers/rejoin.ts'
import { Seeds } from '../../src/peers/seeds.ts'
import { MessageType } from '../../src/wire/message.ts'
import { contact } from '../helpers/contacts.ts'
import { falseTime, MINUTE, SECOND, START } from '../helpers/false-time.ts'
import type { Contact } from '../../src/query/contact.ts'
import type { Clock } from '../helpers/false-time.ts'

/** How long a probe may take, ms. */
const TIMEOUT = 10 * SECOND
const SEEDS = contacts(900, 3)

function contacts (from: number, count: number): Contact[] {
  return Array.from({ length: count }, (_, i) => contact(from + i))
}

type Ask = ConstructorParameters<typeof Prober>[1]

describe('rejoining', () => {
  let clock: Clock
  let probed: Array<{ id: string, at: number }>
  /** after how many ms a peer answers; others never do */
  let answers: Map<string, number>
  let saved: Contact[]
  let loads: number
  let alone: boolean
  let prober: Prober
  let savedProber: Prober
  let rejoin: Rejoin

  beforeEach(() => {
    clock = falseTime()
    probed = []
    answers = new Map()
    saved = []
    loads = 0
    alone = true
    const ask: Ask = async (to, request, { signal, timeout }) => {
      probed.push({ id: to.id, at: Date.now() - START })

      return new Promise((resolve, reject) => {
        const answersAfter = answers.get(to.id)
        const timer = setTimeout(() => {
          if (answersAfter == null) {
            reject(new Error('it took too long'))
          } else {
            alone = false
            resolve({ type: MessageType.FIND_NODE, key: request.key, closer: [], providers: [] })
          }
        }, answersAfter ?? timeout)
        signal?.addEventListener('abort', () => {
          clearTimeout(timer)
          reject(signal.reason)
        })
      })
    }
    prober = new Prober({ concurrency: 20, maxQueueSize: 100, timeout: TIMEOUT }, ask)
    savedProber = new Prober({ concurrency: 40, maxQueueSize: 200, timeout: TIMEOUT }, ask)
    rejoin = create(SEEDS)
  })

  afterEach(() => {
    rejoin.stop()
    prober.stop()
    savedProber.stop()
    clock.restore()
  })

  function create (seeds: Contact[], load = async () => saved, random = (): number => 0.5): Rejoin {
    return new Rejoin({
      probeSaved: async peer => savedProber.probe(peer),
      probeSeed: async peer => prober.probe(peer),
      seeds: new Seeds(seeds),
      saved: async ({ signal }) => {
        signal?.throwIfAborted()
        loads++

        return load()
      },
      isAlone: () => alone,
      random,
      log: defaultLogger().forComponent('test')
    })
  }

  /** How often each of them was asked. */
  function asked (peers: Contact[]): number[] {
    return peers.map(({ id }) => probed.filter(probe => probe.id === id).length)
  }

  it('asks those of the last time, and leaves the seeds in peace when one of them answers', async () => {
    saved = contacts(1, 10)
    answers.set(saved[7].id, 100)
    rejoin.start()
    await clock.tickAsync(10 * MINUTE)

    expect(asked(saved)).to.deep.equal(saved.map(() => 1))
    expect(asked(SEEDS)).to.deep.equal([0, 0, 0])
    expect(clock.countTimers()).to.equal(0)
  })

  it('asks the seeds at once when nobody was there the last time', async () => {
    answers.set(SEEDS[1].id, 50)
    rejoin.start()
    await clock.tickAsync(10)

    expect(asked(SEEDS)).to.deep.equal([1, 1, 1])
    await clock.tickAsync(10 * MINUTE)
    expect(asked(SEEDS)).to.deep.equal([1, 1, 1])
  })

  it('asks the seeds after five seconds when none of those of the last time has answered', async () => {
    saved = contacts(1, 3)
    answers.set(SEEDS[0].id, 50)
    rejoin.start()
    await clock.tickAsync(4_990)
    expect(asked(SEEDS)).to.deep.equal([0, 0, 0])
    await clock.tickAsync(20)

    expect(asked(SEEDS)).to.deep.equal([1, 1, 1])
  })

  it('asks the seeds without waiting when all of those of the last time refuse', async () => {
    saved = contacts(1, 3)
    const refuse = async ({ id }: Contact): Promise<boolean> => {
      probed.push({ id, at: Date.now() })

      return false
    }
    const refusing = new Rejoin({
      probeSaved: refuse,
      probeSeed: refuse,
      seeds: new Seeds(SEEDS),
      saved: async () => saved,
      isAlone: () => true,
      random: () => 0.5,
      log: defaultLogger().forComponent('test')
    })
    refusing.start()
    await clock.tickAsync(10)

    expect(asked(SEEDS)).to.deep.equal([1, 1, 1])
    refusing.stop()
  })

  it('reaches the seeds within seconds, however many of the last time are silent', async () => {
    saved = contacts(1, 200)
    answers.set(SEEDS[0].id, 50)
    rejoin.start()
    await clock.tickAsync(15 * SECOND)

    expect(asked(SEEDS)[0]).to.equal(1)
    expect(alone).to.equal(false)
  })

  it('asks no seed as one of the last time', async () => {
    saved = [SEEDS[0], contact(1)]
    answers.set(contact(1).id, 50)
    rejoin.start()
    await clock.tickAsync(MINUTE)

    expect(asked(SEEDS)).to.deep.equal([0, 0, 0])
  })

  it('tries again when nobody answers, first after a second, then after ever longer, at last each minute', async () => {
    // nobody may be asked twice at once: the tries are told apart by when they load
    const tries: number[] = []
    const refusing = new Rejoin({
      probeSaved: async () => false,
      probeSeed: async () => false,
      seeds: new Seeds(SEEDS),
      saved: async () => {
        tries.push((Date.now() - START) / SECOND)

        return []
      },
      isAlone: () => true,
      random: () => 0.5,
      log: defaultLogger().forComponent('test')
    })
    refusing.start()
    await clock.tickAsync(5 * MINUTE)
    refusing.stop()

    expect(tries).to.deep.equal([0, 1, 3, 7, 15, 31, 63, 123, 183, 243])
  })

  it('waits up to a fifth less or more, so that nodes do not come back in step', async () => {
    for (const [random, wait] of [[0, 800], [1, 1_200]]) {
      loads = 0
      rejoin = create(SEEDS, undefined, () => random)
      rejoin.start()
      await clock.tickAsync(TIMEOUT)
      await clock.tickAsync(wait - 10)
      expect(loads).to.equal(1)
      await clock.tickAsync(20)
      expect(loads).to.equal(2)
      rejoin.stop()
      prober.stop()
      savedProber.stop()
    }
  })

  it('asks a silent seed again and again, but never twice at once', async () => {
    rejoin.start()
    await clock.tickAsync(10 * MINUTE)
    const times = probed.filter(({ id }) => id === SEEDS[0].id).map(({ at }) => at)

    expect(times.length).to.be.within(8, 15)
    expect(times.slice(1).every((at, i) => at - times[i] > TIMEOUT)).to.equal(true)
  })

  it('ends when somebody comes meanwhile', async () => {
    rejoin.start()
    await clock.tickAsync(TIMEOUT + 100)
    alone = false
    await clock.tickAsync(10 * MINUTE)

    expect(asked(SEEDS)).to.deep.equal([1, 1, 1])
    expect(clock.countTimers()).to.equal(0)
  })

  it('ends at once when there is nobody to ask, and can begin anew', async () => {
    rejoin = create([])
    rejoin.start()
    await clock.tickAsync(10 * MINUTE)
    expect(loads).to.equal(1)
    saved = contacts(1, 2)
    answers.set(saved[0].id, 10)
    rejoin.start()
    await clock.tickAsync(SECOND)

    expect(loads).to.equal(2)
    expect(alone).to.equal(false)
  })

  it('asks nobody when the node is not alone', async () => {
    alone = false
    saved = contacts(1, 2)
    rejoin.start()
    await clock.tickAsync(MINUTE)

    expect(probed).to.deep.equal([])
  })

  it('goes on once, however often it is started', async () => {
    for (let i = 0; i < 5; i++) {
      rejoin.start()
    }

    await clock.tickAsync(TIMEOUT + 1_100)
    expect(loads).to.equal(2)
  })

  it('can begin anew after the table could not be read', async () => {
    let broken = true
    rejoin = create(SEEDS, async () => {
      if (broken) {
        throw new Error('the disk is gone')
      }

      return []
    })
    rejoin.start()
    await clock.tickAsync(SECOND)
    broken = false
    answers.set(SEEDS[0].id, 10)
    rejoin.start()
    await clock.tickAsync(SECOND)

    expect(alone).to.equal(false)
  })

  describe('that is stopped', () => {
    function leavesNothing (name: string, ms: number): void {
      it(`leaves no timer and asks nobody any more, ${name}`, async () => {
        saved = contacts(1, 3)
        rejoin.start()
        await clock.tickAsync(ms)
        rejoin.stop()
        prober.stop()
        savedProber.stop()
        const { length } = probed
        await clock.tickAsync(0)
        expect(clock.countTimers()).to.equal(0)
        await clock.tickAsync(10 * MINUTE)

        expect(probed).to.have.lengthOf(length)
      })
    }

    leavesNothing('while the table is read', 0)
    leavesNothing('while those of the last time are asked', SECOND)
    leavesNothing('while the seeds are asked', 7 * SECOND)
    leavesNothing('between two tries', 16 * SECOND)

    it('can be started again at once', async () => {
      rejoin.start()
      await clock.tickAsync(SECOND)
      rejoin.stop()
      prober.stop()
      savedProber.stop()
      rejoin.start()
      answers.set(SEEDS[0].id, 10)
      await clock.tickAsync(SECOND)

      expect(alone).to.equal(false)
      await clock.tickAsync(10 * MINUTE)
      expect(clock.countTimers()).to.equal(0)
      expect(asked(SEEDS)).to.deep.equal([2, 2, 2])
    })
  })
})
