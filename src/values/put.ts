// Stores a value on the nodes nearest to its key.

import { QueryError } from '../query/errors.ts'
import { storeNearest } from '../query/store-nearest.ts'
import { WriteError } from '../query/write-result.ts'
import { encodeRequest, MessageType } from '../wire/message.ts'
import { decodeRecord, encodeRecord } from '../wire/record.ts'
import { hold } from './hold.ts'
import { InvalidRecordError } from './namespaces.ts'
import type { HoldNeeds } from './hold.ts'
import type { Contact } from '../query/contact.ts'
import type { QueryManager } from '../query/manager.ts'
import type { StoreOptions, Write } from '../query/store-nearest.ts'
import type { WriteResult } from '../query/write-result.ts'
import type { EncodedRequest, Message } from '../wire/message.ts'
import type { ValueRecord } from '../wire/record.ts'
import type { AbortOptions } from '@libp2p/interface'

export interface PutNeeds extends HoldNeeds {
  queries: QueryManager
  maxValueSize: number
  request (to: Contact, request: EncodedRequest, options: AbortOptions): Promise<Message>
}

export interface PutOptions extends StoreOptions {
  /** false: store it on this node only */
  useNetwork?: boolean
  /** comes when this node holds it, before anyone else is given it */
  onHeld? (): Promise<void>
  /** comes before each peer is given it; when it throws, the peer is not. Then it is not stored on this node either: whoever looks first decides on that afterwards */
  before? (peer: Contact): Promise<void>
}

/** Whoever was given a value has a better one: `held`. */
export class BetterValueError extends QueryError {
  readonly held: Uint8Array

  constructor (held: Uint8Array) {
    super('A better value is held under the key already: get it first, and make one that replaces it')
    this.held = held
  }
}

/**
 * Stores it here first, then on the nearest k.
 *
 * @throws {InvalidParametersError} when the key has no namespace that has a validator
 * @throws {InvalidRecordError} when the value is too long, not valid, or worse than the one held here
 * @throws {BetterValueError} the same, in namespaces that answer with what is held
 * @throws {QueryError} when fewer nodes than `minSuccesses` took it; this one still holds it
 */
export async function putValue (key: Uint8Array, value: Uint8Array, needs: PutNeeds, { useNetwork, onHeld, before, ...options }: PutOptions): Promise<WriteResult> {
  const { queries, namespaces, maxValueSize } = needs

  if (value.byteLength > maxValueSize) {
    throw new InvalidRecordError(`A value of ${value.byteLength} bytes is over the limit of ${maxValueSize}: store it elsewhere and put its address, or raise limits.valueSize on every node`)
  }

  await namespaces.validate(key, value, options)

  if (before == null) {
    const held = await hold({ key, value, timeReceived: Date.now() }, needs, { signal: options.signal, own: true })

    if (!namespaces.covers(key, held.value, value)) {
      throw new BetterValueError(held.value)
    }
  }

  await onHeld?.()

  if (useNetwork === false) {
    return { stored: [], failed: [], messages: 0, hops: 0 }
  }

  const request = encodePut({ key, value })

  const send: Write['send'] = async (to, options) => {
    await before?.(to)

    return sendPut(needs, to, request, { key, value }, options)
  }

  return storeNearest(queries, { key, request, send }, options)
}

/** What became of a put. */
export type Written = { result: WriteResult } | { error: unknown }

/** Its error is a thing to look at. */
export async function attempt (put: () => Promise<WriteResult>): Promise<Written> {
  try {
    return { result: await put() }
  } catch (error) {
    return { error }
  }
}

/** The better ones that others turned out to have, or this node, whether or not others took this one. */
export function betterValues (written: Written): Uint8Array[] {
  return errorsOf(written).flatMap(error => error instanceof BetterValueError ? [error.held] : [])
}

function errorsOf (written: Written): unknown[] {
  if ('error' in written && !(written.error instanceof WriteError)) {
    return [written.error]
  }

  const { result } = 'result' in written ? written : written.error as WriteError

  return result.failed.map(({ error }) => error)
}

export function encodePut (record: ValueRecord): EncodedRequest {
  return encodeRequest({ type: MessageType.PUT_VALUE, key: record.key, record: encodeRecord({ ...record, timeReceived: Date.now() }) })
}

/**
 * @throws {BetterValueError} when the peer holds a better one
 * @throws {QueryError} when it does not say that it holds this value now
 */
export async function sendPut ({ request: send, namespaces }: Pick<PutNeeds, 'request' | 'namespaces'>, to: Contact, request: EncodedRequest, { key, value }: Pick<ValueRecord, 'key' | 'value'>, options: AbortOptions): Promise<Message> {
  const reply = await send(to, request, options)
  const held = reply.record == null ? undefined : decodeRecord(reply.record).value

  if (held != null && await isCovered(namespaces, key, held, value, options)) {
    return reply
  }

  if (held != null && namespaces.rulesOf(key).answersHeld === true && await isBetter(namespaces, key, held, value, options)) {
    throw new BetterValueError(held)
  }

  throw new QueryError('The peer did not take the value')
}

async function isCovered (namespaces: PutNeeds['namespaces'], key: Uint8Array, held: Uint8Array, value: Uint8Array, options: AbortOptions): Promise<boolean> {
  if (namespaces.rulesOf(key).merge != null) {
    // what a peer has merged may be anything
    await namespaces.validate(key, held, options)
  }

  return namespaces.covers(key, held, value)
}

/** Anyone can say that it holds a better one: it has to be valid, too. */
async function isBetter (namespaces: PutNeeds['namespaces'], key: Uint8Array, held: Uint8Array, value: Uint8Array, options: AbortOptions): Promise<boolean> {
  try {
    await namespaces.validate(key, held, options)
    return await namespaces.select(key, [value, held]) === 1
  } catch {
    options.signal?.throwIfAborted()
    return false
  }
}
