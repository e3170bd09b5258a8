import { expect } from 'aegir/chai'
import { WriteError } from '../../src/query/write-result.ts'
import { toPeerId } from '../../src/wire/peer.ts'
import { cidsOf } from '../helpers/content.ts'
import { countListeners } from '../helpers/count-listeners.ts'
import { falseTime, HOUR, SECOND } from '../helpers/false-time.ts'
import { CYCLE, ProvidingWorld } from '../helpers/providing-world.ts'
import { randomNumbers, SEED } from '../helpers/random.ts'
import { ValueWorld } from '../helpers/value-world.ts'
import type { ProvideOptions } from '../../src/providers/providers.ts'
import type { QueryManager } from '../../src/query/manager.ts'
import type { WriteResult } from '../../src/query/write-result.ts'
import type { Clock } from '../helpers/false-time.ts'

const PEERS = 400
const K = 20
const SIZE = { peers: PEERS, error: 0.05 }

const [CONTENT] = cidsOf(1, randomNumbers(SEED))
const { bytes: MULTIHASH } = CONTENT.multihash

describe('providing one CID', () => {
  let clock: Clock
  let world: ProvidingWorld

  beforeEach(() => { clock = falseTime() })
  afterEach(async () => {
    await world.providers.stop()
    clock.restore()
  })

  /** Real lookups, of which each message takes 10 ms. */
  function createWorld ({ networkSize }: Pick<QueryManager, 'networkSize'> = { networkSize: SIZE }): ProvidingWorld {
    const values = new ValueWorld({ validators: {}, selectors: {}, k: K, peers: PEERS, delay: 10 })
    const queries = { k: K, networkSize, run: values.queries.run.bind(values.queries), requireStarted: values.queries.requireStarted.bind(values.queries) } as unknown as QueryManager
    world = new ProvidingWorld({ peers: values.holders.map(({ contact }) => contact), k: K, queries })
    world.providers.start()

    return world
  }

  interface Done {
    result?: WriteResult
    error?: any
    /** when the caller had it, and when all was over, ms after the begin */
    after: number
    over: number
  }

  /** As an operation does it: the first result counts. */
  async function provide (options: Partial<ProvideOptions> = {}, within = 60 * SECOND): Promise<Done> {
    const begun = Date.now()
    const signal = options.signal ?? new AbortController().signal
    let first: Pick<Done, 'result' | 'error' | 'after'> | undefined
    const has = (what: { result?: WriteResult, error?: any }): void => { first ??= { ...what, after: Date.now() - begun } }
    const over = world.providers.provide(MULTIHASH, { signal, settle: result => { has({ result }) }, ...options })
      .then(result => { has({ result }) }, error => { has({ error }) })
      .then(() => Date.now() - begun)
    await clock.tickAsync(within)

    return { after: Infinity, ...first, over: await Promise.race([over, Promise.resolve(Infinity)]) }
  }

  async function slow (ms: number): Promise<void> {
    await new Promise(resolve => { setTimeout(resolve, ms) })
  }

  /** Those of the nearest that take so long, ms. */
  function slowDown (count: number, ms: number): void {
    const late = new Set(world.nearest(MULTIHASH).slice(-count))
    world.onSend = async ({ id }) => { await slow(late.has(id) ? ms : 10) }
  }

  it('tells who holds it: the nearest, nearest first', async () => {
    createWorld()
    const { result } = await provide()
    const byId = new Map(world.peers.map(peer => [peer.id, toPeerId(peer).toString()]))
    expect(result?.stored.map(String)).to.deep.equal(world.nearest(MULTIHASH).map(id => byId.get(id)))
    expect(result?.failed).to.deep.equal([])
    expect(world.providers.providing.status()).to.include({ keys: 1, neverAnnounced: 0, due: 0 })
  })

  it('is over when all have it, the last one too, where it is not optimistic', async () => {
    createWorld()
    slowDown(5, 10 * SECOND)
    const { after, over } = await provide()
    expect(after).to.equal(over)
    expect(over).to.be.at.least(10 * SECOND)
  })

  it('is over when fifteen of twenty have it where it is optimistic, and the others have it in the end', async () => {
    createWorld()
    slowDown(5, 10 * SECOND)
    const { result, after, over } = await provide({ optimistic: true })
    expect(after).to.be.below(SECOND)
    expect(result?.stored).to.have.lengthOf.at.least(15)
    expect(over).to.be.at.least(10 * SECOND)
    expect(world.holders(MULTIHASH)).to.include.members(world.nearest(MULTIHASH))
    expect(world.providers.providing.status()).to.include({ neverAnnounced: 0, due: 0 })
  })

  it('is not over early when five of twenty can never be told and fewer than the caller wants have it, and is an error then', async () => {
    createWorld()
    const bad = new Set(world.nearest(MULTIHASH).slice(0, 4))
    world.onSend = async ({ id }) => {
      if (bad.has(id)) {
        throw new Error('refused')
      }
    }
    const enough = await provide({ optimistic: true, minSuccesses: 16 })
    expect(enough.result?.stored).to.have.lengthOf.at.least(16)
    world.told.length = 0
    const { error } = await provide({ minSuccesses: 17 })
    expect(error).to.be.instanceOf(WriteError)
    expect(error.message).to.include('Only 16').and.to.include('17 should have')
    expect(error.result.failed).to.have.lengthOf(4)
  })

  async function failAtFirst (optimistic: boolean): Promise<void> {
    createWorld()
    world.onSend = async () => { throw new Error('refused') }
    const { error } = await provide({ optimistic })
    expect(error).to.be.instanceOf(WriteError)
    expect(error.name).to.equal('QueryError')
    expect(error.result.stored).to.deep.equal([])
    expect(world.providers.providing.status()).to.include({ keys: 1, neverAnnounced: 1 })
    world.onSend = () => {}
    await clock.tickAsync(5 * 60 * SECOND)
    expect(world.providers.providing.status()).to.include({ neverAnnounced: 0 })
    expect(world.holders(MULTIHASH)).to.have.members(world.nearest(MULTIHASH))
  }

  it('is an error when nobody has it, and is announced later all the same', async () => { await failAtFirst(false) })

  it('is an error when nobody has it where it is optimistic, too', async () => { await failAtFirst(true) })

  async function provideUnsure (networkSize: QueryManager['networkSize']): Promise<void> {
    createWorld({ networkSize })
    slowDown(5, 10 * SECOND)
    const { after, over } = await provide({ optimistic: true })
    expect(after).to.equal(over)
    expect(world.holders(MULTIHASH)).to.have.members(world.nearest(MULTIHASH))
  }

  it('is as usual, optimistic or not, where the size of the network is not known', async () => { await provideUnsure(undefined) })

  it('is as usual, optimistic or not, where the size of the network is uncertain', async () => { await provideUnsure({ peers: PEERS, error: 0.101 }) })

  it('ends at once when the caller has enough before there is a result, leaves nothing behind, and is announced later', async () => {
    for (const at of [5, 25, 45, 100]) {
      createWorld()
      world.onSend = async (_, { signal }) => new Promise((resolve, reject) => { signal?.addEventListener('abort', () => { reject(signal.reason) }) })
      const controller = new AbortController()
      const listeners = countListeners(controller.signal)
      setTimeout(() => { controller.abort(new Error('enough')) }, at)
      const { error, over } = await provide({ optimistic: true, signal: controller.signal }, SECOND)
      expect(error).to.have.property('message', 'enough')
      expect(over).to.equal(at)
      expect(listeners()).to.equal(0)
      expect(world.told).to.deep.equal([])
      world.onSend = () => {}
      await clock.tickAsync(3 * 60 * SECOND)
      expect(world.holders(MULTIHASH)).to.have.members(world.nearest(MULTIHASH))
      await world.providers.stop()
      expect(clock.countTimers()).to.equal(0)
    }
  })

  /** Gives it up as soon as the key is in the set, which the next batch is for. */
  function abortOnceAdded (): AbortSignal {
    const controller = new AbortController()
    const { datastore } = world
    const batch = datastore.batch.bind(datastore)

    datastore.batch = () => {
      datastore.batch = batch
      const { commit, ...changes } = batch()

      return {
        ...changes,
        commit: async () => {
          await commit()
          controller.abort(new Error('enough'))
        }
      }
    }

    return controller.signal
  }

  it('is not begun when the caller has enough while the key is looked for in the set', async () => {
    createWorld()
    await provide()
    world.told.length = 0
    expect((await provide({ signal: abortOnceAdded() })).error).to.have.property('message', 'enough')
    await clock.tickAsync(3 * 60 * SECOND)
    expect(world.told).to.deep.equal([])
  })

  it('is announced later when the caller has enough while the key is written down', async () => {
    createWorld()
    expect((await provide({ signal: abortOnceAdded() }, SECOND)).error).to.have.property('message', 'enough')
    expect(world.told).to.deep.equal([])
    await clock.tickAsync(3 * 60 * SECOND)
    expect(world.holders(MULTIHASH)).to.have.lengthOf(K)
  })

  it('is tried again when fewer than half of the nearest have it, though that is no error', async () => {
    createWorld()
    const nearest = new Set(world.nearest(MULTIHASH).slice(0, 3))
    world.onSend = async ({ id }) => {
      if (!nearest.has(id)) {
        throw new Error('refused')
      }
    }
    expect((await provide()).result?.stored).to.have.lengthOf(3)
    world.onSend = () => {}
    await clock.tickAsync(3 * 60 * SECOND)
    expect(world.holders(MULTIHASH)).to.have.lengthOf(K)
    expect(world.providers.providing.status()).to.include({ neverAnnounced: 0, due: 0 })
  })

  it('is written down whole when it was given up in the midst of that and is provided again', async () => {
    createWorld()
    await provide({ signal: abortOnceAdded(), useNetwork: false })
    await provide({ useNetwork: false })
    expect(await world.providers.find(MULTIHASH, { signal: new AbortController().signal, useNetwork: false })).to.have.lengthOf(1)
  })

  it('goes on when the caller has enough after there is a result, and does not listen to the caller any more', async () => {
    createWorld()
    slowDown(5, 5 * SECOND)
    const controller = new AbortController()
    const listeners = countListeners(controller.signal)
    setTimeout(() => {
      expect(listeners()).to.equal(0)
      controller.abort(new Error('enough'))
    }, 2 * SECOND)
    const { result, after, over } = await provide({ optimistic: true, signal: controller.signal })
    expect(result).to.be.an('object')
    expect(after).to.be.below(2 * SECOND)
    expect(over).to.be.at.least(5 * SECOND)
    expect(world.holders(MULTIHASH)).to.include.members(world.nearest(MULTIHASH))
  })

  it('is waited for when the node stops, five seconds at the most, and the rest is told meanwhile', async () => {
    createWorld()
    slowDown(3, 3 * SECOND)
    await provide({ optimistic: true }, SECOND)
    const before = world.holders(MULTIHASH).length
    const begun = Date.now()
    const stopped = Promise.all([world.providers.stop(), world.providers.drained()]).then(() => Date.now() - begun)
    await clock.tickAsync(10 * SECOND)
    expect(before).to.be.below(world.holders(MULTIHASH).length)
    expect(world.holders(MULTIHASH)).to.include.members(world.nearest(MULTIHASH))
    expect(await stopped).to.be.within(SECOND, 3 * SECOND)
    expect(clock.countTimers()).to.equal(0)
  })

  it('is given up when the node stops and it takes longer than five seconds: nothing of it is left', async () => {
    createWorld()
    let open = 0
    const mute = new Set(world.nearest(MULTIHASH).slice(-3))
    world.onSend = async ({ id }, { signal }) => {
      if (mute.has(id)) {
        open++
        await new Promise((resolve, reject) => {
          signal?.addEventListener('abort', () => {
            open--
            reject(signal.reason)
          })
        })
      }
    }
    await provide({ optimistic: true }, SECOND)
    expect(open).to.equal(3)
    const begun = Date.now()
    const stopped = Promise.all([world.providers.stop(), world.providers.drained()]).then(() => Date.now() - begun)
    await clock.tickAsync(10 * SECOND)
    expect(await stopped).to.equal(5 * SECOND)
    expect(open).to.equal(0)
    expect(clock.countTimers()).to.equal(0)
  })

  it('is remembered and not announced at once without the network, and announced when it can be', async () => {
    createWorld()
    const { result } = await provide({ useNetwork: false }, 0)
    expect(result).to.deep.equal({ stored: [], failed: [], messages: 0, hops: 0 })
    expect(world.told).to.deep.equal([])
    await clock.tickAsync(3 * 60 * SECOND)
    expect(world.holders(MULTIHASH)).to.have.members(world.nearest(MULTIHASH))
  })

  it('fails where this node has no address, says what to do, and is announced when it has one', async () => {
    createWorld()
    world.addresses = []
    const { error } = await provide({}, SECOND)
    expect(error.name).to.equal('QueryError')
    expect(error.message).to.include('no address').and.to.include('listen')
    await clock.tickAsync(HOUR)
    expect(world.told).to.deep.equal([])
    world.addresses = ['/ip4/1.2.3.4/tcp/4001']
    world.providers.announce()
    await clock.tickAsync(SECOND)
    expect(world.holders(MULTIHASH)).to.have.members(world.nearest(MULTIHASH))
  })

  it('tells of it again in the next cycle, however often it was provided, and not after it was cancelled', async () => {
    createWorld()

    for (let i = 0; i < 5; i++) {
      await provide()
    }

    world.told.length = 0
    await clock.tickAsync(3 * CYCLE)
    expect(world.announcements(MULTIHASH).length).to.be.within(2, 4)
    await world.providers.cancel(MULTIHASH)
    world.told.length = 0
    await clock.tickAsync(3 * CYCLE)
    expect(world.told).to.deep.equal([])
  })

  it('is not remembered when it is cancelled while it is announced', async () => {
    createWorld()
    world.onSend = async () => { await slow(SECOND) }
    setTimeout(() => { void world.providers.cancel(MULTIHASH) }, 500)
    const { result } = await provide()
    expect(result?.stored).to.have.lengthOf(20)
    world.told.length = 0
    await clock.tickAsync(2 * CYCLE)
    expect(world.told).to.deep.equal([])
    expect(world.providers.providing.status().keys).to.equal(0)
  })
})
