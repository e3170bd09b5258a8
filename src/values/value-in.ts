// What a peer answers to GET_VALUE: the value, if there is a valid one of the key that was asked for.

import { equals as uint8ArrayEquals } from 'uint8arrays/equals'
import { encodeRequest, MessageType } from '../wire/message.ts'
import { decodeRecord } from '../wire/record.ts'
import { endElsewhere } from './life.ts'
import type { Namespaces } from './namespaces.ts'
import type { Contact } from '../query/contact.ts'
import type { EncodedRequest, Message } from '../wire/message.ts'
import type { ValueRecord } from '../wire/record.ts'
import type { AbortOptions } from '@libp2p/interface'

export interface AskNeeds {
  namespaces: Namespaces
  request (to: Contact, request: EncodedRequest, options: AbortOptions): Promise<Message>
}

/**
 * Asks one peer, and nobody else. Undefined when it has no valid value.
 *
 * @throws {Error} when it does not answer
 */
export async function heldBy (peer: Contact, key: Uint8Array, { request, namespaces }: AskNeeds, options: AbortOptions): Promise<Uint8Array | undefined> {
  const answer = await answerIn(await request(peer, encodeRequest({ type: MessageType.GET_VALUE, key }), options), key, namespaces, options)

  return answer?.value
}

/** A valid value, and when it ends where it is held, unix ms. */
export interface Answer {
  value: Uint8Array
  ends: number
}

/** Undefined when there is none, or it is not valid. */
export async function answerIn (reply: Message, key: Uint8Array, namespaces: Namespaces, options: AbortOptions): Promise<Answer | undefined> {
  const record = recordIn(reply, key)

  if (record != null && await isValid(namespaces, key, record.value, options)) {
    return { value: record.value, ends: endElsewhere(record, Date.now()) }
  }
}

export async function isValid (namespaces: Namespaces, key: Uint8Array, value: Uint8Array, options: AbortOptions): Promise<boolean> {
  try {
    await namespaces.validate(key, value, options)
    return true
  } catch {
    options.signal?.throwIfAborted()
    return false
  }
}

function recordIn (reply: Message, key: Uint8Array): ValueRecord | undefined {
  try {
    const record = reply.record == null ? undefined : decodeRecord(reply.record)

    return record != null && uint8ArrayEquals(record.key, key) ? record : undefined
  } catch {
    // a record that can't be read is none
  }
}
