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
import { BetterValueError } from '../put.ts'
import { compareSigned } from './selector.ts'
import type { Contact } from '../../query/contact.ts'
import type { WriteResult } from '../../query/store-nearest.ts'

/**
 * Until a writer looks again, ms: so many times as long as the slowest holder took, at least and at the most so long. Then others that began before it have been there, too.
 * One holder that takes its time is not to hold up a writer for long.
 */
const QUIET = { min: 250, most: 2_000, roundTrips: 4 }

export interface SwapNeeds {
  /** what a peer holds under the record's key that is valid; undefined for nothing */
  held (peer: Contact, signal: AbortSignal): Promise<Uint8Array | undefined>
  /** stores at the nearest others; calls `before` for each of them first, and does not store there when it throws */
  write (bytes: Uint8Array, before: (peer: Contact) => Promise<void>): Promise<WriteResult>
  /**
   * Stores it on this node, which others read from, too: only what has prevailed, or it would hide from them what has.
   *
   * @throws {BetterValueError} when a better one is there
   */
  keep (bytes: Uint8Array): Promise<void>
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
export async function compareAndSwap (base: Uint8Array | undefined, next: Uint8Array, mine: Uint8Array[], { held, write, keep, sleep, signal }: SwapNeeds): Promise<SwapOutcome> {
  const holders = new Map<string, Contact>()
  let rival: Uint8Array | undefined
  let slowest = 0

  /** Whether it is the word of somebody else that this writer has not read. */
  const isOthers = (bytes: Uint8Array): boolean => ![next, ...mine].some(own => uint8ArrayEquals(own, bytes)) && (base == null || compareSigned(bytes, base) > 0)
  const prevails = (): boolean => rival == null || compareSigned(next, rival) > 0

  const meet = (bytes: Uint8Array): void => {
    if (isOthers(bytes) && (rival == null || compareSigned(bytes, rival) > 0)) {
      rival = bytes
    }
  }

  /** What is there; undefined for nothing. */
  const look = async (peer: Contact): Promise<Uint8Array | undefined> => {
    const begun = Date.now()
    const bytes = await held(peer, signal)
    slowest = Math.max(slowest, Date.now() - begun)

    if (bytes != null) {
      meet(bytes)
    }

    return bytes
  }

  /** Stores it where there is nothing of others; where `overLower`, also where that is lower. */
  const store = async (overLower: boolean): Promise<Written> => {
    const written = await attempt(write(next, async peer => {
      const bytes = await look(peer)

      if (bytes != null && isOthers(bytes) && !(overLower && compareSigned(next, bytes) > 0)) {
        throw new RivalError('Another writer was faster there')
      }

      holders.set(peer.id, peer)
    }))

    resultOf(written)?.failed.forEach(({ error }) => {
      // it came there after the look
      if (error instanceof BetterValueError) {
        meet(error.held)
      }
    })

    return written
  }

  let written = await store(false)
  const isAhead = isMost(written)

  if (rival != null) {
    if (!prevails() || !isAhead) {
      return { rival }
    }

    written = await store(true)
  }

  if (prevails() && 'result' in written) {
    await sleep(Math.min(QUIET.most, Math.max(QUIET.min, QUIET.roundTrips * slowest)), signal)
    // who does not answer now has answered before
    await Promise.all([...holders.values()].map(async peer => look(peer).catch(() => signal.throwIfAborted())))
  }

  if (rival != null && !(prevails() && isAhead)) {
    return { rival }
  }

  if ('failure' in written) {
    throw written.failure
  }

  try {
    await keep(next)
  } catch (error) {
    if (error instanceof BetterValueError) {
      return { rival: error.held }
    }

    throw error
  }

  return written
}

/** What became of a write. */
type Written = { result: WriteResult } | { failure: unknown }

async function attempt (write: Promise<WriteResult>): Promise<Written> {
  return write.then(result => ({ result }), (failure: unknown) => ({ failure }))
}

/** Whom it was given to, as far as that is known. */
function resultOf (written: Written): WriteResult | undefined {
  if ('result' in written) {
    return written.result
  }

  return written.failure instanceof WriteError ? written.failure.result : undefined
}

/** Whether most of those that were to be given it have taken it. */
function isMost (written: Written): boolean {
  const result = resultOf(written)

  return result != null && result.stored.length > result.failed.length
}
