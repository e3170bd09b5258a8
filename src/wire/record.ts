// The record of a value, as sent and as stored.

import { InvalidMessageError } from '@libp2p/interface'
import { Record } from './dht.ts'
import { isPeerMultihash } from './peer.ts'
import { plainBytes } from './plain-bytes.ts'

const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/

/** A value and what is known of it. */
export interface ValueRecord {
  readonly key: Uint8Array
  readonly value: Uint8Array
  /** when the holder got it, unix ms; undefined when it does not say, as rust-libp2p */
  readonly timeReceived?: number
  /** rust-libp2p: the multihash of who first published it */
  readonly publisher?: Uint8Array
  /** rust-libp2p: how long it may live, seconds; undefined for no limit of its own */
  readonly ttl?: number
}

/** `timeReceived` has always been written with nine digits of a second's fraction; Go reads any, others may not. */
export function encodeRecord (record: ValueRecord): Uint8Array {
  return Record.encode({
    key: record.key as Uint8Array<ArrayBuffer>,
    value: record.value as Uint8Array<ArrayBuffer>,
    timeReceived: record.timeReceived == null ? '' : new Date(record.timeReceived).toISOString().replace('Z', '000000Z'),
    publisher: (record.publisher ?? new Uint8Array(0)) as Uint8Array<ArrayBuffer>,
    ttl: record.ttl ?? 0
  })
}

/** @throws {Error} when it is no record, or its publisher is no peer id */
export function decodeRecord (bytes: Uint8Array): ValueRecord {
  const { key, value, timeReceived, publisher, ttl } = Record.decode(plainBytes(bytes))

  if (publisher.byteLength > 0 && !isPeerMultihash(publisher)) {
    throw new InvalidMessageError('The publisher of a record is no peer id')
  }

  return {
    key,
    value,
    timeReceived: parseTime(timeReceived),
    publisher: publisher.byteLength === 0 ? undefined : publisher,
    ttl: ttl === 0 ? undefined : ttl
  }
}

/** RFC 3339 with any number of digits of a second's fraction. */
function parseTime (text: string): number | undefined {
  if (!RFC_3339.test(text)) {
    return
  }

  const time = Date.parse(text.replace(/(\.\d{3})\d+/, '$1'))

  return Number.isNaN(time) ? undefined : time
}
