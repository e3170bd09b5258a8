import { expect } from 'aegir/chai'
import { MemoryDatastore } from 'datastore-core'
import { getProvidersHandler } from '../../src/providers/handlers.ts'
import { ProviderStore } from '../../src/providers/provider-store.ts'
import { MessageType } from '../../src/wire/message.ts'
import { encodePeer } from '../../src/wire/peer.ts'
import { contact } from '../helpers/contacts.ts'
import { bytes } from '../helpers/content.ts'
import type { Reply } from '../../src/wire/server.ts'

const KEY = bytes('content')
const ADDRESS = bytes('address')

const REQUEST = { type: MessageType.GET_PROVIDERS, key: KEY, closer: [], providers: [] }

describe('a request for providers', () => {
  let store: ProviderStore

  beforeEach(() => {
    store = new ProviderStore(new MemoryDatastore(), contact(0), {
      prefix: '/dht/provider', validity: 1_000, maxProvidersPerKey: 10, maxRecords: 10, cacheSize: 10
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
