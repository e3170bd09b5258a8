// What stands in the datastore beside a value that is held for others: it says that it is, and all that the index needs to know,
// so that a start reads these and not the values.

import * as varint from 'uint8-varint'
import { concat as uint8ArrayConcat } from 'uint8arrays/concat'
import { fromCharacters, toCharacters } from '../../wire/characters.ts'
import { publisherGroup } from './publisher-group.ts'
import type { Received } from './received-index.ts'
import type { ValueRecord } from '../../wire/record.ts'

/** What is known of a value that is held for others, apart from its key. */
export type Marker = Pick<Received, 'expires' | 'until' | 'received' | 'bytes' | 'publisher'>

/** The first byte, for there may be others in the future. Markers were empty once, and say nothing but that they are there. */
const VERSION = 1

/** No end was given. */
const NONE = 0

/** When a record ends by its age or its time to live, unix ms. One without a time was not written by this node, and its age can't be known. */
export function endOf ({ timeReceived, ttl }: ValueRecord, maxAge: number): number {
  const age = ttl == null ? maxAge : Math.min(maxAge, ttl * 1000)

  return timeReceived == null ? 0 : timeReceived + age
}

/** The marker of a record that has come to its node without one. */
export function markerOf (record: ValueRecord, maxAge: number): Marker {
  return {
    expires: endOf(record, maxAge),
    until: Infinity,
    received: record.timeReceived ?? 0,
    bytes: record.value.byteLength,
    publisher: publisherGroup(record)
  }
}

/** The version, four varints, and the publisher's bytes, if there is one. */
export function encodeMarker ({ expires, until, received, bytes, publisher }: Marker): Uint8Array {
  const numbers = [expires, until === Infinity ? NONE : Math.max(until, NONE + 1), received, bytes]

  return uint8ArrayConcat([Uint8Array.of(VERSION), ...numbers.map(number => varint.encode(whole(number))), fromCharacters(publisher)])
}

/** Undefined when it was written by another version, or is damaged. */
export function decodeMarker (marker: Uint8Array): Marker | undefined {
  if (marker[0] !== VERSION) {
    return
  }

  try {
    let at = 1
    const [expires, until, received, bytes] = Array.from({ length: 4 }, () => {
      const number = varint.decode(marker, at)
      at += varint.encodingLength(number)

      return number
    })

    return { expires, until: until === NONE ? Infinity : until, received, bytes, publisher: toCharacters(marker.subarray(at)) }
  } catch {
    // the value tells
  }
}

/** A record may claim any time. */
function whole (number: number): number {
  return Math.min(Math.max(Math.ceil(number), 0), Number.MAX_SAFE_INTEGER)
}
