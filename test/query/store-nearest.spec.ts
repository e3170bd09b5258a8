import { expect } from 'aegir/chai'
import { keyOf } from '../../src/kademlia/key.ts'
import { storeNearest } from '../../src/query/store-nearest.ts'
import { WriteError } from '../../src/query/write-result.ts'
import { encodeRequest, MessageType } from '../../src/wire/message.ts'
import { toPeerId } from '../../src/wire/peer.ts'
import { bytes } from '../helpers/content.ts'
import { falseTime, SECOND } from '../helpers/false-time.ts'
import { sortedTruth } from '../helpers/peer-keys.ts'
import { ValueWorld } from '../helpers/value-world.ts'
import type { Contact } from '../../src/query/contact.ts'
import type { QueryManager } from '../../src/query/manager.ts'
import type { StoreOptions, Write } from '../../src/query/store-nearest.ts'
import type { WriteResult } from '../../src/query/write-result.ts'
import type { Clock } from '../helpers/false-time.ts'
import type { Holder, ValueWorldInit } from '../helpers/value-world.ts'

const KEY = bytes('/test/key')
const K = 4

describe('storing at the nearest', () => {
  let clock: Clock
  let sends: Array<{ to: Contact, at: number }>
  let onSend: (to: Contact, signal: AbortSignal) => Promise<void>

  beforeEach(() => {
    clock = falseTime()
    sends = []
    onSend = async () => {}
  })
  afterEach(() => { clock.restore() })

  const write: Write = {
    key: KEY,
    request: encodeRequest({ type: MessageType.PUT_VALUE, key: KEY }),
    send: async (to, { signal }) => {
      sends.push({ to, at: Date.now() })
      await onSend(to, signal)

      return undefined
    }
  }

  function createWorld (init: Partial<ValueWorldInit> = {}): ValueWorld {
    return new ValueWorld({ validators: { test: () => {} }, selectors: { test: () => 0 }, k: K, delay: 10, ...init })
  }

  /** As if the size of the network were that. */
  function knowing (queries: QueryManager, networkSize: QueryManager['networkSize']): QueryManager {
    return { k: queries.k, networkSize, run: queries.run.bind(queries) } as unknown as QueryManager
  }

  interface Done {
    result?: WriteResult
    error?: any
    took: number
  }

  async function store (queries: QueryManager, options: Partial<StoreOptions> = {}, within = 60 * SECOND): Promise<Done> {
    const begun = Date.now()
    const took = (): number => Date.now() - begun
    const done: Promise<Done> = storeNearest(queries, write, { signal: new AbortController().signal, ...options })
      .then(result => ({ result, took: took() }), error => ({ error, took: took() }))
    await clock.tickAsync(within)

    return done
  }

  function ids (holders: Holder[]): string[] {
    return holders.map(({ contact }) => toPeerId(contact).toString())
  }

  it('gives it to the nearest k and to nobody else, to each once, and lists them nearest first', async () => {
    const world = createWorld()
    // the nearest is the last to take it
    onSend = async to => {
      if (to.id === world.nearest(KEY)[0].contact.id) {
        await new Promise(resolve => { setTimeout(resolve, 500) })
      }
    }
    const { result } = await store(world.queries)

    expect(result?.stored.map(String)).to.deep.equal(ids(world.nearest(KEY)))
    expect(result?.failed).to.deep.equal([])
    expect(sends).to.have.lengthOf(K)
    expect(new Set(sends.map(({ to }) => to.id))).to.have.property('size', K)
    expect(result?.messages).to.equal(world.sent.length + K)
  })

  it('has given it to those that are settled while one that is farther away still makes it wait', async () => {
    const world = createWorld()
    const [, , , last] = world.nearest(KEY)
    last.delay = 300
    const { result, took } = await store(world.queries)

    expect(took).to.be.at.least(600)
    expect(result?.stored).to.have.lengthOf(K)
    sends.filter(({ to }) => to.id !== last.contact.id).forEach(({ at }) => { expect(at - sends[0].at).to.be.below(300) })
  })

  it('gives it to nobody of whom it is not clear yet that it is one of the nearest', async () => {
    const world = createWorld()
    const [nearest] = world.nearest(KEY)
    nearest.delay = 200
    await store(world.queries)
    const answered = sends[0].at

    // while the nearest has not answered, it may name a nearer one
    expect(sends.map(({ at }) => at - answered)).to.satisfy((after: number[]) => after.every(ms => ms >= 0))
    expect(sends.some(({ to }) => to.id === nearest.contact.id)).to.equal(true)
    expect(sends).to.have.lengthOf(K)
  })

  it('says who did not take it and why, and is content with one that did', async () => {
    const world = createWorld()
    const [first, second, ...others] = world.nearest(KEY)
    onSend = async to => {
      if (to.id !== second.contact.id) {
        throw new Error(to.id === first.contact.id ? 'full' : 'broken')
      }
    }
    const { result } = await store(world.queries)

    expect(result?.stored.map(String)).to.deep.equal(ids([second]))
    expect(result?.failed.map(({ peer, error }) => `${peer} ${error.message}`)).to.deep.equal([`${ids([first])} full`, ...ids(others).map(id => `${id} broken`)])
  })

  it('is an error with all reasons when fewer took it than should have', async () => {
    const world = createWorld()
    const [first] = world.nearest(KEY)
    onSend = async to => {
      if (to.id !== first.contact.id) {
        throw new Error(`refused by ${to.id.length > 0 ? 'it' : ''}`)
      }
    }
    const { error } = await store(world.queries, { minSuccesses: 2 })

    expect(error).to.be.instanceOf(WriteError)
    expect(error.name).to.equal('QueryError')
    expect(error.message).to.include('Only 1 of the 4 nearest peers took it, and 2 should have')
    expect(error.result.stored.map(String)).to.deep.equal(ids([first]))
    expect(error.result.failed).to.have.lengthOf(3)
    error.result.failed.forEach(({ error: reason }: WriteResult['failed'][0]) => { expect(error.message).to.include(reason.message) })
  })

  it('gives no reason where all took it that there are', async () => {
    onSend = async () => {}
    const { error } = await store(createWorld().queries, { minSuccesses: 99 })

    expect(error.message).to.match(/and 99 should have$/)
  })

  it('says that none took it when none did', async () => {
    const world = createWorld()
    onSend = async () => { throw new Error('no') }
    const { error } = await store(world.queries)

    expect(error.message).to.include('None of the 4 nearest peers took it: ')
    expect(error.result.stored).to.deep.equal([])
  })

  for (const when of ['looks', 'stores'] as const) {
    it(`is ended by the signal while it ${when}, and leaves nothing behind`, async () => { await endWhileIt(when) })
  }

  async function endWhileIt (when: 'looks' | 'stores'): Promise<void> {
    const world = createWorld()
    const controller = new AbortController()
    let ended = 0
    onSend = async (to, signal) => new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => {
        ended++
        reject(signal.reason)
      })
    })
    setTimeout(() => { controller.abort(new Error('enough')) }, when === 'looks' ? 15 : 1_000)
    const { error, took } = await store(world.queries, { signal: controller.signal })

    expect(error).to.have.property('message', 'enough')
    expect(took).to.be.at.most(1_000)
    expect(ended).to.equal(sends.length)
    expect(when === 'looks' || sends.length === K).to.equal(true)
    expect(clock.countTimers()).to.equal(0)
  }

  it('does not believe that it was stored when it was ended just when the last one took it', async () => {
    const world = createWorld()
    const controller = new AbortController()
    onSend = async () => {
      if (sends.length === K) {
        controller.abort(new Error('enough'))
      }
    }
    const { error } = await store(world.queries, { signal: controller.signal })

    expect(error).to.have.property('message', 'enough')
  })

  describe('optimistically', () => {
    const PEERS = 400

    /** The truth about the size. */
    const EXACT = { peers: PEERS, error: 0.05 }

    function createLarge (): ValueWorld {
      return createWorld({ peers: PEERS, k: 20 })
    }

    it('has its result when three quarters took it, and goes on to give it to the rest', async () => {
      const world = createLarge()
      const settled: Array<{ stored: number, at: number }> = []
      const slow = new Set(world.nearest(KEY, 20).slice(-5).map(({ contact }) => contact.id))
      onSend = async to => { await new Promise(resolve => { setTimeout(resolve, slow.has(to.id) ? 5 * SECOND : 20) }) }
      const { result, took } = await store(knowing(world.queries, EXACT), {
        optimistic: true,
        settle: ({ stored }) => { settled.push({ stored: stored.length, at: Date.now() }) }
      })

      expect(settled[0].stored).to.equal(15)
      expect(settled[0].at - sends[0].at).to.be.below(SECOND)
      expect(took).to.be.at.least(5 * SECOND)
      expect(result?.stored.length).to.be.at.least(20)
      expect(sends.filter(({ to }) => slow.has(to.id)).length).to.be.at.least(4)
    })

    it('gives it to no peer twice, and lists who has it nearest first', async () => {
      const world = createLarge()
      const { result } = await store(knowing(world.queries, EXACT), { optimistic: true })
      const order = ids(sortedTruth(world.holders.map(({ contact }) => contact), keyOf(KEY)).map(({ id }) => world.holderOf(id)))

      expect(new Set(sends.map(({ to }) => to.id))).to.have.property('size', sends.length)
      expect(result?.stored.map(peer => order.indexOf(peer.toString()))).to.satisfy((places: number[]) => places.every((place, i) => i === 0 || place > places[i - 1]))
    })

    it('begins to store before the nearest are settled', async () => {
      const [nearest] = createLarge().nearest(KEY)
      const firsts = []

      for (const optimistic of [false, true]) {
        const world = createLarge()
        sends = []
        world.holderOf(nearest.contact.id).delay = 400
        const begun = Date.now()
        await store(knowing(world.queries, EXACT), { optimistic })
        firsts.push(sends[0].at - begun)
      }

      expect(firsts[1]).to.be.below(firsts[0])
    })

    it('waits for as many as the caller wants, if that is more than three quarters', async () => {
      const world = createLarge()
      const settled: number[] = []
      onSend = async () => { await new Promise(resolve => { setTimeout(resolve, 10 * sends.length) }) }
      await store(knowing(world.queries, EXACT), { optimistic: true, minSuccesses: 18, settle: ({ stored }) => { settled.push(stored.length) } })

      expect(settled[0]).to.equal(18)
    })

    it('asks hardly more than it takes to hear of the nearest, and waits for none of them', async () => {
      const usual = await store(createLarge().queries)
      sends = []
      const { result } = await store(knowing(createLarge().queries, EXACT), { optimistic: true })

      expect(result?.stored).to.have.lengthOf(20)
      expect(result?.messages).to.be.below(0.8 * (usual.result?.messages ?? 0))
    })

    it('gives it to another in place of each that does not take it', async () => {
      const world = createLarge()
      const full = new Set(world.nearest(KEY, 20).filter((_, i) => i % 5 === 0).map(({ contact }) => contact.id))
      onSend = async to => {
        if (full.has(to.id)) {
          await new Promise(resolve => { setTimeout(resolve, 500) })
          throw new Error('full')
        }
      }
      const { result } = await store(knowing(world.queries, EXACT), { optimistic: true })

      expect(result?.stored).to.have.lengthOf(20)
      expect(result?.failed.length).to.be.within(1, full.size)
    })

    it('looks for all of the nearest after all when a quarter of those that it was sure of does not take it', async () => {
      const world = createLarge()
      const full = new Set(world.nearest(KEY, 40).filter((_, i) => i % 2 === 0).map(({ contact }) => contact.id))
      onSend = async to => {
        if (full.has(to.id)) {
          await new Promise(resolve => { setTimeout(resolve, 500) })
          throw new Error('full')
        }
      }
      const { result } = await store(knowing(world.queries, EXACT), { optimistic: true })
      const stored = new Set(result?.stored.map(String))

      expect(ids(world.nearest(KEY, 20).filter(({ contact }) => !full.has(contact.id))).every(id => stored.has(id))).to.equal(true)
      expect(result?.messages).to.be.above(40)
    })

    it('goes through the region as well where that is wanted', async () => {
      const world = createLarge()
      const { result } = await store(knowing(world.queries, { peers: PEERS / 2, error: 0.05 }), { optimistic: true, region: 'on' })

      // twice as many as were expected are there
      expect(result?.stored.length).to.be.above(30)
    })

    it('has no early result when fewer took it, and says so in the end', async () => {
      const world = createLarge()
      let settled = 0
      onSend = async () => { throw new Error('full') }
      const { error } = await store(knowing(world.queries, EXACT), { optimistic: true, settle: () => { settled++ } })

      expect(settled).to.equal(0)
      expect(error).to.be.instanceOf(WriteError)
    })

    for (const [what, size] of [['is not known', undefined], ['is not sure', { peers: PEERS, error: 0.11 }]] as const) {
      it(`is a usual write when the size of the network ${what}`, async () => {
        const world = createLarge()
        let settled = 0
        const { result } = await store(knowing(world.queries, size), { optimistic: true, settle: () => { settled++ } })

        expect(settled).to.equal(0)
        expect(result?.stored.map(String)).to.deep.equal(ids(world.nearest(KEY, 20)))
      })
    }

    it('is ended by the signal after its result, too', async () => {
      const world = createLarge()
      const controller = new AbortController()
      let open = 0
      onSend = async (to, signal) => {
        if (sends.length > 16) {
          open++
          await new Promise((resolve, reject) => { signal.addEventListener('abort', () => { open--; reject(signal.reason) }) })
        }
      }
      const { error } = await store(knowing(world.queries, EXACT), {
        optimistic: true,
        signal: controller.signal,
        settle: () => { setTimeout(() => { controller.abort(new Error('enough')) }, SECOND) }
      })

      expect(error).to.have.property('message', 'enough')
      expect(open).to.equal(0)
    })
  })
})
