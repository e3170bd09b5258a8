// Finds who provides a key.

import { decodeContacts, mergeContacts } from '../query/contact.ts'
import { encodeRequest, MessageType } from '../wire/message.ts'
import { toPeerInfo } from '../wire/peer.ts'
import type { ProviderStore } from './provider-store.ts'
import type { Contact } from '../query/contact.ts'
import type { QueryManager } from '../query/manager.ts'
import type { QueryEvents } from '../query/query-events.ts'
import type { PeerInfoMapper } from '../wire/peer.ts'
import type { PeerId, PeerInfo } from '@libp2p/interface'

export interface FindProvidersNeeds {
  queries: QueryManager
  store: ProviderStore
  self: PeerId
  /** oneself, with the addresses that others may use */
  contact (): Contact
  toPeerId (contact: Contact): PeerId
  mapper: PeerInfoMapper
  /** of one search, no more providers are taken */
  maxFound: number
}

export interface FindProvidersOptions {
  signal: AbortSignal
  events?: QueryEvents
  /** false: do not take what this node holds into account */
  useCache?: boolean
  /** false: take only what this node holds */
  useNetwork?: boolean
}

/** One peer may name no more than this part of all: a liar is not to leave no place for others. */
const RESPONDERS = 10

/** Those this node knows first, then those that the nearest k know; one is told again when more addresses of it are heard. Nobody at all is no error: the list is empty. */
export async function findProviders (multihash: Uint8Array, needs: FindProvidersNeeds, { signal, events, useCache, useNetwork }: FindProvidersOptions): Promise<PeerInfo[]> {
  const { queries, store, self } = needs
  const found = new Map<string, Contact>()

  const onProviders = (from: PeerId, contacts: Contact[]): void => {
    const news: PeerInfo[] = []

    for (const contact of contacts) {
      const known = found.get(contact.id)
      // of one named again, whoever named it first has not the last word on how to reach it
      const learnt = known == null ? contact : mergeContacts(known, contact)
      const peer = learnt == null || (known == null && found.size >= needs.maxFound) ? undefined : readPeer(learnt, needs.mapper)

      if (learnt != null && peer != null) {
        found.set(contact.id, learnt)
        news.push(peer)
      }
    }

    if (news.length > 0) {
      events?.onProviders(from, news)
    }
  }

  if (useCache !== false) {
    const held = await store.get(multihash, { signal })
    onProviders(self, held.map(({ contact }) => contact.id === needs.contact().id ? needs.contact() : contact))
  }

  if (useNetwork !== false) {
    try {
      await queries.run({
        key: multihash,
        request: encodeRequest({ type: MessageType.GET_PROVIDERS, key: multihash }),
        signal,
        events,
        onReply: (from, reply) => {
          onProviders(needs.toPeerId(from), decodeContacts(reply.providers, Math.ceil(needs.maxFound / RESPONDERS)))

          return false
        }
      })
    } catch (error: any) {
      // with nobody to ask, those this node knows are all there are
      if (found.size === 0 || error.name !== 'NoPeersError') {
        throw error
      }
    }
  }

  return [...found.values()].map(contact => toPeerInfo(contact, needs.mapper))
}

function readPeer (contact: Contact, mapper: PeerInfoMapper): PeerInfo | undefined {
  try {
    return toPeerInfo(contact, mapper)
  } catch {
    // the multihash of no key: nobody can fetch from it
  }
}
