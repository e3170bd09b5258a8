// Compare-and-swap of a signed record, by the writer alone: the nodes that hold it know nothing of it, and of two records with the same
// sequence number keep the one that is higher in an order that has nothing to do with who came first.
//
// So a writer looks at each holder before it writes there, and once more when it has been quiet for a while. Whoever meets the word of
// another that is not what it has read was not alone. It then begins anew on top of that other one, also when its own record is the
// higher one and stands: the other may have been acknowledged before. Only a writer that met nobody is acknowledged.

import { equals as uint8ArrayEquals } from 'uint8arrays/equals'
import { QueryError } from '../../query/errors.ts'
import { attempt, betterValues } from '../put.ts'
import { compareSigned } from './selector.ts'
import type { Contact } from '../../query/contact.ts'
import type { WriteResult } from '../../query/write-result.ts'

/**
 * Until a writer looks again, ms: so many times as long as the slowest holder took, at least and at the most so long. Then others that began before it have been there, too.
 * One holder that takes its time is not to hold up a writer for long.
 */
const QUIET = { min: 250, most: 2_000, roundTrips: 4 }

export interface SwapNeeds {
  /** what a peer holds under the record's key that is valid; undefined for nothing */
  held (peer: Contact, signal: AbortSignal): Promise<Uint8Array | undefined>
  /** the same of this node: others may take it for a holder, and it is none of its own */
  heldHere (signal: AbortSignal): Promise<Uint8Array | undefined>
  /**
   * Stores at the nearest, and not on this node, where nobody would see a record that came to nothing but this node itself, which would take it
   * for what all have. Calls `before` for each of them first, and does not store there when it throws.
   */
  write (bytes: Uint8Array, before: (peer: Contact) => Promise<void>): Promise<WriteResult>
  sleep (ms: number, signal: AbortSignal): Promise<void>
  signal: AbortSignal
}

export type SwapOutcome = { result: WriteResult } | {
  /** the highest of those that others have written */
  rival: Uint8Array
}

/** Another has written there. */
class RivalError extends QueryError {}

/**
 * Writes `next` in place of `base`, which is what the writer has read; undefined for nothing. `mine`: what it has written before on its way
 * there, which nobody else's change is.
 *
 * @throws {QueryError} when too few took it
 */
export async function compareAndSwap (base: Uint8Array | undefined, next: Uint8Array, mine: Uint8Array[], { held, heldHere, write, sleep, signal }: SwapNeeds): Promise<SwapOutcome> {
  const holders: Contact[] = []
  const rivals: Uint8Array[] = []
  let slowest = 0

  /** Whether somebody else than this writer and those before it has been there. */
  const meets = (bytes: Uint8Array | undefined): boolean => {
    if (bytes == null || [next, ...mine].some(own => uint8ArrayEquals(own, bytes)) || (base != null && compareSigned(bytes, base) <= 0)) {
      return false
    }

    rivals.push(bytes)

    return true
  }

  const lookAndWrite = async (): Promise<WriteResult> => write(next, async peer => {
    const begun = Date.now()

    if (meets(await held(peer, signal))) {
      throw new RivalError('Another writer was faster there')
    }

    slowest = Math.max(slowest, Date.now() - begun)
    holders.push(peer)
  })

  if (meets(await heldHere(signal))) {
    return { rival: highestOf(rivals) }
  }

  const written = await attempt(lookAndWrite)
  // those that came between the look and the write
  betterValues(written).forEach(meets)

  if (rivals.length === 0 && 'result' in written) {
    await sleep(Math.min(QUIET.most, Math.max(QUIET.min, QUIET.roundTrips * slowest)), signal)
    // who does not answer now has answered before
    await Promise.all(holders.map(async peer => held(peer, signal).then(meets, () => { signal.throwIfAborted() })))
    meets(await heldHere(signal))
  }

  if (rivals.length > 0) {
    return { rival: highestOf(rivals) }
  }

  if ('error' in written) {
    throw written.error
  }

  return written
}

function highestOf (rivals: Uint8Array[]): Uint8Array {
  return rivals.reduce((highest, rival) => compareSigned(rival, highest) > 0 ? rival : highest)
}
