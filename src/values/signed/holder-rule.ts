// What a holder does with a record that comes in. Pure: it is told what is held, and says what to do.

import { equals as uint8ArrayEquals } from 'uint8arrays/equals'
import { compareRanked, rankSigned } from './selector.ts'
import type { SignedRecord } from './payload.ts'
import type { Ranked } from './selector.ts'

export interface HolderDecision {
  /**
   * - `replace`: store what came in
   * - `refresh`: what is held says the same; it stays, and its age starts anew, as `heldUntil` has it
   * - `keep`: what is held stays as it is; the answer carries it, so that the writer learns the newer sequence number
   */
  action: 'replace' | 'refresh' | 'keep'

  /** the owner has signed two different records with the same sequence number: a fault, or a private key that two use. The order chooses, as always */
  equivocation: boolean
}

/**
 * Both records are valid, and under the same key; a record that is held but has expired is none. Whatever comes in, in whatever order
 * and how often, what is held in the end is the highest of them by `compareSigned`.
 */
export function holderRule (held: Uint8Array | undefined, incoming: Uint8Array): HolderDecision {
  if (held == null) {
    return { action: 'replace', equivocation: false }
  }

  const [old, now] = [rankSigned(held), rankSigned(incoming)]
  const order = compareRanked(now, old)
  const sameContent = order === 0 || saysTheSame(now, old)
  const otherwise = sameContent ? 'refresh' : 'keep'

  return {
    action: order > 0 ? 'replace' : otherwise,
    equivocation: !sameContent && now.read != null && now.read.record.seq === old.read?.record.seq
  }
}

/**
 * Whether two records differ in their signature at most. The owner has signed the same twice with an ECDSA key, or somebody
 * has changed the sign of a number in such a signature, which makes another valid one; neither contradicts the other.
 */
function saysTheSame (a: Ranked, b: Ranked): boolean {
  return a.read != null && b.read != null && uint8ArrayEquals(a.read.envelope.payload, b.read.envelope.payload)
}

/** Until when a record that came in, or came again, now is held, unix ms: for so long, ms, and never past the time when it expires. */
export function heldUntil ({ expires }: Pick<SignedRecord, 'expires'>, now: number, lifetime: number): number {
  return Math.min(now + lifetime, expires)
}
