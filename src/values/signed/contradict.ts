// What two records of one owner say, compared.

import { equals as uint8ArrayEquals } from 'uint8arrays/equals'
import { rankSigned } from './selector.ts'

/**
 * Whether two records differ in their signature at most: the owner has signed the same twice with an ECDSA key, or somebody has changed the sign of a
 * number in such a signature, which makes another valid one. No when either can't be read.
 */
export function sayTheSame (a: Uint8Array, b: Uint8Array): boolean {
  const [one, other] = [rankSigned(a).read, rankSigned(b).read]

  return one != null && other != null && uint8ArrayEquals(one.envelope.payload, other.envelope.payload)
}

/**
 * Whether the owner has signed two different records with the same sequence number: a fault, or a private key that two use without knowing of each
 * other. Which of them holds the order says, as always. No when either can't be read.
 */
export function contradict (a: Uint8Array, b: Uint8Array): boolean {
  const [one, other] = [rankSigned(a).read, rankSigned(b).read]

  return one != null && other != null && one.record.seq === other.record.seq && !uint8ArrayEquals(one.envelope.payload, other.envelope.payload)
}
