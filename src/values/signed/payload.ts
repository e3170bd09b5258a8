// What a signed record says, and how that is written: in one way only, so that whoever reads the same reads the same bytes.

import { InvalidParametersError } from '@libp2p/interface'
import { equals as uint8ArrayEquals } from 'uint8arrays/equals'
import { InvalidRecordError } from '../namespaces.ts'
import { MAX_SEQUENCE, MAX_TTL } from './limits.ts'
import { parseSignedKey } from './signed-key.ts'
import { Rule, SignedPayload } from './signed-payload.ts'

/** What an owner says under a key. */
export interface SignedRecord {
  /** the whole key of the DHT, as `signedKey` makes it */
  key: Uint8Array

  /** of two records under the same key the one with the higher sequence number holds; a uint64 */
  seq: bigint

  /** when it ends to be valid, unix ms */
  expires: number

  /** how long a reader may keep it without asking again, seconds; a uint32 */
  ttl: number

  /** the user's bytes. Those of a TOMBSTONE mean nothing */
  value: Uint8Array

  /** TOMBSTONE: the owner has deleted the record. It is ordered by its sequence number as any other, so it holds against lower ones until it expires */
  rule: `${Rule}`
}

/** @throws {InvalidParametersError} when a field is out of its range */
export function encodePayload ({ key, seq, expires, ttl, value, rule }: SignedRecord): Uint8Array {
  parseSignedKey(key)

  if (seq < 0n || seq > MAX_SEQUENCE) {
    throw new InvalidParametersError(`The sequence number of a signed record is a bigint from 0 to ${MAX_SEQUENCE}, not ${seq}`)
  }

  if (!Number.isSafeInteger(expires) || expires < 0) {
    throw new InvalidParametersError(`A signed record expires at a time in whole unix milliseconds, not ${expires}`)
  }

  if (!Number.isInteger(ttl) || ttl < 0 || ttl > MAX_TTL) {
    throw new InvalidParametersError(`The time to live of a signed record is 0 to ${MAX_TTL} whole seconds, not ${ttl}`)
  }

  if (!Object.hasOwn(Rule, rule)) {
    throw new InvalidParametersError(`The rule of a signed record is ${Object.keys(Rule).join(' or ')}, not ${String(rule)}`)
  }

  return SignedPayload.encode({
    key: key as Uint8Array<ArrayBuffer>,
    seq,
    expires: BigInt(expires),
    ttl,
    value: value as Uint8Array<ArrayBuffer>,
    rule: Rule[rule]
  })
}

/**
 * Reads a payload. Its bytes are views of those given.
 *
 * @throws {InvalidRecordError} when it can't be read, has fields that are unknown, twice, out of order or out of range, or its key is that of no signed record
 */
export function decodePayload (bytes: Uint8Array): SignedRecord {
  let payload: SignedPayload
  let again: Uint8Array

  try {
    payload = SignedPayload.decode(bytes)
    parseSignedKey(payload.key)
    again = SignedPayload.encode(payload)
  } catch (error: any) {
    throw new InvalidRecordError(`What was signed is no record: ${error.message}`, { cause: error })
  }

  // one check for all that a lenient decoder lets pass: no field is unknown, twice, missing its place, or longer than it must be
  if (!uint8ArrayEquals(again, bytes)) {
    throw new InvalidRecordError('What was signed is no record: its fields are those of the payload, each once, in their order, and left out when they are empty')
  }

  if (payload.expires > Number.MAX_SAFE_INTEGER) {
    throw new InvalidRecordError(`A signed record that expires at ${payload.expires} is too far ahead: times are unix milliseconds`)
  }

  return { ...payload, expires: Number(payload.expires) }
}
