import { expect } from 'aegir/chai'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import * as Digest from 'multiformats/hashes/digest'
import { cidsOf } from '../../helpers/content.ts'
import { countListeners } from '../../helpers/count-listeners.ts'
import { falseTime, HOUR, SECOND } from '../../helpers/false-time.ts'
import { multihashesOf, peers, ProvidingWorld } from '../../helpers/providing-world.ts'
import { randomNumbers, SEED } from '../../helpers/random.ts'
import type { Provided } from '../../../src/providers/providing/providing-api.ts'
import type { Clock } from '../../helpers/false-time.ts'

async function * arriving <T> (items: readonly T[], onEnd = (): void => {}): AsyncGenerator<T> {
  try {
    yield * items
  } finally {
    onEnd()
  }
}

describe('providing', function () {
  this.timeout(120_000)

  let clock: Clock
  let world: ProvidingWorld
  let random: () => number

  beforeEach(() => {
    clock = falseTime()
    random = randomNumbers(SEED)
    world = new ProvidingWorld({ peers: peers(50) })
    world.providers.start()
  })
  afterEach(async () => {
    await world.providers.stop()
    clock.restore()
  })

  async function list (): Promise<Provided[]> {
    const all: Provided[] = []

    for await (const provided of world.providers.providing.list()) {
      all.push(provided)
    }

    return all
  }

  it('adds keys of any kind that come at once or one after the other, and counts those that are new', async () => {
    const { providing } = world.providers
    const cids = cidsOf(10, random)
    expect(await providing.add([])).to.deep.equal({ read: 0, added: 0 })
    expect(await providing.add(new Set(cids.slice(0, 4)))).to.deep.equal({ read: 4, added: 4 })
    expect(await providing.add(arriving(cids.slice(2, 7)))).to.deep.equal({ read: 5, added: 3 })
    expect(await providing.add([cids[8], cids[8], CID.createV1(0x70, cids[8].multihash)])).to.deep.equal({ read: 3, added: 1 })
    expect(await providing.has(cids[8])).to.equal(true)
    expect(await providing.has(cids[9])).to.equal(false)
  })

  it('lists them with what they are the hash of, and when they were announced', async () => {
    const { providing } = world.providers
    const [cid] = cidsOf(1, random)
    const identity = CID.createV1(raw.code, Digest.create(0, new Uint8Array(78).fill(7)))
    await providing.add([cid, identity])
    expect((await list()).map(({ announcedAt }) => announcedAt)).to.deep.equal([0, 0])
    await clock.tickAsync(SECOND)
    const announced = await list()
    expect(announced.map(({ cid }) => cid?.toString()).sort()).to.deep.equal([cid.toString(), identity.toString()].sort())
    announced.forEach(({ announcedAt }) => { expect(announcedAt).to.be.within(Date.now() - SECOND, Date.now()) })
  })

  it('takes what was added before something that is no CID, announces it, and says what is wrong', async () => {
    const { providing } = world.providers
    const cids = cidsOf(1_500, random)
    const read: number[] = []
    const adding = providing.add([...cids, 'bafkqaaa' as unknown as CID], { onProgress: count => { read.push(count) } })
    await expect(adding).to.eventually.be.rejectedWith('CID.parse()').with.property('name', 'InvalidParametersError')
    expect(read).to.deep.equal([1_000])
    expect(providing.status().keys).to.equal(1_000)
    await clock.tickAsync(SECOND)
    expect(providing.status()).to.include({ neverAnnounced: 0, announced: 1_000 })
  })

  it('refuses what can be no list of CIDs, and says how one is given', async () => {
    for (const cids of [...cidsOf(1, random), 'bafk', undefined]) {
      await expect(world.providers.providing.add(cids as unknown as CID[])).to.eventually.be.rejectedWith('[cid] for a single one')
    }
  })

  it('refuses a multihash that no node would take, and says how long it may be', async () => {
    const long = CID.createV1(raw.code, Digest.create(0, new Uint8Array(79)))
    await expect(world.providers.providing.add([long])).to.eventually.be.rejectedWith('81 bytes is over the 80').with.property('name', 'InvalidParametersError')
    await expect(world.providers.providing.has(long)).to.eventually.be.rejected.with.property('name', 'InvalidParametersError')
  })

  it('takes what was read before the caller has enough, ends where the CIDs come from, and leaves no listener', async () => {
    const { providing } = world.providers
    const cids = cidsOf(5_000, random)
    const controller = new AbortController()
    const listeners = countListeners(controller.signal)
    let isEnded = false
    const onProgress = (read: number): void => {
      if (read === 2_000) {
        controller.abort(new Error('enough'))
      }
    }
    await expect(providing.add(arriving(cids, () => { isEnded = true }), { signal: controller.signal, onProgress })).to.eventually.be.rejectedWith('enough')
    expect(isEnded).to.equal(true)
    expect(listeners()).to.equal(0)
    expect(providing.status().keys).to.equal(2_000)
    await clock.tickAsync(SECOND)
    expect(providing.status()).to.include({ neverAnnounced: 0, announced: 2_000 })
  })

  it('ends when the caller has enough, though the next CID never comes', async () => {
    const controller = new AbortController()
    const listeners = countListeners(controller.signal)
    const [cid] = cidsOf(1, random)
    const cids: AsyncIterable<CID> = {
      async * [Symbol.asyncIterator] () {
        yield cid
        await new Promise(() => {})
      }
    }
    const adding = world.providers.providing.add(cids, { signal: controller.signal })
    setTimeout(() => { controller.abort(new Error('enough')) }, SECOND)
    await Promise.all([expect(adding).to.eventually.be.rejectedWith('enough'), clock.tickAsync(SECOND)])
    expect(listeners()).to.equal(0)
  })

  it('does nothing for a caller who has enough before', async () => {
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(world.providers.providing.add(cidsOf(5, random), { signal })).to.eventually.be.rejectedWith('enough')
    await expect(world.providers.providing.remove(cidsOf(5, random), { signal })).to.eventually.be.rejectedWith('enough')
    await expect(world.providers.providing.announce({ signal })).to.eventually.be.rejectedWith('enough')
    expect(world.providers.providing.status().keys).to.equal(0)
  })

  it('announces what is due, tells the caller how far it is, and what was done', async () => {
    const { providing } = world.providers
    const cids = cidsOf(1_200, random)
    world.online = false
    await providing.add(cids)
    world.online = true
    const progress: number[] = []
    const announcing = providing.announce({ onProgress: ({ announced }) => { progress.push(announced) } })
    await clock.tickAsync(SECOND)
    expect(await announcing).to.include({ announced: 1_200, failed: 0, records: 24_000 })
    expect(progress.at(-1)).to.equal(1_200)
    expect([...progress].sort((a, b) => a - b)).to.deep.equal(progress)
    const again = providing.announce()
    await clock.tickAsync(SECOND)
    expect(await again).to.include({ announced: 0, failed: 0, records: 0 })
  })

  it('announces each key once for two callers at once, and both hear of all of it', async () => {
    const { providing } = world.providers
    const cids = cidsOf(100, random)
    const heard: number[][] = [[], []]
    world.online = false
    await providing.add(cids)
    world.online = true
    const announcing = heard.map(async heard => providing.announce({ onProgress: ({ announced }) => { heard.push(announced) } }))
    await clock.tickAsync(SECOND)
    const results = await Promise.all(announcing)
    results.forEach(result => { expect(result).to.include({ announced: 100, failed: 0 }) })
    heard.forEach(heard => { expect(heard.at(-1)).to.equal(100) })
    expect(world.told).to.have.lengthOf(2_000)
  })

  it('announces what has failed before, though its time has not come', async () => {
    const { providing } = world.providers
    world.onLookup = () => { throw new Error('it failed') }
    await providing.add(cidsOf(10, random))
    await clock.tickAsync(HOUR / 2)
    world.onLookup = () => {}
    const announcing = providing.announce()
    await clock.tickAsync(SECOND)
    expect(await announcing).to.include({ announced: 10, failed: 0 })
  })

  it('tells what has failed, and why', async () => {
    const { providing } = world.providers
    world.onSend = () => { throw new Error('refused') }
    await providing.add(cidsOf(10, random))
    const announcing = providing.announce()
    await clock.tickAsync(SECOND)
    const { announced, failed, records } = await announcing
    expect({ announced, records }).to.deep.equal({ announced: 0, records: 0 })
    expect(failed).to.be.at.least(10)
    expect(providing.status()).to.include({ error: 'refused', due: 10 })
  })

  it('fails when there is nobody to tell, or nobody answers', async () => {
    const { providing } = world.providers
    world.online = false
    await providing.add(cidsOf(10, random))
    await expect(providing.announce()).to.eventually.be.rejectedWith('Connect to a peer').with.property('name', 'NoPeersError')
    world.online = true
    world.answers = () => false
    await expect(providing.announce()).to.eventually.be.rejectedWith('has answered').with.property('name', 'NoPeersError')
    expect(providing.status().keys).to.equal(10)
  })

  it('has nothing to say where nothing is provided, though there is nobody to tell', async () => {
    world.online = false
    expect(await world.providers.providing.announce()).to.deep.equal({ announced: 0, failed: 0, records: 0, lookups: 0, messages: 0 })
  })

  it('leaves a caller who has enough, and goes on announcing', async () => {
    const { providing } = world.providers
    const controller = new AbortController()
    const listeners = countListeners(controller.signal)
    const cids = cidsOf(20, random)
    const heard: number[] = []
    world.onSend = async () => { await new Promise(resolve => { setTimeout(resolve, 2 * SECOND) }) }
    world.online = false
    await providing.add(cids)
    world.online = true
    const announcing = providing.announce({ signal: controller.signal, onProgress: ({ announced }) => { heard.push(announced) } })
    setTimeout(() => { controller.abort(new Error('enough')) }, SECOND)
    await Promise.all([expect(announcing).to.eventually.be.rejectedWith('enough'), clock.tickAsync(SECOND)])
    expect(listeners()).to.equal(0)
    await clock.tickAsync(60 * SECOND)
    expect(heard).to.deep.equal([])
    multihashesOf(cids).forEach(multihash => { expect(world.holders(multihash)).to.have.lengthOf(20) })
  })

  it('ends with the error of the caller who cannot bear to hear of it, and goes on announcing', async () => {
    const { providing } = world.providers
    const cids = cidsOf(20, random)
    world.online = false
    await providing.add(cids)
    world.online = true
    const announcing = providing.announce({ onProgress: () => { throw new Error('the bar is broken') } })
    await Promise.all([expect(announcing).to.eventually.be.rejectedWith('the bar is broken'), clock.tickAsync(SECOND)])
    expect(providing.status()).to.include({ announced: 20, failed: 0, neverAnnounced: 0, error: undefined })
    multihashesOf(cids).forEach(multihash => { expect(world.holders(multihash)).to.have.lengthOf(20) })
  })

  it('ends when the node stops, and says so; what comes after is heard by nobody', async () => {
    const { providing } = world.providers
    const heard: number[] = []
    world.onSend = async (_, { signal }) => new Promise((resolve, reject) => { signal?.addEventListener('abort', () => { reject(signal.reason) }) })
    world.online = false
    await providing.add(cidsOf(20, random))
    world.online = true
    const announcing = providing.announce({ onProgress: ({ announced }) => { heard.push(announced) } })
    setTimeout(() => { void world.providers.stop() }, SECOND)
    await Promise.all([expect(announcing).to.eventually.be.rejected.with.property('name', 'NotStartedError'), clock.tickAsync(SECOND)])
    expect(clock.countTimers()).to.equal(0)
    expect(heard).to.deep.equal([])
    const before = world.batches.length
    await clock.tickAsync(HOUR)
    expect(world.batches).to.have.lengthOf(before)
    await expect(providing.announce()).to.eventually.be.rejected.with.property('name', 'NotStartedError')
    expect(providing.status()).to.include({ state: 'stopped', keys: 20, announced: 0 })
  })

  it('removes what there is, and has no quarrel with what is not', async () => {
    const { providing } = world.providers
    const cids = cidsOf(20, random)
    await providing.add(cids.slice(0, 10))
    await providing.remove(arriving(cids.slice(5)))
    await providing.remove(cids.slice(5))
    expect((await list()).map(({ multihash }) => [...multihash])).to.have.deep.members(multihashesOf(cids.slice(0, 5)).map(multihash => [...multihash]))
    expect(providing.status().keys).to.equal(5)
  })
})
