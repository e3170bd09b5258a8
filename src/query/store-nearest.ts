// A write: looks for the nodes nearest to a key, and gives each of them something to store as soon as it is clear that it is one of
// them, while the lookup still waits for others. It tells the truth about what became of it.

import { compareDistance, keyOf } from '../kademlia/key.ts'
import { ENOUGH_HOLDERS, optimisticWrite } from '../kademlia/optimistic.ts'
import { wantsRegion } from '../kademlia/region.ts'
import { toPeerId } from '../wire/peer.ts'
import { QueryError } from './errors.ts'
import { findClosest } from './find-closest.ts'
import { searchRegion } from './region.ts'
import type { Contact } from './contact.ts'
import type { Query, QueryManager, QueryResult } from './manager.ts'
import type { OptimisticWrite } from '../kademlia/optimistic.ts'
import type { RegionMode } from '../kademlia/region.ts'
import type { EncodedRequest, Message } from '../wire/message.ts'
import type { PeerId } from '@libp2p/interface'

/** Who holds something after a write, and who does not. */
export interface WriteResult {
  /** those that took it, nearest to the key first */
  stored: PeerId[]
  /** those that did not, and why */
  failed: Array<{ peer: PeerId, error: Error }>
  /** requests sent in all, those of the lookup included */
  messages: number
  /** replies, one leading to the next, that it took to find the nearest peer */
  hops: number
}

/** Too few took it; `result` says who did, and why the others did not. */
export class WriteError extends QueryError {
  readonly result: WriteResult

  constructor (message: string, result: WriteResult) {
    super(message)
    this.result = result
  }
}

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

interface Attempt {
  peer: Contact
  outcome: 'under way' | 'stored' | Error
  ended: Promise<void>
}

/**
 * @throws {NoPeersError} when there is nobody to ask
 * @throws {WriteError} when fewer than `minSuccesses` took it
 */
export async function storeNearest (queries: QueryManager, write: Write, options: StoreOptions): Promise<WriteResult> {
  const { key } = write
  const { signal, events, minSuccesses = 1, settle } = options
  const attempts = new Map<string, Attempt>()
  const target = keyOf(key)
  const { k, networkSize } = queries
  const enough = Math.max(minSuccesses, ENOUGH_HOLDERS * k)
  const optimism = options.optimistic === true ? optimisticWrite<Contact>(target, k, networkSize) : undefined
  let lookup: Pick<QueryResult, 'messages' | 'hops'> = { messages: 0, hops: 0 }

  const sorted = (): Attempt[] => [...attempts.values()].sort((a, b) => compareDistance(a.peer.key, b.peer.key, target))
  const sum = (): WriteResult => summarise(sorted(), lookup)
  const begin = (peers: Contact[]): void => {
    for (const peer of peers) {
      if (!attempts.has(peer.id)) {
        const attempt: Attempt = { peer, outcome: 'under way', ended: Promise.resolve() }
        attempts.set(peer.id, attempt)
        attempt.ended = attemptAt(attempt, write, options).then(() => {
          if (attempt.outcome instanceof Error && !signal.aborted) {
            begin(optimism?.onFailure(peer) ?? [])
          }

          if (optimism != null && storedCount(attempts) >= enough) {
            settle?.(sum())
          }
        })
      }
    }
  }

  let before = 0
  const look = async (optimism?: OptimisticWrite<Contact>): Promise<QueryResult> => {
    const found = await findClosest(queries, {
      key,
      signal,
      events,
      hurried: optimism != null,
      onStep: view => {
        lookup = { messages: before + view.asked, hops: view.hops() }
        const step = optimism?.onStep(view.likely(LIKELY * k), view.answered)
        begin(step?.give ?? view.settled(k))

        return step?.enough
      }
    })
    before += found.messages
    lookup = { messages: before, hops: found.hops }

    return found
  }

  let found = await look(optimism)

  if (!found.complete && optimism != null) {
    await allEnded(attempts)
    signal.throwIfAborted()
    const holders = sorted().filter(({ outcome }) => outcome === 'stored').map(({ peer }) => peer)

    // they were not what they seemed, or are not all who are to have it
    if (optimism.failed || holders.length < enough || wantsRegion(options.region ?? 'off', target, holders.slice(0, k), k, networkSize)) {
      found = await look()
    }
  }

  if (found.complete) {
    begin(found.closest)
    const { others, messages } = await searchRegion(queries, key, found, { mode: options.region ?? 'off', signal, events })
    lookup = { messages: before + messages, hops: found.hops }
    begin(others)
  }

  await allEnded(attempts)
  signal.throwIfAborted()
  const result = sum()

  if (result.stored.length < minSuccesses) {
    const took = result.stored.length === 0 ? 'None' : `Only ${result.stored.length}`

    throw new WriteError(`${took} of the ${attempts.size} nearest peers took it${minSuccesses > 1 ? `, and ${minSuccesses} should have` : ''}: ${describeFailures(result.failed)}`, result)
  }

  return result
}

/** Those that begin meanwhile are waited for, too. */
async function allEnded (attempts: Map<string, Attempt>): Promise<void> {
  for (let begun = 0; begun < attempts.size;) {
    begun = attempts.size
    await Promise.all([...attempts.values()].map(async ({ ended }) => ended))
  }
}

/** Never rejects. */
async function attemptAt (attempt: Attempt, { request, send }: Write, { signal, events }: StoreOptions): Promise<void> {
  const { peer } = attempt
  events?.onAsk(peer, request.type)

  try {
    const reply = await send(peer, { signal })
    attempt.outcome = 'stored'
    events?.onReply(peer, request.type, reply)
  } catch (error: any) {
    attempt.outcome = error

    if (!signal.aborted) {
      events?.onError(peer, error)
    }
  }
}

function storedCount (attempts: Map<string, Attempt>): number {
  let count = 0

  for (const { outcome } of attempts.values()) {
    count += outcome === 'stored' ? 1 : 0
  }

  return count
}

function summarise (attempts: Attempt[], { messages, hops }: Pick<QueryResult, 'messages' | 'hops'>): WriteResult {
  return {
    stored: attempts.filter(({ outcome }) => outcome === 'stored').map(({ peer }) => toPeerId(peer)),
    failed: attempts.flatMap(({ peer, outcome }) => outcome instanceof Error ? [{ peer: toPeerId(peer), error: outcome }] : []),
    messages: messages + attempts.length,
    hops
  }
}

function describeFailures (failed: WriteResult['failed']): string {
  return failed.map(({ peer, error }) => `${peer.toString()}: ${error.message}`).join('; ')
}
