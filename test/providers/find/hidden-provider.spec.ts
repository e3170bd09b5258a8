// A provider that liars name first, with addresses of no use.

import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { FoundProviders } from '../../../src/providers/find/found-providers.ts'
import { findProviders } from '../../../src/providers/find-providers.ts'
import { removePrivateAddressesMapper } from '../../../src/wire/address-mappers.ts'
import { MAX_ADDRESSES, MAX_FURTHER_ADDRESSES, MAX_KNOWN_ADDRESSES } from '../../../src/wire/limits.ts'
import { encodePeer, toPeerId } from '../../../src/wire/peer.ts'
import { contact, hashedId, peerIdOf } from '../../helpers/contacts.ts'
import { bytes } from '../../helpers/content.ts'
import { falseTime, MINUTE } from '../../helpers/false-time.ts'
import { check } from '../../helpers/random.ts'
import { ValueWorld } from '../../helpers/value-world.ts'
import type { Provider } from '../../../src/providers/find/found-providers.ts'
import type { FindProvidersNeeds, ProviderSearch } from '../../../src/providers/find-providers.ts'
import type { Contact } from '../../../src/query/contact.ts'
import type { PeerInfo } from '@libp2p/interface'

const KEY = bytes('content')
const FROM = peerIdOf(hashedId(99))
const PROVIDER = 1_001
const TRUE_ADDRESS = '/ip4/1.2.3.4/tcp/4001'
const HONEST = contact(PROVIDER, TRUE_ADDRESS)

/** The provider with so many addresses on a LAN. */
function withPrivate (count: number): Contact {
  return contact(PROVIDER, ...Array.from({ length: count }, (_, i) => `/ip4/10.0.0.${i}/tcp/1`))
}

/** The provider with so many public addresses that are not its own, others for each liar. */
function withFalse (liar: number, count: number = MAX_ADDRESSES): Contact {
  return contact(PROVIDER, ...Array.from({ length: count }, (_, i) => `/ip4/5.6.${liar}.${i}/tcp/1`))
}

function addressesOf (peer: PeerInfo): string[] {
  return peer.multiaddrs.map(String)
}

describe('a provider that liars have named before', () => {
  /** The provider as it was found when these have named it, each once. */
  function foundOf (named: Contact[]): { found: FoundProviders, provider: Provider } {
    const found = new FoundProviders({ self: contact(0).id, mapper: removePrivateAddressesMapper, most: 100 })
    named.forEach((contact, i) => { found.hear(FROM, `${i}`, [contact]) })

    return { found, provider: found.all()[0] }
  }

  for (const count of [1, MAX_ADDRESSES - 1, MAX_ADDRESSES]) {
    it(`is reached by the first who tells of a public address, after ${count} private ones`, () => {
      const { found, provider } = foundOf([withPrivate(count), HONEST])

      expect(addressesOf(provider.peer)).to.deep.equal([TRUE_ADDRESS])
      expect(found.reachable).to.equal(1)
    })
  }

  it('has an address once that comes with its id and without, and as often as anybody likes, and it counts once for each who named it', () => {
    const often = contact(PROVIDER, TRUE_ADDRESS, `${TRUE_ADDRESS}/p2p/${toPeerId(HONEST).toString()}`, TRUE_ADDRESS)
    const other = '/ip4/4.3.2.1/tcp/4001'
    const { provider } = foundOf([often, contact(PROVIDER, other), contact(PROVIDER, other)])

    expect(addressesOf(provider.peer)).to.deep.equal([other, TRUE_ADDRESS])
  })

  it('has its address wherever it comes among those of ten liars, and first of all where two have told of it', () => {
    check(fc.property(fc.array(fc.nat({ max: 10 }), { minLength: 1, maxLength: 3 }), places => {
      const named = Array.from({ length: 10 }, (_, i) => withFalse(i))
      places.forEach(at => { named.splice(at, 0, HONEST) })
      const { provider } = foundOf(named)

      expect(addressesOf(provider.peer)).to.include(TRUE_ADDRESS)
      places.length > 1 && expect(addressesOf(provider.peer)[0]).to.equal(TRUE_ADDRESS)
      expect(provider.contact.addrs).to.have.lengthOf(provider.peer.multiaddrs.length)
    }))
  })

  it('gets eight addresses of each who names it after the first, and 128 in all', () => {
    const liars = Array.from({ length: 30 }, (_, i) => withFalse(i))

    expect(foundOf(liars.slice(0, 3)).provider.peer.multiaddrs).to.have.lengthOf(MAX_ADDRESSES + 2 * MAX_FURTHER_ADDRESSES)
    expect(foundOf(liars).provider.peer.multiaddrs).to.have.lengthOf(MAX_KNOWN_ADDRESSES)
  })

  it('counts a peer that names it again and again as one, so that a liar puts no address first', () => {
    const found = new FoundProviders({ self: contact(0).id, mapper: removePrivateAddressesMapper, most: 100 })
    found.hear(FROM, 'liar', [withFalse(1, 1), withFalse(1, 1), withFalse(1, 1)])
    found.hear(FROM, 'liar', [withFalse(1, 1)])
    found.hear(FROM, 'a', [HONEST])
    found.hear(FROM, 'b', [HONEST])

    expect(addressesOf(found.all()[0].peer)[0]).to.equal(TRUE_ADDRESS)
  })
})

describe('a search whose fastest holder lies', () => {
  /** What is found when the fastest names the provider so and the three others tell the truth; nothing but what they say is known of it. */
  async function find (lie: Contact, options: Partial<ProviderSearch> = {}): Promise<PeerInfo[]> {
    const clock = falseTime()

    try {
      const world = new ValueWorld({ validators: {}, selectors: {}, k: 4, delay: 10 })

      for (const [nth, holder] of world.nearest(KEY).entries()) {
        const { multihash, addrs } = nth === 0 ? lie : HONEST
        holder.delay = nth === 0 ? 1 : 20
        holder.answer = () => ({ providers: [encodePeer(multihash, addrs)] })
      }

      const needs: FindProvidersNeeds = {
        queries: world.queries,
        store: { get: async () => [] },
        self: toPeerId(world.self),
        contact: () => contact(0, '/ip4/9.9.9.9/tcp/1'),
        toPeerId,
        region: 'off',
        request: async () => { throw new Error('nobody is asked beside the lookup') },
        mapper: removePrivateAddressesMapper,
        maxFound: 1_000,
        known: async id => ({ id, multiaddrs: [] }),
        findPeer: async () => { throw new Error('nobody is found') },
        roundTrip: () => undefined,
        measure: async () => { throw new Error('it does not answer') }
      }
      const search = findProviders(KEY, needs, { signal: new AbortController().signal, ...options })
      await clock.tickAsync(MINUTE)

      return await search
    } finally {
      clock.restore()
    }
  }

  for (const [lie, named] of [['private', withPrivate(MAX_ADDRESSES)], ['false public', withFalse(1)]] as const) {
    it(`finds the provider with its address all the same, after 32 ${lie} ones`, async () => {
      const found = await find(named)

      expect(found).to.have.lengthOf(1)
      expect(addressesOf(found[0])).to.include(TRUE_ADDRESS)
    })
  }

  it('puts the address that three have named before the 32 of the liar', async () => {
    expect(addressesOf((await find(withFalse(1)))[0])[0]).to.equal(TRUE_ADDRESS)
  })

  it('finds it as the one that is enough, too', async () => {
    const found = await find(withPrivate(MAX_ADDRESSES), { count: 1 })

    expect(found.map(addressesOf)).to.deep.equal([[TRUE_ADDRESS]])
  })
})
