// Answers ADD_PROVIDER and GET_PROVIDERS.

import { InvalidMessageError } from '@libp2p/interface'
import { keyOf } from '../kademlia/key.ts'
import { decodeContacts, toContact } from '../query/contact.ts'
import { MAX_REQUEST_PEERS } from '../wire/limits.ts'
import { joinPeer, toPeerInfo } from '../wire/peer.ts'
import type { Announcement } from './announcement.ts'
import type { ProviderStore } from './provider-store.ts'
import type { Key } from '../kademlia/key.ts'
import type { Contact } from '../query/contact.ts'
import type { PeerInfoMapper } from '../wire/peer.ts'
import type { Reply, RequestHandler } from '../wire/server.ts'

export interface ProviderHandlerNeeds {
  store: ProviderStore
  mapper: PeerInfoMapper
  /** one's own id */
  self: string
  /** oneself as it goes into a reply; undefined without an address that may be used */
  encodedSelf (): Uint8Array | undefined
  /** a peer as it goes into a reply, by what is known of it besides its announcement */
  encoded (id: string): Uint8Array | undefined
  /** the nearest peers, as they go into a reply */
  closerPeers (target: Key, requester: string): Uint8Array[]
  /** a number from 0 to 1 that nobody can foresee */
  random (): number
}

/** Takes the sender's word that it provides the key, and nobody else's. There is no reply. */
export function addProviderHandler ({ store, mapper }: ProviderHandlerNeeds): RequestHandler {
  return async ({ key, providers }, from) => {
    const contact = decodeContacts(providers, MAX_REQUEST_PEERS).find(provider => provider.id === from.id && addressesOf(provider, mapper).length > 0)

    if (contact == null) {
      throw new InvalidMessageError('ADD_PROVIDER came without an address of its sender that may be used')
    }

    await store.add(key.slice(), {
      contact: toContact({ ...from, addrs: addressesOf(contact, mapper) }),
      announcedAt: Date.now()
    })

    return undefined
  }
}

/** The providers in an order of chance, so that none is always first, and closer peers. At once when the store has them at hand. */
export function getProvidersHandler (needs: ProviderHandlerNeeds): RequestHandler {
  const encoded = ({ id, addresses }: Announcement): Uint8Array => {
    const better = id === needs.self ? needs.encodedSelf() : addresses === '' ? needs.encoded(id) : undefined

    return better ?? joinPeer(id, addresses)
  }

  return ({ key }, from) => {
    const reply = (announced: Announcement[]): Reply => ({
      providers: shuffled(announced.map(encoded), needs.random),
      closer: needs.closerPeers(keyOf(key), from.id)
    })
    const announced = needs.store.announced(key)

    return announced instanceof Promise ? announced.then(reply) : reply(announced)
  }
}

function addressesOf (contact: Contact, mapper: PeerInfoMapper): Uint8Array[] {
  return toPeerInfo(contact, mapper).multiaddrs.map(addr => addr.bytes)
}

/** Fisher and Yates, in place. */
function shuffled <T> (items: T[], random: () => number): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [items[i], items[j]] = [items[j], items[i]]
  }

  return items
}
