// Answers ADD_PROVIDER and GET_PROVIDERS.

import { keyOf } from '../kademlia/key.ts'
import { joinPeer } from '../wire/peer.ts'
import { ProvidersFullError } from './store/refusal.ts'
import { Senders } from './store/senders.ts'
import type { Announcement } from './store/announcement.ts'
import type { ProviderStore } from './store/provider-store.ts'
import type { ProviderLimit } from './store/refusal.ts'
import type { Key } from '../kademlia/key.ts'
import type { AddressGroup } from '../wire/address-group.ts'
import type { PeerInfoMapper } from '../wire/peer.ts'
import type { Reply, RequestHandler } from '../wire/server.ts'

export interface ProviderHandlerNeeds {
  store: ProviderStore
  mapper: PeerInfoMapper
  /** whom an address is of; without it nobody is of one group with another */
  groupOf?: AddressGroup
  /** one's own id */
  self: string
  /** oneself as it goes into a reply; undefined without an address that may be used */
  encodedSelf (): Uint8Array | undefined
  /** a peer as it goes into a reply, by what is known of it besides its announcement */
  encoded (id: string): Uint8Array | undefined
  /** the nearest peers, as they go into a reply */
  closerPeers (target: Key, requester: string): Uint8Array[]
  /** an announcement was not taken */
  onLimit? (limit: ProviderLimit): void
  /** a number from 0 to 1 that nobody can foresee */
  random (): number
}

/**
 * Takes the sender's word that it provides the key, and nobody else's. There is no reply. At once unless the store has to read or write first. One that
 * there is no place for is passed over: many may come on one stream, and the next ones are for other keys.
 */
export function addProviderHandler ({ store, mapper, groupOf, onLimit }: ProviderHandlerNeeds): RequestHandler {
  const senders = new Senders({ mapper, groupOf })
  const passOver = (error: unknown): undefined => {
    if (!(error instanceof ProvidersFullError)) {
      throw error
    }

    onLimit?.(error.limit)
  }

  return ({ key, providers }, from, remoteAddr) => {
    const sender = senders.of(from, providers, remoteAddr)

    try {
      return store.accept(key, sender, Date.now())?.then(() => undefined, passOver)
    } catch (error) {
      return passOver(error)
    }
  }
}

/** The providers in an order of chance, so that none is always first, and closer peers. At once when the store has them at hand. */
export function getProvidersHandler (needs: ProviderHandlerNeeds): RequestHandler {
  const encoded = ({ id, addresses }: Announcement): Uint8Array => {
    const better = id === needs.self ? needs.encodedSelf() : addresses === '' ? needs.encoded(id) : undefined

    return better ?? joinPeer(id, addresses)
  }

  return ({ key }, from) => {
    const target = keyOf(key)
    const reply = (announced: Announcement[]): Reply => ({
      providers: shuffled(announced.map(encoded), needs.random),
      closer: needs.closerPeers(target, from.id)
    })
    const announced = needs.store.announced(key, target)

    return announced instanceof Promise ? announced.then(reply) : reply(announced)
  }
}

/** Fisher and Yates, in place. */
function shuffled <T> (items: T[], random: () => number): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [items[i], items[j]] = [items[j], items[i]]
  }

  return items
}
