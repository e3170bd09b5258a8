// A write: looks for the nodes nearest to a key, and gives each of them something to store as soon as it is clear that it is one of
// them, while the lookup still waits for others. It tells the truth about what became of it.

import { compareDistance, keyOf } from '../kademlia/key.ts'
import { ENOUGH_HOLDERS, optimisticRule } from '../kademlia/optimistic.ts'
import { toPeerId } from '../wire/peer.ts'
import { QueryError } from './errors.ts'
import { findClosest } from './find-closest.ts'
import { searchRegion } from './region.ts'
import type { Contact } from './contact.ts'
import type { LookupView, Query, QueryManager, QueryResult } from './manager.ts'
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
  /** give it to whoever is near enough to be one of the nearest, by the size of the network, and do not wait for all of them */
  optimistic?: boolean
  /** give it to everyone in the key's region, too */
  region?: RegionMode
  /** gets the result when an optimistic write has holders enough; the rest go on */
  settle? (result: WriteResult): void
}

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
  const rule = options.optimistic === true ? optimisticRule(queries.k, queries.networkSize) : undefined
  let lookup: Pick<QueryResult, 'messages' | 'hops'> = { messages: 0, hops: 0 }

  const sum = (): WriteResult => summarise([...attempts.values()].sort((a, b) => compareDistance(a.peer.key, b.peer.key, target)), lookup)
  const begin = (peers: Contact[]): void => {
    for (const peer of peers) {
      if (!attempts.has(peer.id)) {
        const attempt: Attempt = { peer, outcome: 'under way', ended: Promise.resolve() }
        attempts.set(peer.id, attempt)
        attempt.ended = attemptAt(attempt, write, options).then(() => {
          if (rule != null && storedCount(attempts) >= Math.max(minSuccesses, ENOUGH_HOLDERS * queries.k)) {
            settle?.(sum())
          }
        })
      }
    }
  }

  const found = await findClosest(queries, {
    key,
    signal,
    events,
    onStep: view => {
      lookup = { messages: view.asked, hops: view.hops() }
      begin(view.settled(queries.k))
      const verdict = rule?.(target, view.closest(queries.k))
      begin(verdict?.sure ?? [])

      return verdict?.enough
    }
  })
  lookup = found
  begin(found.closest)
  const { others, messages } = await searchRegion(queries, key, found, { mode: options.region ?? 'off', signal, events })
  lookup = { messages: found.messages + messages, hops: found.hops }
  begin(others)
  await Promise.all([...attempts.values()].map(async ({ ended }) => ended))
  signal.throwIfAborted()
  const result = sum()

  if (result.stored.length < minSuccesses) {
    const took = result.stored.length === 0 ? 'None' : `Only ${result.stored.length}`

    throw new WriteError(`${took} of the ${attempts.size} nearest peers took it${minSuccesses > 1 ? `, and ${minSuccesses} should have` : ''}: ${describeFailures(result.failed)}`, result)
  }

  return result
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
