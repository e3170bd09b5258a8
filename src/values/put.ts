// Stores a value on the nodes nearest to its key.

import { equals as uint8ArrayEquals } from 'uint8arrays/equals'
import { QueryError } from '../query/errors.ts'
import { findClosest } from '../query/find-closest.ts'
import { describeFailures, storeAt } from '../query/store-at.ts'
import { encodeRequest, MessageType } from '../wire/message.ts'
import { decodeRecord, encodeRecord } from '../wire/record.ts'
import { InvalidRecordError } from './namespaces.ts'
import { storeUnlessWorse } from './store-unless-worse.ts'
import type { Namespaces } from './namespaces.ts'
import type { RecordStore } from './record-store.ts'
import type { Contact } from '../query/contact.ts'
import type { QueryManager } from '../query/manager.ts'
import type { QueryEvents } from '../query/query-events.ts'
import type { WriteResult } from '../query/store-at.ts'
import type { EncodedRequest, Message } from '../wire/message.ts'
import type { ValueRecord } from '../wire/record.ts'
import type { AbortOptions } from '@libp2p/interface'

export interface PutNeeds {
  queries: QueryManager
  store: RecordStore
  namespaces: Namespaces
  maxValueSize: number
  request (to: Contact, request: EncodedRequest, options: AbortOptions): Promise<Message>
}

export interface PutOptions {
  signal: AbortSignal
  events?: QueryEvents
  /** false: store it on this node only */
  useNetwork?: boolean
}

/**
 * Stores it here first, then on the nearest k.
 *
 * @throws {InvalidParametersError} when the key has no namespace that has a validator
 * @throws {InvalidRecordError} when the value is too long, not valid, or older than the one held here
 * @throws {QueryError} when no other node took it; this one still holds it
 */
export async function putValue (key: Uint8Array, value: Uint8Array, needs: PutNeeds, { signal, events, useNetwork }: PutOptions): Promise<WriteResult> {
  const { queries, store, namespaces, maxValueSize } = needs

  if (value.byteLength > maxValueSize) {
    throw new InvalidRecordError(`A value of ${value.byteLength} bytes is over the limit of ${maxValueSize}: store it elsewhere and put its address, or raise limits.valueSize on every node`)
  }

  await namespaces.validate(key, value, { signal })
  await storeUnlessWorse(store, namespaces, { key, value, timeReceived: Date.now() }, { signal })

  if (useNetwork === false) {
    return { stored: [], failed: [], messages: 0, hops: 0 }
  }

  const { closest, messages, hops } = await findClosest(queries, { key, signal, events })
  const request = encodePut({ key, value })
  const result = await storeAt(closest, request, async (to, options) => sendPut(needs, to, request, value, options), signal, events)

  if (result.stored.length === 0) {
    throw new QueryError(`None of the ${closest.length} nearest peers took the value: ${describeFailures(result.failed)}`)
  }

  return { ...result, messages: messages + closest.length, hops }
}

export function encodePut (record: ValueRecord): EncodedRequest {
  return encodeRequest({ type: MessageType.PUT_VALUE, key: record.key, record: encodeRecord({ ...record, timeReceived: Date.now() }) })
}

/** @throws {QueryError} when the peer does not say that it holds this value now */
export async function sendPut ({ request: send }: Pick<PutNeeds, 'request'>, to: Contact, request: EncodedRequest, value: Uint8Array, options: AbortOptions): Promise<Message> {
  const reply = await send(to, request, options)

  if (reply.record == null || !uint8ArrayEquals(decodeRecord(reply.record).value, value)) {
    throw new QueryError('The peer did not take the value')
  }

  return reply
}
