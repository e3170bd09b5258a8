// Answers GET_VALUE and PUT_VALUE.

import { InvalidMessageError } from '@libp2p/interface'
import { equals as uint8ArrayEquals } from 'uint8arrays/equals'
import { keyOf } from '../kademlia/key.ts'
import { ttlLeft } from '../kademlia/replication.ts'
import { decodeRecord, encodeRecord } from '../wire/record.ts'
import { hold } from './hold.ts'
import type { HoldNeeds } from './hold.ts'
import type { RecordStore } from './store/record-store.ts'
import type { Key } from '../kademlia/key.ts'
import type { ValueRecord } from '../wire/record.ts'
import type { RequestHandler } from '../wire/server.ts'

export interface ValueHandlerNeeds extends HoldNeeds {
  /** the longest value that is taken, bytes */
  maxValueSize: number
  /** one's own public key, which nobody needs to have stored */
  ownKey: { key: Uint8Array, value: Uint8Array }
  /** the nearest peers, as they go into a reply */
  closerPeers (target: Key, requester: string): Uint8Array[]
}

/** The record if there is a valid one, and closer peers always. */
export function getValueHandler ({ store, namespaces, ownKey, closerPeers }: ValueHandlerNeeds): RequestHandler {
  const find = async (key: Uint8Array): Promise<ValueRecord | undefined> => {
    if (uint8ArrayEquals(key, ownKey.key)) {
      return { ...ownKey, timeReceived: Date.now() }
    }

    const record = await store.get(key)

    if (record != null) {
      try {
        await namespaces.validate(key, record.value)
        return record
      } catch {
        // it was valid once, as an IPNS record is until its end; it is not any more
      }
    }
  }

  return async ({ key }, from) => {
    const record = await find(key)

    return {
      record: record == null ? undefined : encodeRecord(withTimeLeft(record, store)),
      closer: closerPeers(keyOf(key), from.id)
    }
  }
}

/** On the wire a time to live is what is left of it: rust-libp2p counts it from when it comes. */
function withTimeLeft (record: ValueRecord, store: RecordStore): ValueRecord {
  return record.ttl == null ? record : { ...record, ttl: Math.max(1, ttlLeft(store.endOf(record), Date.now())) }
}

/** Stores a valid value unless a better one is held. The reply carries the record as it is held. */
export function putValueHandler (needs: ValueHandlerNeeds): RequestHandler {
  const { namespaces, maxValueSize } = needs

  return async (request, from) => {
    if (request.record == null) {
      throw new InvalidMessageError('PUT_VALUE came without a record')
    }

    const record = decodeRecord(request.record)

    if (!uint8ArrayEquals(record.key, request.key)) {
      throw new InvalidMessageError('PUT_VALUE has one key, and its record another')
    }

    if (record.value.byteLength > maxValueSize) {
      throw new InvalidMessageError(`A value of ${record.value.byteLength} bytes is over the limit of ${maxValueSize}`)
    }

    await namespaces.validate(record.key, record.value)

    const held = await hold({ ...record, timeReceived: Date.now() }, needs, { received: true, from: from.id })

    return { record: encodeRecord(withTimeLeft(held, needs.store)) }
  }
}
