// A write: looks for the nodes nearest to a key, and gives each of them something to store as soon as it is clear that it is one of
// them, while the lookup still waits for others. It tells the truth about what became of it.

import { keyOf } from '../kademlia/key.ts'
import { ENOUGH_HOLDERS, optimisticWrite } from '../kademlia/optimistic.ts'
import { wantsRegion } from '../kademlia/region.ts'
import { Attempts } from './attempts.ts'
import { findClosest } from './find-closest.ts'
import { searchRegion } from './region.ts'
import { WriteError } from './write-result.ts'
import type { Contact } from './contact.ts'
import type { Query, QueryManager, QueryResult } from './manager.ts'
import type { WriteResult } from './write-result.ts'
import type { OptimisticWrite } from '../kademlia/optimistic.ts'
import type { RegionMode } from '../kademlia/region.ts'
import type { EncodedRequest, Message } from '../wire/message.ts'

/** What is to be stored, and how a peer is given it. */
export interface Write {
  key: Uint8Array
  request: EncodedRequest
  /** throws when the peer did not take it */
  send (to: Contact, options: { signal: AbortSignal }): Promise<Message | undefined>
}

export interface StoreOptions extends Pick<Query, 'signal' | 'events'> {
  /** with fewer holders than that it is an error */
  minSuccesses?: number
  /** give it to whoever is heard of that is near enough to be one of the nearest, by the size of the network, and ask no more than it takes to hear of them */
  optimistic?: boolean
  /** give it to everyone in the key's region, too */
  region?: RegionMode
  /** gets the result when an optimistic write has holders enough; the rest go on */
  settle? (result: WriteResult): void
}

/** So many times k of those heard of are looked at: some take the places of those that do not take it. */
const LIKELY = 2

/**
 * @throws {NoPeersError} when there is nobody to ask
 * @throws {WriteError} when fewer than `minSuccesses` took it
 */
export async function storeNearest (queries: QueryManager, write: Write, options: StoreOptions): Promise<WriteResult> {
  const { key } = write
  const { signal, events, minSuccesses = 1, region = 'off', settle } = options
  const { k, networkSize } = queries
  const target = keyOf(key)
  const enough = Math.max(minSuccesses, ENOUGH_HOLDERS * k)
  const optimism = options.optimistic === true ? optimisticWrite<Contact>(target, k, networkSize) : undefined
  let lookup: Pick<QueryResult, 'messages' | 'hops'> = { messages: 0, hops: 0 }

  const attempts: Attempts = new Attempts({
    target,
    store: async peer => storeAt(peer, write, options),
    onEnd: (peer, error) => {
      if (error != null && !signal.aborted) {
        attempts.begin(optimism?.onFailure(peer) ?? [])
      }

      if (optimism != null && attempts.stored >= enough) {
        settle?.(attempts.result(lookup))
      }
    }
  })

  const look = async (optimism?: OptimisticWrite<Contact>): Promise<QueryResult> => {
    const before = lookup.messages
    const found = await findClosest(queries, {
      key,
      signal,
      events,
      hurried: optimism != null,
      onStep: view => {
        lookup = { messages: before + view.asked, hops: view.hops() }
        const step = optimism?.onStep(view.likely(LIKELY * k), view.answered)
        attempts.begin(step?.give ?? view.settled(k))

        return step?.enough
      }
    })
    lookup = { messages: before + found.messages, hops: found.hops }

    return found
  }

  let found = await look(optimism)

  if (!found.complete && optimism != null) {
    await attempts.ended()
    signal.throwIfAborted()

    // they were not what they seemed, or are not all who are to have it
    if (optimism.failed || attempts.stored < enough || wantsRegion(region, target, attempts.holders.slice(0, k), k, networkSize)) {
      try {
        found = await look()
      } catch (error) {
        signal.throwIfAborted()

        // there are holders all the same
        if (attempts.stored < minSuccesses) {
          throw error
        }
      }
    }
  }

  if (found.complete) {
    attempts.begin(found.closest)
    const { others, messages } = await searchRegion(queries, key, found, { mode: region, signal, events })
    lookup = { messages: lookup.messages + messages, hops: found.hops }
    attempts.begin(others)
  }

  await attempts.ended()
  signal.throwIfAborted()

  return requireHolders(attempts.result(lookup), attempts.size, minSuccesses)
}

async function storeAt (peer: Contact, { request, send }: Write, { signal, events }: StoreOptions): Promise<void> {
  events?.onAsk(peer, request.type)

  try {
    const reply = await send(peer, { signal })
    events?.onReply(peer, request.type, reply)
  } catch (error: any) {
    if (!signal.aborted) {
      events?.onError(peer, error)
    }

    throw error
  }
}

function requireHolders (result: WriteResult, asked: number, minSuccesses: number): WriteResult {
  const { stored, failed } = result

  if (stored.length < minSuccesses) {
    const took = stored.length === 0 ? 'None' : `Only ${stored.length}`
    const reasons = failed.map(({ peer, error }) => `${peer.toString()}: ${error.message}`).join('; ')

    throw new WriteError(`${took} of the ${asked} nearest peers took it${minSuccesses > 1 ? `, and ${minSuccesses} should have` : ''}${reasons === '' ? '' : `: ${reasons}`}`, result)
  }

  return result
}
