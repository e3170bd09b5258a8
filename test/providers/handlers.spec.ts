import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'aegir/chai'
import { MemoryDatastore } from 'datastore-core'
import Sinon from 'sinon'
import { addProviderHandler, getProvidersHandler } from '../../src/providers/handlers.ts'
import { ProviderStore } from '../../src/providers/store/provider-store.ts'
import { MessageType } from '../../src/wire/message.ts'
import { encodePeer } from '../../src/wire/peer.ts'
import { address, contact } from '../helpers/contacts.ts'
import { bytes } from '../helpers/content.ts'
import type { PeerInfoMapper } from '../../src/wire/peer.ts'
import type { Reply, RequestHandler } from '../../src/wire/server.ts'
import type { Multiaddr } from '@multiformats/multiaddr'

const KEY = bytes('content')
const ADDRESS = bytes('address')

const REQUEST = { type: MessageType.GET_PROVIDERS, key: KEY, closer: [], providers: [] }

describe('a request for providers', () => {
  let store: ProviderStore

  beforeEach(() => {
    store = new ProviderStore(new MemoryDatastore(), contact(0), {
      prefix: '/dht/provider', validity: 1_000, addressValidity: 500, maxProvidersPerKey: 10, maxRecords: 10, cacheSize: 10
    })
  })

  async function ask (known: Record<string, Uint8Array> = {}, self?: Uint8Array, random = 0.999): Promise<Reply> {
    const handle = getProvidersHandler({
      store,
      mapper: peer => peer,
      self: contact(0).id,
      encodedSelf: () => self,
      encoded: id => known[id],
      closerPeers: (_, requester) => requester === contact(9).id ? [bytes('closer')] : [],
      random: () => random
    })

    return await handle(REQUEST, contact(9)) as Reply
  }

  async function announce (i: number, ...addrs: Uint8Array[]): Promise<void> {
    await store.add(KEY, { contact: { ...contact(i), addrs }, announcedAt: Date.now() })
  }

  it('is answered with providers as they announced themselves, and with closer peers', async () => {
    await announce(1, ADDRESS)
    await announce(2, ADDRESS, bytes('another'))

    expect(await ask()).to.deep.equal({
      providers: [encodePeer(contact(1).multihash, [ADDRESS]), encodePeer(contact(2).multihash, [ADDRESS, bytes('another')])],
      closer: [bytes('closer')]
    })
  })

  it('is answered with what else is known of a provider that was stored without addresses', async () => {
    await announce(1)
    await announce(2)

    expect((await ask({ [contact(1).id]: bytes('known') })).providers).to.deep.equal([bytes('known'), encodePeer(contact(2).multihash, [])])
  })

  it('is answered with what else is known of a provider whose addresses hold no more', async () => {
    const clock = Sinon.useFakeTimers({ now: 1_700_000_000_000, toFake: ['Date'] })
    await announce(1, ADDRESS)
    await announce(2, ADDRESS)
    clock.tick(500)
    const { providers } = await ask({ [contact(1).id]: bytes('known') })
    clock.restore()

    expect(providers).to.deep.equal([bytes('known'), encodePeer(contact(2).multihash, [])])
  })

  it('is answered with the addresses that this node has now', async () => {
    await announce(0)

    expect((await ask({}, bytes('self'))).providers).to.deep.equal([bytes('self')])
    expect((await ask()).providers).to.deep.equal([encodePeer(contact(0).multihash, [])])
  })

  it('is answered in an order of chance, each provider once', async () => {
    for (let i = 1; i < 4; i++) {
      await announce(i, ADDRESS)
    }

    const [first, second] = [(await ask()).providers ?? [], (await ask({}, undefined, 0)).providers ?? []]
    expect(second).to.not.deep.equal(first)
    expect(second).to.have.deep.members(first)
  })
})

