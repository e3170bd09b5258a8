// Finding providers where this node's own datastore fails, is slow, or does not answer.

import { expect } from 'aegir/chai'
import { findProviders } from '../../src/providers/find-providers.ts'
import { passthroughMapper } from '../../src/wire/address-mappers.ts'
import { encodePeer, idOf, toPeerId } from '../../src/wire/peer.ts'
import { contact } from '../helpers/contacts.ts'
import { bytes } from '../helpers/content.ts'
import { falseTime, MINUTE, SECOND, START } from '../helpers/false-time.ts'
import { announce, createStore } from '../helpers/stored-providers.ts'
import { WatchedDatastore } from '../helpers/stored-records.ts'
import { ValueWorld } from '../helpers/value-world.ts'
import type { ProviderSearch } from '../../src/providers/find-providers.ts'
import type { Clock } from '../helpers/false-time.ts'

const KEY = bytes('content')
const REMOTE = contact(1_001, '/ip4/1.2.3.4/tcp/4001')
/** of which only this node knows */
const LOCAL = 50

describe('finding providers with a datastore', () => {
  let clock: Clock
  let datastore: WatchedDatastore

  beforeEach(() => {
    clock = falseTime()
    datastore = new WatchedDatastore()
  })

  afterEach(() => { clock.restore() })

  interface Outcome {
    found?: string[]
    error?: Error
    /** ms; undefined while it has not ended */
    took?: number
  }

  /** What has come of it after a minute. */
  async function find (options: Partial<ProviderSearch> = {}): Promise<Outcome> {
    const world = new ValueWorld({ validators: {}, selectors: {}, k: 4, delay: 10 })
    world.holders.forEach(holder => { holder.answer = () => ({ providers: [encodePeer(REMOTE.multihash, REMOTE.addrs)] }) })
    const outcome: Outcome = {}

    void findProviders(KEY, {
      queries: world.queries,
      store: createStore(datastore),
      self: toPeerId(world.self),
      contact: () => contact(0, '/ip4/9.9.9.9/tcp/1'),
      toPeerId,
      region: 'off',
      request: async () => { throw new Error('nobody is asked beside the lookup') },
      mapper: passthroughMapper,
      maxFound: 1_000,
      known: async id => ({ id, multiaddrs: [] }),
      findPeer: async () => { throw new Error('nobody is found') },
      roundTrip: () => undefined,
      measure: async () => { throw new Error('it does not answer') }
    }, { signal: new AbortController().signal, ...options }).then(found => {
      outcome.found = found.map(({ id }) => idOf(id.toMultihash().bytes))
    }, error => {
      outcome.error = error
    }).finally(() => {
      outcome.took = Date.now() - START
    })
    await clock.tickAsync(MINUTE)

    return outcome
  }

  /** Is given up after so long. */
  function givenUpAfter (ms: number): { signal: AbortSignal, reason: Error } {
    const controller = new AbortController()
    const reason = new Error('it took too long')
    setTimeout(() => { controller.abort(reason) }, ms)

    return { signal: controller.signal, reason }
  }

  it('that works tells of those this node knows and of those that others know', async () => {
    await announce(createStore(datastore), LOCAL, KEY)

    expect((await find()).found).to.have.members([contact(LOCAL).id, REMOTE.id])
  })

  it('that fails goes on with those that others know', async () => {
    datastore.before = () => { throw new Error('i/o error') }
    const { found, error } = await find()

    expect(error).to.equal(undefined)
    expect(found).to.deep.equal([REMOTE.id])
  })

  it('that fails is an error of its own when nobody else is to be asked', async () => {
    datastore.before = () => { throw new Error('i/o error') }
    const { found, error } = await find({ useNetwork: false })

    expect(found).to.equal(undefined)
    expect(error?.message).to.equal('i/o error')
  })

  it('that is slow waits for it', async () => {
    await announce(createStore(datastore), LOCAL, KEY)
    datastore.before = async () => new Promise(resolve => { setTimeout(resolve, 3 * SECOND) })

    expect((await find()).found).to.have.members([contact(LOCAL).id, REMOTE.id])
  })

  async function expectGivenUp (useNetwork: boolean): Promise<void> {
    datastore.before = async () => new Promise<void>(() => {})
    const { signal, reason } = givenUpAfter(200)

    expect(await find({ signal, useNetwork })).to.deep.equal({ error: reason, took: 200 })
  }

  it('that does not answer ends when it is given up', async () => expectGivenUp(true))

  it('that does not answer ends when it is given up, too, where nobody else is to be asked', async () => expectGivenUp(false))
})
