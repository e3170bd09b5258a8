import { expect } from 'aegir/chai'
import { cidsOf } from '../../helpers/content.ts'
import { falseTime, HOUR, MINUTE, SECOND } from '../../helpers/false-time.ts'
import { multihashesOf, peers, ProvidingWorld } from '../../helpers/providing-world.ts'
import { randomNumbers, SEED } from '../../helpers/random.ts'
import type { Clock } from '../../helpers/false-time.ts'
import type { CID } from 'multiformats/cid'

const COUNT = 10

describe('what is provided while a network has hardly begun', () => {
  let clock: Clock
  let world: ProvidingWorld
  let cids: CID[]

  beforeEach(() => {
    clock = falseTime()
    world = new ProvidingWorld({ peers: peers(1), random: () => 0 })
    cids = cidsOf(COUNT, randomNumbers(SEED))
    world.providers.start()
  })

  afterEach(async () => {
    await world.providers.stop()
    clock.restore()
  })

  /** Of the nearest to each key, the fewest that were told. */
  function fewestTold (): number {
    return Math.min(...multihashesOf(cids).map(multihash => {
      const told = new Set(world.holders(multihash))

      return world.nearest(multihash).filter(id => told.has(id)).length
    }))
  }

  async function grow (size: number): Promise<void> {
    world.peers = peers(size)
    world.size = size < 20 ? undefined : { peers: size, error: 0.05 }
    await clock.tickAsync(15 * MINUTE)
  }

  it('is announced again as soon as there are k peers, and then in its turn', async () => {
    await world.providers.providing.add(cids)
    await clock.tickAsync(10 * SECOND)
    expect(world.providers.providing.status()).to.include({ neverAnnounced: 0, due: 0 })

    await grow(200)
    expect(fewestTold()).to.equal(20)
    expect(world.providers.providing.status()).to.include({ due: 0 })

    const { length } = world.told
    await clock.tickAsync(4 * HOUR)
    expect(world.told.length - length).to.be.below(COUNT * 20)
  })

  it('is announced again when it was provided by itself, too', async () => {
    for (const { multihash } of cids) {
      await world.providers.provide(multihash.bytes, { signal: new AbortController().signal })
    }

    await grow(200)
    expect(fewestTold()).to.equal(20)
  })

  it('is left alone while there are still fewer', async () => {
    await world.providers.providing.add(cids)
    await clock.tickAsync(10 * SECOND)
    const { length } = world.told
    await grow(10)

    expect(world.told.length).to.equal(length)
  })
})
