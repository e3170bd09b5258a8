import { expect } from 'aegir/chai'
import Sinon from 'sinon'
import { randomNumbers } from '../../helpers/random.ts'
import { ownerOf } from '../../helpers/signed-records.ts'
import { SwapWorld } from '../../helpers/swap-world.ts'
import { VirtualTime } from '../../helpers/virtual-time.ts'
import type { SwapOutcome, SwapWorldInit } from '../../helpers/swap-world.ts'

/** Each is another network, and another order of everything in it. */
const RUNS = 40

/** Until a writer looks again, ms: with all round trips below it no update may be lost. */
const QUIET = 250

const UPDATES = 3

describe('updates of one record by several writers at once', () => {
  afterEach(() => { Sinon.restore() })

  /** Of all runs; each is told by its seed. */
  async function race (init: (random: () => number) => Pick<SwapWorldInit, 'holders' | 'writers' | 'delay'> & Partial<SwapWorldInit>): Promise<SwapOutcome[]> {
    const owner = await ownerOf(1)
    const outcomes: SwapOutcome[] = []

    for (let seed = 1; seed <= RUNS; seed++) {
      const random = randomNumbers(seed)
      const chance = Sinon.stub(Math, 'random').callsFake(random)

      try {
        const world = new SwapWorld({ time: new VirtualTime(random), random, owner, ...init(random) })
        const outcome = await world.run(UPDATES)
        outcomes.push(outcome)
        expect(lost(outcome), `seed ${seed}`).to.deep.equal([])
      } finally {
        chance.restore()
      }
    }

    return outcomes
  }

  function lost ({ acknowledged, final }: SwapOutcome): string[] {
    return acknowledged.filter(name => !final.includes(name))
  }

  function errors (outcomes: SwapOutcome[]): string[] {
    return outcomes.flatMap(({ errors }) => errors.map(({ message }) => message))
  }

  /** Round trips below the quiet time. */
  const below = (random: () => number) => () => 5 + (QUIET / 2 - 5) * random()
  const near = (random: () => number) => () => 5 + 55 * random()

  it('loses none that was acknowledged, and refuses none for no reason, while all round trips are below the quiet time', async () => {
    const outcomes = await race(random => ({ holders: 5, writers: 3, delay: below(random) }))

    expect(errors(outcomes)).to.deep.equal([])
    expect(outcomes.every(({ acknowledged }) => acknowledged.length > 0)).to.equal(true)
  })

  it('acknowledges nearly all of them where the holders are near', async () => {
    const outcomes = await race(random => ({ holders: 5, writers: 3, delay: near(random) }))
    const acknowledged = outcomes.reduce((sum, outcome) => sum + outcome.acknowledged.length, 0)

    expect(errors(outcomes)).to.deep.equal([])
    expect(acknowledged).to.be.above(0.95 * RUNS * 3 * UPDATES)
  })

  it('loses none though the writers think about their change for long, and others write meanwhile', async () => {
    const outcomes = await race(random => ({ holders: 5, writers: 3, delay: near(random), think: () => 2_000 * random() }))

    expect(errors(outcomes)).to.deep.equal([])
  })

  for (const [holders, writers] of [[0, 2], [1, 3], [2, 3]]) {
    it(`loses none of ${writers} writers that hold each other's records, with ${holders} other holders`, async () => {
      const outcomes = await race(random => ({ holders, writers, mutual: true, delay: near(random), think: () => 500 * random() }))

      expect(errors(outcomes)).to.deep.equal([])
    })
  }

  it('loses none of those acknowledged when writers give up early: who has given up leaves nothing of another\'s overwritten', async () => {
    const outcomes = await race(random => ({ holders: 4, writers: 5, delay: near(random), retries: 1 }))

    expect(outcomes.reduce((sum, { conflicts }) => sum + conflicts, 0)).to.be.above(0)
    expect(errors(outcomes)).to.deep.equal([])
  })

  it('loses none to a writer that is far away from the holders, though the others wait for it no longer', async () => {
    await race(random => ({ holders: 5, writers: 3, delay: writer => writer === 0 ? 300 + 200 * random() : near(random)() }))
  })
})
