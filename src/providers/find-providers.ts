// Finds who provides a key: those this node knows first, then those that the nearest k know, each with its addresses.

import { InvalidParametersError } from '@libp2p/interface'
import { raceSignal } from 'race-signal'
import { decodeContacts } from '../query/contact.ts'
import { searchRegion } from '../query/region.ts'
import { encodeRequest, MessageType } from '../wire/message.ts'
import { askEach } from './find/ask-each.ts'
import { mostNamedFirst } from './find/found-providers.ts'
import { Gathering } from './find/gathering.ts'
import { nearestFirst } from './find/nearest-first.ts'
import type { Provider } from './find/found-providers.ts'
import type { GatheringNeeds } from './find/gathering.ts'
import type { NearestNeeds } from './find/nearest-first.ts'
import type { ProviderStore } from './store/provider-store.ts'
import type { RegionMode } from '../kademlia/region.ts'
import type { Contact } from '../query/contact.ts'
import type { QueryManager } from '../query/manager.ts'
import type { QueryEvents } from '../query/query-events.ts'
import type { EncodedRequest, Message } from '../wire/message.ts'
import type { AbortOptions, PeerId, PeerInfo } from '@libp2p/interface'

export interface FindProvidersNeeds extends Omit<GatheringNeeds, 'own' | 'tell'>, Omit<NearestNeeds, 'self'> {
  queries: QueryManager
  store: Pick<ProviderStore, 'get'>
  self: PeerId
  /** oneself, with the addresses that others may use */
  contact (): Contact
  toPeerId (contact: Contact): PeerId
  request (to: Contact, request: EncodedRequest, options: AbortOptions): Promise<Message>
  /** whether everyone in the region of a key is asked, and not the nearest k alone */
  region: RegionMode
  /** of one search, no more providers are taken */
  maxFound: number
}

/** Which providers, and in which order. */
export interface Wanted {
  /** so many are enough */
  count?: number
  /** end as soon as there are enough, whoever they are */
  fast?: boolean
  /** left out: as they are found */
  prefer?: 'nearest'
}

export interface ProviderSearch extends Wanted {
  signal: AbortSignal
  events?: QueryEvents
  /** false: do not take what this node holds into account */
  useCache?: boolean
  /** false: take only what this node holds */
  useNetwork?: boolean
}

/** One peer may name no more than this part of all: a liar is not to leave no place for others. */
const RESPONDERS = 10

/**
 * Those this node knows first, then those that the nearest k know; one is told again when more addresses of it are heard. Nobody at all is no error:
 * the list is empty. One that no address is known of is neither told nor returned, for nobody can fetch from it; but it is with `useNetwork: false`,
 * which keeps this node from looking for any.
 *
 * @throws {InvalidParametersError} when an option is wrong
 * @throws {NoPeersError} when there is nobody to ask, and this node knows of nobody
 */
export async function findProviders (multihash: Uint8Array, needs: FindProvidersNeeds, search: ProviderSearch): Promise<PeerInfo[]> {
  const { signal, events, useCache, useNetwork } = search
  const { fast, count, nearest } = readWanted(search)
  const own = needs.contact()
  const tell = (from: PeerId, providers: Provider[]): void => { events?.onProviders(from, infosOf(providers)) }
  const gathering = new Gathering({ enough: fast ? count : Infinity, most: needs.maxFound, useCache, useNetwork }, {
    ...needs,
    own,
    // the order is known at the end
    tell: nearest ? () => {} : tell
  })
  const onAbort = (): void => { gathering.end(signal.reason) }
  signal.addEventListener('abort', onAbort)

  try {
    if (useCache !== false) {
      const held = await heldHere(multihash, needs.store, search)

      if (held.length > 0) {
        events?.onHeld(needs.self, held)
      }

      await gathering.hear(needs.self, own.id, held)
    }

    if (useNetwork !== false && !gathering.isEnough) {
      await ask(multihash, gathering, needs, events)
      await gathering.done()
    }

    signal.throwIfAborted()
    const { reachable } = gathering
    const others = useNetwork === false ? gathering.unreachable : []
    const all = [...reachable, ...others]

    if (nearest) {
      const ordered = (await nearestFirst(mostNamedFirst(all), { ...needs, self: own.id }, { signal, useNetwork })).slice(0, count)
      ordered.forEach(provider => { tell(provider.from, [provider]) })

      return infosOf(ordered)
    }

    if (others.length > 0) {
      tell(needs.self, others)
    }

    return infosOf(count === Infinity ? all : mostNamedFirst(all).slice(0, count))
  } finally {
    signal.removeEventListener('abort', onAbort)
    gathering.end()
  }
}

/** What this node holds; nothing when it can't be read and others can be asked. A datastore that hangs holds up nobody who has given up. */
async function heldHere (multihash: Uint8Array, store: FindProvidersNeeds['store'], { signal, useNetwork }: ProviderSearch): Promise<Contact[]> {
  try {
    return (await raceSignal(store.get(multihash, { signal }), signal)).map(({ contact }) => contact)
  } catch (error) {
    if (signal.aborted || useNetwork === false) {
      throw error
    }

    return []
  }
}

/** Asks the nearest k, and who else is in the region of the key, until there are enough. */
async function ask (multihash: Uint8Array, gathering: Gathering, { queries, region, request: send, toPeerId, maxFound }: FindProvidersNeeds, events?: QueryEvents): Promise<void> {
  const request = encodeRequest({ type: MessageType.GET_PROVIDERS, key: multihash })
  const { signal } = gathering
  const onReply = async (from: Contact, reply: Message): Promise<boolean> => gathering.hear(toPeerId(from), from.id, decodeContacts(reply.providers, Math.ceil(maxFound / RESPONDERS)))

  try {
    const found = await queries.run({ key: multihash, request, signal, events, onReply })

    // whoever has crowded the key names its provider no more
    if (found.complete) {
      const { others } = await searchRegion(queries, multihash, found, { mode: region, signal, events })
      await askEach(others, request, { send, signal, events, onReply })
    }
  } catch (error: any) {
    // the last one that was missing may have been completed while others were still asked
    if (gathering.isEnough) {
      return
    }

    // with nobody to ask, those this node knows are all there are
    if (error.name !== 'NoPeersError' || gathering.reachable.length === 0) {
      throw error
    }

    gathering.end()
  }
}

function infosOf (providers: Provider[]): PeerInfo[] {
  return providers.map(({ peer }) => peer)
}

/** @throws {InvalidParametersError} */
function readWanted ({ count, fast = false, prefer }: Wanted): { count: number, fast: boolean, nearest: boolean } {
  if (count !== undefined && (!Number.isSafeInteger(count) || count < 1)) {
    throw new InvalidParametersError(`The option count takes a whole number from 1, not ${String(count)}`)
  }

  if (typeof fast !== 'boolean') {
    throw new InvalidParametersError(`The option fast takes true or false, not ${String(fast)}`)
  }

  if (prefer !== undefined && prefer !== 'nearest') {
    throw new InvalidParametersError(`The option prefer takes 'nearest', not ${String(prefer)}`)
  }

  return { count: count ?? (fast ? 1 : Infinity), fast, nearest: prefer === 'nearest' }
}
