// Compare-and-swap of a signed record, by the writer alone: the nodes that hold it know nothing of it, and of two records with the same
// sequence number keep the one that is higher in an order that has nothing to do with who came first.
//
// So a writer looks at each holder before it writes there, and once more when it has been quiet for a while. Whoever meets the word of
// another that is not what it has read was not alone. It then begins anew on top of that other one, for that may have been acknowledged
// before; but not where its own record is the higher one, and most holders had nothing of others before they took it: then those others
// find it there when they look once more, and are not acknowledged. So of several that race at once the highest gets through, and no
// writer is acknowledged whose record does not stand.

import { equals as uint8ArrayEquals } from 'uint8arrays/equals'
import { QueryError } from '../../query/errors.ts'
import { WriteError } from '../../query/store-nearest.ts'
import { attempt, betterValues } from '../put.ts'
import { compareSigned } from './selector.ts'
import type { Contact } from '../../query/contact.ts'
import type { WriteResult } from '../../query/store-nearest.ts'
import type { Written } from '../put.ts'

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
  const holders = new Map<string, Contact>()
  let rival: Uint8Array | undefined
  let slowest = 0

  /** Whether that is of somebody else than this writer and those before it. */
  const meets = (bytes: Uint8Array | undefined): bytes is Uint8Array => {
    if (bytes == null || [next, ...mine].some(own => uint8ArrayEquals(own, bytes)) || (base != null && compareSigned(bytes, base) <= 0)) {
      return false
    }

    rival = rival == null || compareSigned(bytes, rival) > 0 ? bytes : rival

    return true
  }

  const isHighest = (): boolean => rival == null || compareSigned(next, rival) > 0

  /** Stores it where nobody else has written; where `overLower`, also where that is lower. */
  const lookAndWrite = async (overLower: boolean): Promise<Written> => {
    const written = await attempt(async () => write(next, async peer => {
      const begun = Date.now()
      const bytes = await held(peer, signal)

      if (meets(bytes) && !(overLower && compareSigned(next, bytes) > 0)) {
        throw new RivalError('Another writer was faster there')
      }

      slowest = Math.max(slowest, Date.now() - begun)
      holders.set(peer.id, peer)
    }))

    // those that came between the look and the write
    betterValues(written).forEach(meets)

    return written
  }

  const here = await heldHere(signal)

  if (meets(here)) {
    return { rival: here }
  }

  let written = await lookAndWrite(false)
  const isAhead = isMost(written)

  if (rival != null && isAhead && isHighest()) {
    written = await lookAndWrite(true)
  }

  if ((rival == null || (isAhead && isHighest())) && 'result' in written) {
    await sleep(Math.min(QUIET.most, Math.max(QUIET.min, QUIET.roundTrips * slowest)), signal)
    // who does not answer now has answered before
    await Promise.all([...holders.values()].map(async peer => held(peer, signal).then(meets, () => { signal.throwIfAborted() })))
    meets(await heldHere(signal))
  }

  if (rival != null && !(isAhead && isHighest())) {
    return { rival }
  }

  if ('error' in written) {
    throw written.error
  }

  return written
}

/** Whether most of those that were to be given it have taken it. */
function isMost (written: Written): boolean {
  if ('error' in written && !(written.error instanceof WriteError)) {
    return false
  }

  const { stored, failed } = 'result' in written ? written.result : (written.error as WriteError).result

  return stored.length > failed.length
}