describe('an announcement that comes in', () => {
  const HOST = multiaddr('/ip4/1.2.3.4/tcp/4001')
  const ADDRS = [address('/ip4/1.2.3.4/tcp/4001'), address('/ip4/10.0.0.1/tcp/4001')]

  let store: ProviderStore
  let mapped: number
  let full: string[]
  let handle: RequestHandler

  const mapper: PeerInfoMapper = peer => {
    mapped++

    return { ...peer, multiaddrs: peer.multiaddrs.filter(addr => !addr.toString().startsWith('/ip4/10.')) }
  }

  beforeEach(async () => {
    mapped = 0
    full = []
    store = new ProviderStore(new MemoryDatastore(), contact(0), { prefix: '/dht/provider', validity: 1_000, maxProvidersPerKey: 3, maxRecords: 1_000, cacheSize: 10 })
    await store.collect()
    handle = addProviderHandler({
      store,
      mapper,
      groupOf: addr => addr.toString().split('.', 2).join('.'),
      onLimit: limit => { full.push(limit) },
      self: contact(0).id,
      encodedSelf: () => undefined,
      encoded: () => undefined,
      closerPeers: () => [],
      random: () => 0
    })
  })

  function send (from: number, providers: Uint8Array[], key = 'content', remoteAddr: Multiaddr = HOST): ReturnType<RequestHandler> {
    return handle({ type: MessageType.ADD_PROVIDER, key: bytes(key), closer: [], providers }, contact(from), remoteAddr)
  }

  function entry (i: number, addrs = ADDRS): Uint8Array {
    return encodePeer(contact(i).multihash, addrs)
  }

  it('is stored with the addresses that may be used, at once and without a reply', async () => {
    expect(send(1, [entry(1)])).to.equal(undefined)
    const [{ contact: { id, addrs } }, ...more] = await store.get(bytes('content'))

    expect([id, addrs, more]).to.deep.equal([contact(1).id, [ADDRS[0]], []])
  })

  it('is refused without an entry of its sender that has an address which may be used', () => {
    for (const providers of [[], [entry(2)], [entry(1, [])], [entry(1, ADDRS.slice(1))], [bytes('garbage')]]) {
      expect(() => send(1, providers)).to.throw().with.property('name', 'InvalidMessageError')
    }

    send(1, [entry(1)])
    // what it said before counts no more
    expect(() => send(1, [entry(2)])).to.throw()
    expect(() => send(2, [entry(1)])).to.throw()
  })

  it('is taken of the sender alone, whomever else it names', async () => {
    send(1, [entry(2), entry(1, []), entry(1), entry(3)])
    expect((await store.get(bytes('content'))).map(({ contact }) => contact.id)).to.deep.equal([contact(1).id])
  })

  it('is read once, however many keys it is sent for', async () => {
    for (let i = 0; i < 100; i++) {
      send(1, [entry(1)], `key ${i}`)
    }

    expect(mapped).to.equal(1)
    expect(await store.get(bytes('key 99'))).to.have.length(1)
    await store.flush()
    expect(store.counts).to.include({ records: 100, unwritten: 0 })
  })

  it('is read anew when its sender says something else, or comes from elsewhere', async () => {
    send(1, [entry(1)])
    const other = [address('/ip4/5.6.7.8/tcp/1')]
    send(1, [entry(1, other)])
    expect((await store.get(bytes('content')))[0].contact.addrs).to.deep.equal(other)
    expect(mapped).to.equal(2)
    send(1, [entry(1, other)], 'content', multiaddr('/ip4/9.9.9.9/tcp/1'))
    expect(mapped).to.equal(3)
  })

  it('does not keep the bytes of the message, which may come to mean something else', async () => {
    const message = entry(1)
    send(1, [message])
    message.fill(0)
    send(1, [entry(1)], 'more')
    expect(mapped).to.equal(1)
    expect(await store.get(bytes('more'))).to.have.length(1)
  })

  it('has the group of the address from which it comes: of many from one network a key that is full keeps two', async () => {
    for (let i = 1; i <= 20; i++) {
      await store.get(bytes('content'))
      await send(i, [entry(i)], 'content', multiaddr(`/ip4/${i <= 16 ? '7.7' : `8.${i}`}.0.1/tcp/1`))
    }

    const kept = (await store.get(bytes('content'))).map(({ contact }) => contact.id)
    expect(kept).to.have.length(3)
    // it is passed over and not refused: what comes after it on the stream is for other keys
    expect(full).to.include('providers-per-key')
    expect(kept.filter(id => Array.from({ length: 16 }, (_, i) => contact(i + 1).id).includes(id)).length).to.be.at.most(2)
  })
})
