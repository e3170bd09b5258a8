// Fetches the best value of a key, as soon as enough nodes have answered, and then brings the nodes that should hold it up to date.

import { NotFoundError } from '@libp2p/interface'
import { equals as uint8ArrayEquals } from 'uint8arrays/equals'
import { encodeRequest, MessageType } from '../wire/message.ts'
import { answersNeeded } from './quorum.ts'
import { repair } from './repair.ts'
import { answerIn, isValid } from './value-in.ts'
import type { Quorum } from './quorum.ts'
import type { ReadCache } from './read-cache.ts'
import type { RepairNeeds } from './repair.ts'
import type { Answer } from './value-in.ts'
import type { Contact } from '../query/contact.ts'
import type { QueryResult } from '../query/manager.ts'
import type { QueryEvents } from '../query/query-events.ts'
import type { PeerId } from '@libp2p/interface'

export interface GetNeeds extends RepairNeeds {
  /** one's own */
  peerId: PeerId
  cache: ReadCache
  toPeerId (contact: Contact): PeerId
}

export interface GetOptions {
  signal: AbortSignal
  events?: QueryEvents
  /** false: do not take what this node holds into account */
  useCache?: boolean
  /** true: do not take what was read lately for the present value */
  fresh?: boolean
  /** false: take only what this node holds */
  useNetwork?: boolean
  /** so many nodes have to answer with a valid value; the majority of k if left out */
  quorum?: Quorum
  /** gets the value as soon as there are so many, if that is before the end */
  settle? (value: Uint8Array): void
  /** the search ends when there are so many */
  endsAtQuorum?: boolean
}

/** The best value, and who answered with a valid one; nobody when it is this node's own, or from its memory. */
export interface FoundValue {
  value: Uint8Array
  holders: Contact[]
}

/** What has been found so far. */
interface Findings {
  /** the best, or what all of them come to together; undefined for nothing */
  value?: Uint8Array
  /** whom it is from; nobody where it is this node's own */
  from?: Contact
  /** who answered with a valid value, and which */
  readonly holders: Map<Contact, Uint8Array>
  /** what this node holds itself */
  own?: Uint8Array
  /** all that came, this node's own included */
  readonly answers: Answer[]
  /** why they can't be compared */
  failure?: { error: unknown }
  /** the last one that was told before the end */
  told?: Uint8Array
}

/**
 * Asks the nearest k. A record that is not valid counts as none; the peers that came with it are used all the same.
 *
 * @throws {InvalidParametersError} when the key has no namespace that has a validator, or the quorum is none
 * @throws {NotFoundError} when no peer that was asked has a valid value
 */
export async function getValue (key: Uint8Array, needs: GetNeeds, options: GetOptions): Promise<FoundValue> {
  const { namespaces, store, cache } = needs
  const { signal, events, useCache, fresh, useNetwork } = options
  namespaces.requireNamespace(key)
  const needed = answersNeeded(options.quorum ?? 'majority', needs.queries.k)
  const found: Findings = { holders: new Map(), answers: [] }
  const held = useCache === false ? undefined : await store.get(key, { signal })

  if (held != null && await isValid(namespaces, key, held.value, { signal })) {
    found.own = found.value = held.value
    found.answers.push({ value: held.value, ends: store.endOf(held) })
  }

  // whoever asks for a quorum wants to know what so many say now
  const remembered = useCache === false || fresh === true || options.quorum != null ? undefined : cache.get(key)

  if (remembered != null) {
    // what is held here may have come since
    found.value = found.own == null ? remembered : await namespaces.best(key, [remembered, found.own])

    return { value: tell(found, found.value, needs, events), holders: [] }
  }

  let asked: Asked = { closest: [], complete: false }

  if (useNetwork !== false) {
    try {
      asked = await ask(key, found, needed, needs, options)
    } catch (error: any) {
      // with nobody to ask, what this node holds is the best there is
      if (found.value == null || error.name !== 'NoPeersError') {
        throw error
      }
    }
  }

  if (found.failure != null) {
    throw found.failure.error
  }

  if (found.value == null) {
    throw new NotFoundError(useNetwork === false ? 'This node holds no value under the key' : 'No peer that was asked has a valid value under the key')
  }

  // the last event, as callers of @libp2p/kad-dht expect
  const value = tell(found, found.value, needs, events)
  cache.set(key, found.value.slice())
  repair({ key, value: found.value, own: found.own, ends: endOf(found.value, key, found, needs), holders: found.holders, events, ...asked }, needs)

  return { value, holders: [...found.holders.keys()] }
}

/** When it ends where it is held longest: whoever is given it now does not hold it any longer. */
function endOf (value: Uint8Array, key: Uint8Array, { answers }: Findings, { namespaces }: GetNeeds): number {
  const merges = namespaces.rulesOf(key).merge != null

  return Math.max(...answers.filter(answer => merges || uint8ArrayEquals(answer.value, value) || namespaces.covers(key, answer.value, value)).map(({ ends }) => ends))
}

/** The nearest that answered, and whether there can hardly be nearer ones. */
type Asked = Pick<QueryResult, 'closest' | 'complete'>

/** Asks the nearest, and returns who they are. */
async function ask (key: Uint8Array, found: Findings, needed: number, needs: GetNeeds, { signal, events, quorum, settle, endsAtQuorum }: GetOptions): Promise<Asked> {
  return needs.queries.run({
    key,
    request: encodeRequest({ type: MessageType.GET_VALUE, key }),
    signal,
    events,
    onReply: async (from, reply) => {
      const answer = await answerIn(reply, key, needs.namespaces, { signal })

      if (answer == null) {
        return false
      }

      found.answers.push(answer)

      try {
        await take(found, from, answer.value, key, needs)
      } catch (error) {
        // the selector is at fault, and no peer
        found.failure = { error }
        return true
      }

      const isEnough = found.holders.size >= needed

      // the first one that is good enough, and after that each that is better
      if (isEnough && found.value != null && found.value !== found.told) {
        found.told = found.value
        // whoever did not ask for a quorum expects one value, at the end, as from @libp2p/kad-dht
        const copy = tell(found, found.value, needs, quorum == null ? undefined : events)
        settle?.(copy)
      }

      return endsAtQuorum === true && isEnough
    }
  })
}

async function take (found: Findings, from: Contact, value: Uint8Array, key: Uint8Array, { namespaces }: GetNeeds): Promise<void> {
  for (;;) {
    const before = found.value
    const best = before == null || uint8ArrayEquals(before, value) ? before ?? value : await namespaces.best(key, [before, value])

    // another may have come while these were compared
    if (found.value === before) {
      found.value = best
      found.from = best === value ? from : found.from
      // not before it was compared: so many answers are good enough when the best of all of them is known
      found.holders.set(from, value)

      return
    }
  }
}

/** A copy: the caller may change it, or keep it for long, and with it the message or the store's memory. */
function tell (found: Findings, value: Uint8Array, { peerId, toPeerId }: GetNeeds, events?: QueryEvents): Uint8Array {
  const copy = value.slice()
  events?.onValue(found.from == null ? peerId : toPeerId(found.from), copy)

  return copy
}
