import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { findProviders } from '../../src/providers/find-providers.ts'
import { QueryEvents } from '../../src/query/query-events.ts'
import { sleep } from '../../src/query/sleep.ts'
import { passthroughMapper } from '../../src/wire/address-mappers.ts'
import { encodePeer, idOf, toPeerId, toPeerInfo } from '../../src/wire/peer.ts'
import { contact } from '../helpers/contacts.ts'
import { bytes } from '../helpers/content.ts'
import { countListeners } from '../helpers/count-listeners.ts'
import { falseTime, SECOND } from '../helpers/false-time.ts'
import { checkAsync } from '../helpers/random.ts'
import { ValueWorld } from '../helpers/value-world.ts'
import type { FindProvidersNeeds, ProviderSearch } from '../../src/providers/find-providers.ts'
import type { Contact } from '../../src/query/contact.ts'
import type { ProviderEvent } from '../../src/query/events.ts'
import type { Clock } from '../helpers/false-time.ts'
import type { PeerId, PeerInfo } from '@libp2p/interface'

const KEY = bytes('content')
const K = 4
const ADDRESS = '/ip4/1.2.3.4/tcp/4001'

/** Providers have numbers of their own. */
function provider (i: number, ...addrs: string[]): Contact {
  return contact(1_000 + i, ...addrs)
}

function providers (count: number, first = 0): Contact[] {
  return Array.from({ length: count }, (_, i) => provider(first + i, ADDRESS))
}

