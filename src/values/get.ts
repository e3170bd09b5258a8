// Fetches the best value of a key, and brings the nodes that should hold it up to date.

import { NotFoundError } from '@libp2p/interface'
import { equals as uint8ArrayEquals } from 'uint8arrays/equals'
import { encodeRequest, MessageType } from '../wire/message.ts'
import { decodeRecord } from '../wire/record.ts'
import { encodePut, sendPut } from './put.ts'
import { storeUnlessWorse } from './store-unless-worse.ts'
import type { PutNeeds } from './put.ts'
import type { Contact } from '../query/contact.ts'
import type { QueryEvents } from '../query/query-events.ts'
import type { Message } from '../wire/message.ts'
import type { ValueRecord } from '../wire/record.ts'
import type { AbortOptions, PeerId } from '@libp2p/interface'

export interface GetNeeds extends PutNeeds {
  self: PeerId
  toPeerId (contact: Contact): PeerId
  /** runs what nobody waits for; it ends when the node stops */
  background (task: (options: { signal: AbortSignal }) => Promise<void>): void
}

export interface GetOptions {
  signal: AbortSignal
  events?: QueryEvents
  /** false: do not take what this node holds into account */
  useCache?: boolean
  /** false: take only what this node holds */
  useNetwork?: boolean
}

/** A value and who had it; nobody where it is this node's own. */
interface Found {
  from?: Contact
  record: ValueRecord
}

/**
 * Asks the nearest k. A record that is not valid counts as none; the peers that came with it are used all the same.
 *
 * @throws {InvalidParametersError} when the key has no namespace that has a validator
 * @throws {NotFoundError} when no peer that was asked has a valid value
 */
export async function getValue (key: Uint8Array, needs: GetNeeds, { signal, events, useCache, useNetwork }: GetOptions): Promise<Uint8Array> {
  const { namespaces, queries, store, self } = needs
  namespaces.requireNamespace(key)

  const found: Found[] = []
  const held = useCache === false ? undefined : await store.get(key, { signal })

  if (held != null && await isValid(needs, key, held.value, signal)) {
    found.push({ record: held })
  }

  let closest: Contact[] = []

  if (useNetwork !== false) {
    try {
      closest = (await queries.run({
        key,
        request: encodeRequest({ type: MessageType.GET_VALUE, key }),
        signal,
        events,
        onReply: async (from, reply) => {
          const record = recordIn(reply, key)

          if (record != null && await isValid(needs, key, record.value, signal)) {
            found.push({ from, record })
          }

          return false
        }
      })).closest
    } catch (error: any) {
      // with nobody to ask, what this node holds is the best there is
      if (found.length === 0 || error.name !== 'NoPeersError') {
        throw error
      }
    }
  }

  if (found.length === 0) {
    throw new NotFoundError(useNetwork === false ? 'This node holds no value under the key' : 'No peer that was asked has a valid value under the key')
  }

  const best = found[await namespaces.select(key, found.map(({ record }) => record.value))]
  // a copy: the caller may change it, or keep it for long, and with it the message or the store's memory
  const value = best.record.value.slice()
  events?.onValue(best.from == null ? self : needs.toPeerId(best.from), value)
  repair(best.record, found, closest, needs)

  return value
}

function recordIn (reply: Message, key: Uint8Array): ValueRecord | undefined {
  try {
    const record = reply.record == null ? undefined : decodeRecord(reply.record)

    return record != null && uint8ArrayEquals(record.key, key) ? record : undefined
  } catch {
    // a record that can't be read is none
  }
}

async function isValid ({ namespaces }: GetNeeds, key: Uint8Array, value: Uint8Array, signal: AbortSignal): Promise<boolean> {
  try {
    await namespaces.validate(key, value, { signal })
    return true
  } catch {
    signal.throwIfAborted()
    return false
  }
}

/** Sends the best value to those of the nearest k that have another or none. What they say to it concerns nobody. */
function repair (record: ValueRecord, found: Found[], closest: Contact[], needs: GetNeeds): void {
  const current = new Set(found.filter(({ record: theirs }) => uint8ArrayEquals(theirs.value, record.value)).map(({ from }) => from?.id))
  const behind = closest.filter(peer => !current.has(peer.id))
  const ownIsBehind = found.some(({ from }) => from == null) && !current.has(undefined)

  if (behind.length === 0 && !ownIsBehind) {
    return
  }

  needs.background(async ({ signal }) => {
    const request = encodePut(record)
    const options: AbortOptions = { signal }

    await Promise.allSettled([
      ...behind.map(async peer => sendPut(needs, peer, request, record.value, options)),
      ownIsBehind ? storeUnlessWorse(needs.store, needs.namespaces, { ...record, timeReceived: Date.now() }, options) : undefined
    ])
  })
}