describe('finding providers', () => {
  let clock: Clock

  beforeEach(() => { clock = falseTime() })
  afterEach(() => { clock.restore() })

  interface World {
    world: ValueWorld
    /** what this node holds */
    held: Contact[]
    /** what the peer store knows */
    stored: Contact[]
    /** whom a lookup finds, and after what time, ms; nobody else is found */
    findable: Map<string, { peer: Contact, after: number }>
    /** whom lookups went for */
    looked: string[]
    /** lookups under way */
    looking: number
    needs: FindProvidersNeeds
    limits: number
    roundTrips: Map<string, number>
    /** the nth nearest holder names these */
    names (nth: number, named: Contact[], delay?: number): void
  }

  function createWorld (maxFound = 1_000): World {
    const world = new ValueWorld({ validators: {}, selectors: {}, k: K, delay: 10 })
    const infoOf = (found: Contact | undefined, id: PeerId): PeerInfo => found == null ? { id, multiaddrs: [] } : toPeerInfo(found, passthroughMapper)
    const nameOf = (id: PeerId): string => idOf(id.toMultihash().bytes)
    const result: World = {
      world,
      held: [],
      stored: [],
      findable: new Map(),
      looked: [],
      looking: 0,
      limits: 0,
      roundTrips: new Map(),
      names: (nth, named, delay = 10) => {
        const holder = world.nearest(KEY)[nth]
        holder.delay = delay
        holder.answer = () => ({ providers: named.map(({ multihash, addrs }) => encodePeer(multihash, addrs)) })
      },
      needs: {
        queries: world.queries,
        store: { get: async () => result.held.map(contact => ({ contact, announcedAt: 0 })) },
        self: toPeerId(world.self),
        contact: () => contact(0, '/ip4/9.9.9.9/tcp/1'),
        toPeerId,
        // the region is searched on real nodes, and in the simulator
        region: 'off',
        request: async () => { throw new Error('nobody is asked beside the lookup') },
        mapper: passthroughMapper,
        maxFound,
        known: async id => infoOf(result.stored.find(known => known.id === nameOf(id)), id),
        findPeer: async (id, { signal }) => {
          const { peer, after } = result.findable.get(nameOf(id)) ?? { after: 100_000_000 }
          result.looked.push(nameOf(id))
          result.looking++

          try {
            await sleep(after, signal)

            return infoOf(peer, id)
          } finally {
            result.looking--
          }
        },
        roundTrip: ({ id }) => result.roundTrips.get(id),
        measure: async () => { throw new Error('it does not answer') },
        onIncomplete: () => { result.limits++ }
      }
    }

    return result
  }

  interface Done {
    /** the names of those returned */
    found?: string[]
    error?: any
    /** names of those told, in order, those of one event together */
    told: string[][]
    /** when each event came, ms after the start */
    at: number[]
    took: number
    messages: number
  }

  async function find ({ world, needs }: World, options: Partial<ProviderSearch> = {}, within = 60 * SECOND): Promise<Done> {
    const begun = Date.now()
    const before = world.sent.length
    const done: Done = { told: [], at: [], took: 0, messages: 0 }
    const onProviders = ({ providers }: ProviderEvent): void => {
      done.told.push(providers.map(({ id }) => idOf(id.toMultihash().bytes)))
      done.at.push(Date.now() - begun)
    }
    const events = new QueryEvents(event => {
      if (event.name === 'PROVIDER') {
        onProviders(event)
      }
    }, passthroughMapper)
    const search = findProviders(KEY, needs, { signal: new AbortController().signal, events, ...options }).then(found => {
      done.found = found.map(({ id }) => idOf(id.toMultihash().bytes))
    }, error => {
      done.error = error
    }).finally(() => {
      done.took = Date.now() - begun
      done.messages = world.sent.length - before
    })
    await clock.tickAsync(within)
    await search

    return done
  }

  function ids (contacts: Contact[]): string[] {
    return contacts.map(({ id }) => id)
  }

  it('tells of those that this node knows first, then of others as they are named, each once', async () => {
    const test = createWorld()
    const [a, b, c] = providers(3)
    test.held = [a]
    test.names(0, [a, b], 10)
    test.names(1, [b, c], 50)
    const { found, told, at } = await find(test)

    expect(found).to.deep.equal(ids([a, b, c]))
    expect(told).to.deep.equal([[a.id], [b.id], [c.id]])
    expect(at[0]).to.equal(0)
  })

  it('tells again of one that further addresses are heard of, and returns it once with all of them', async () => {
    const test = createWorld()
    test.names(0, [provider(0, ADDRESS)], 10)
    test.names(1, [provider(0, '/ip4/5.6.7.8/tcp/1')], 50)
    const { found, told } = await find(test)

    expect(told).to.deep.equal([[provider(0).id], [provider(0).id]])
    expect(found).to.deep.equal([provider(0).id])
  })

  it('returns those that most have named, and hears all of the nearest for that: one liar, however fast and however much it names, is outvoted', async () => {
    const test = createWorld()
    const [honest, other] = providers(2)
    test.names(0, providers(50, 100), 1)
    test.names(1, [other, honest], 100)
    test.names(2, [honest, other], 200)
    test.names(3, [honest], 300)
    const { found, told } = await find(test, { count: 2 })

    expect(found).to.deep.equal(ids([honest, other]))
    // whoever listens hears of all
    expect(told.flat()).to.have.lengthOf(52)
    expect(test.world.sentOf('GET_PROVIDERS').map(({ to }) => to.id)).to.include.members(test.world.nearest(KEY).map(({ contact }) => contact.id))
  })

  it('returns for any replies those named by most, the earliest first of as many, this node\'s own word counting as one', async () => {
    await checkAsync(fc.asyncProperty(
      fc.array(fc.uniqueArray(fc.nat({ max: 7 }), { maxLength: 8 }), { minLength: K + 1, maxLength: K + 1 }),
      fc.integer({ min: 1, max: 8 }),
      async ([own, ...replies], count) => {
        const test = createWorld()
        test.held = own.map(i => provider(i, ADDRESS))
        // one after the other, in an order that the test knows
        replies.forEach((names, nth) => { test.names(nth, names.map(i => provider(i, ADDRESS)), 10 * (nth + 1)) })
        const { found, told } = await find(test, { count }, SECOND)
        const order = told.flat()
        const witnesses = (id: string): number => [own, ...replies].filter(names => names.some(i => provider(i).id === id)).length

        expect(new Set(order).size).to.equal(order.length)
        expect(found).to.deep.equal([...order].sort((a, b) => witnesses(b) - witnesses(a)).slice(0, count))
      }
    ), 40)
  })

  it('ends at the first provider when it is to be fast, and has asked fewer for it', async () => {
    const test = createWorld()
    test.names(0, [provider(0, ADDRESS)], 10)
    test.names(3, [provider(1, ADDRESS)], 300)
    const fast = await find(test, { fast: true })
    const all = await find(test)

    expect(fast.found).to.deep.equal([provider(0).id])
    expect(fast.took).to.be.below(600)
    expect(fast.messages).to.be.below(all.messages)
    expect(all.found).to.deep.equal(ids(providers(2)))
  })

  it('ends, when it is to be fast, at so many that are not the same one', async () => {
    const test = createWorld()
    const [a, b, c] = providers(3)
    test.names(0, [a, a, a], 10)
    test.names(1, [a], 20)
    test.names(2, [b], 100)
    test.names(3, [c], 2_000)
    const { found, took } = await find(test, { fast: true, count: 2 })

    expect(found).to.deep.equal(ids([a, b]))
    expect(took).to.be.below(2_000)
  })

  it('asks nobody when it is to be fast and this node knows enough itself', async () => {
    const test = createWorld()
    test.held = [provider(0, ADDRESS), provider(1)]
    test.stored = [provider(1, ADDRESS)]

    expect(await find(test, { fast: true, count: 2 })).to.deep.include({ found: ids(providers(2)), took: 0, messages: 0 })
    expect((await find(test, { fast: true, count: 3 })).messages).to.be.above(0)
    expect((await find(test, { count: 2 })).messages).to.be.above(0)
  })

  it('looks for the addresses of one that came without any, in the peer store first, and tells of it when it has them', async () => {
    const test = createWorld()
    const [known, findable, unknown] = [provider(0), provider(1), provider(2)]
    test.stored = [provider(0, ADDRESS)]
    test.findable.set(findable.id, { peer: provider(1, ADDRESS), after: 300 })
    test.names(0, [known, findable, unknown])
    const { found, told, at, took } = await find(test)

    expect(found).to.deep.equal(ids([known, findable]))
    expect(told).to.deep.equal([[known.id], [findable.id]])
    expect(at[1] - at[0]).to.equal(300)
    expect(test.looked).to.deep.equal(ids([findable, unknown]))
    // nobody knows where the last one is, and that is waited for no longer than five seconds after the last answer
    expect(took).to.be.below(6 * SECOND)
    expect(test.looking).to.equal(0)
  })

  it('does not use what this node knows when that is not wanted', async () => {
    const test = createWorld()
    test.held = [provider(5, ADDRESS)]
    test.stored = [provider(0, ADDRESS)]
    test.findable.set(provider(0).id, { peer: provider(0, ADDRESS), after: 100 })
    test.names(0, [provider(0)])
    const { found } = await find(test, { useCache: false })

    expect(found).to.deep.equal([provider(0).id])
    expect(test.looked).to.deep.equal([provider(0).id])
  })

  it('ends, when it is to be fast, as soon as the addresses of the last one are there, though others are still asked', async () => {
    const test = createWorld()
    test.findable.set(provider(0).id, { peer: provider(0, ADDRESS), after: 200 })
    test.names(0, [provider(0), provider(1)], 10)
    test.names(3, [provider(2, ADDRESS)], 4_000)
    const { found, error, took } = await find(test, { fast: true })

    expect(error).to.equal(undefined)
    expect(found).to.deep.equal([provider(0).id])
    expect(took).to.be.below(1_000)
    expect(test.looking).to.equal(0)
  })

  it('gives up looking for one that another holder names with addresses', async () => {
    const test = createWorld()
    test.names(0, [provider(0)], 10)
    test.names(1, [provider(0, ADDRESS)], 100)
    const { found, told, took } = await find(test)

    expect(found).to.deep.equal([provider(0).id])
    expect(told).to.deep.equal([[provider(0).id]])
    expect(test.looking).to.equal(0)
    expect(took).to.be.below(SECOND)
  })

  it('looks for twenty at the most, and says when that was not all', async () => {
    const test = createWorld()
    test.names(0, Array.from({ length: 30 }, (_, i) => provider(i)))
    Array.from({ length: 30 }, (_, i) => test.findable.set(provider(i).id, { peer: provider(i, ADDRESS), after: 10 }))
    const { found } = await find(test)

    expect(found).to.have.lengthOf(20)
    expect(test.looked).to.have.lengthOf(20)
    expect(test.limits).to.equal(1)
  })

  it('names this node with its own addresses, whatever others say, and looks for none', async () => {
    const test = createWorld()
    test.held = [contact(0)]
    test.names(0, [contact(0, ADDRESS)])
    const found = await findWith(test)

    expect(found.map(({ multiaddrs }) => multiaddrs.map(String))).to.deep.equal([['/ip4/9.9.9.9/tcp/1']])
    expect(test.looked).to.deep.equal([])
  })

  it('says of what this node holds also who has no addresses, when the network is not to be used', async () => {
    const test = createWorld()
    test.held = [provider(0), provider(1, ADDRESS), provider(2)]
    test.stored = [provider(2, ADDRESS)]
    const { found, told, messages } = await find(test, { useNetwork: false })

    expect(found).to.deep.equal(ids([provider(1), provider(2), provider(0)]))
    expect(told.flat()).to.deep.equal(found)
    expect(messages).to.equal(0)
    expect(test.looked).to.deep.equal([])
  })

  it('tells what this node holds as its own reply, as those of others are told', async () => {
    const test = createWorld()
    const [a, b] = providers(2)
    test.held = [a]
    test.names(0, [b])
    const replies: string[][] = []
    const events = new QueryEvents(event => {
      if (event.name === 'PEER_RESPONSE') {
        replies.push([idOf(event.from.toMultihash().bytes), ...event.providers.map(({ id }) => idOf(id.toMultihash().bytes))])
      }
    }, passthroughMapper)
    await find(test, { events })

    expect(replies[0]).to.deep.equal([test.world.self.id, a.id])
    expect(replies.slice(1).flatMap(([, ...named]) => named)).to.deep.equal([b.id])
  })

  it('takes no more than a tenth of all from one peer', async () => {
    const test = createWorld(50)
    test.names(0, providers(40, 100))
    test.names(1, [provider(0, ADDRESS)], 500)
    const { found } = await find(test)

    expect(found).to.have.lengthOf(6)
    expect(found).to.include(provider(0).id)
  })

  it('is content with what this node knows when there is nobody to ask, and else says so', async () => {
    const test = createWorld()
    test.world.holders.splice(0)
    test.held = [provider(0, ADDRESS), provider(1)]
    expect((await find(test)).found).to.deep.equal([provider(0).id])
    expect(test.looking).to.equal(0)

    test.held = [provider(1)]
    expect((await find(test)).error).to.have.property('name', 'NoPeersError')
    expect(test.looking).to.equal(0)
  })

  it('tells and returns them nearest first, and when that is preferred not before the end', async () => {
    const test = createWorld()
    const [far, near, nearest, unknown] = providers(4)
    test.held = [far]
    test.names(0, [unknown, near], 10)
    test.names(1, [nearest, unknown, contact(0)], 300)
    test.roundTrips = new Map([[far.id, 200], [near.id, 20], [nearest.id, 2]])
    const expected = [contact(0), nearest, near, far, unknown]
    const { found, told, at, took } = await find(test, { prefer: 'nearest' })

    expect(found).to.deep.equal(ids(expected))
    expect(told).to.deep.equal(expected.map(({ id }) => [id]))
    expect(at.every(ms => ms === took)).to.equal(true)

    const cut = await find(test, { prefer: 'nearest', count: 2 })
    expect(cut.found).to.deep.equal(ids(expected.slice(0, 2)))
    expect(cut.told.flat()).to.deep.equal(cut.found)
  })

  it('ends with its signal at any time, and leaves no listener, no timer and no lookup', async () => {
    await checkAsync(fc.asyncProperty(fc.nat({ max: 6_000 }), fc.boolean(), async (after, nearest) => {
      const test = createWorld()
      const controller = new AbortController()
      const listeners = countListeners(controller.signal)
      test.names(0, [provider(0), provider(1, ADDRESS)], 200)
      test.needs.measure = async (peer, signal) => new Promise((resolve, reject) => { signal.addEventListener('abort', () => { reject(signal.reason) }) })
      setTimeout(() => { controller.abort(new Error('enough')) }, after)
      const { error, found, took } = await find(test, { signal: controller.signal, prefer: nearest ? 'nearest' : undefined })

      if (took < after) {
        expect(found).to.deep.equal([provider(1).id])
      } else {
        expect(error).to.have.property('message', 'enough')
        expect(took).to.equal(after)
      }

      expect({ looking: test.looking, listeners: listeners(), timers: clock.countTimers() }).to.deep.equal({ looking: 0, listeners: 0, timers: 0 })
    }), 30)
  })

  const wrong: Array<[Record<string, unknown>, RegExp]> = [
    [{ count: 0 }, /count takes a whole number from 1, not 0/],
    [{ count: 1.5 }, /count takes a whole number from 1, not 1.5/],
    [{ count: '3' }, /count takes a whole number from 1, not 3/],
    [{ fast: 'yes' }, /fast takes true or false, not yes/],
    [{ prefer: 'farthest' }, /prefer takes 'nearest', not farthest/]
  ]

  for (const [options, message] of wrong) {
    it(`refuses ${JSON.stringify(options)}, asks nobody, and says what would be right`, async () => {
      const { error, messages } = await find(createWorld(), options as Partial<ProviderSearch>)

      expect(error).to.have.property('name', 'InvalidParametersError')
      expect(error.message).to.match(message)
      expect(messages).to.equal(0)
    })
  }

  async function findWith ({ needs }: World): Promise<PeerInfo[]> {
    const found = findProviders(KEY, needs, { signal: new AbortController().signal })
    await clock.tickAsync(10 * SECOND)

    return found
  }
})
