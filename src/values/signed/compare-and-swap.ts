// Compare-and-swap of a signed record, by the writer alone: the nodes that hold it know nothing of it, and of two records with the same
// sequence number keep the one that is higher in an order that has nothing to do with who came first.
//
// So a writer looks at each holder before it writes there, and once more when it has been quiet for a while. Whoever meets the word of
// another that is not what it has read was not alone. It then begins anew on top of that other one, also when its own record is the
// higher one and stands: the other may have been acknowledged before. Only a writer that met nobody is acknowledged.

import { equals as uint8ArrayEquals } from 'uint8arrays/equals'
import { QueryError } from '../../query/errors.ts'
import { compareSigned } from './selector.ts'
import type { Contact } from '../../query/contact.ts'
import type { WriteResult } from '../../query/store-nearest.ts'

/** Until a writer looks again, ms: at least so long, and so many times as long as the slowest holder took. Then others that began before it have been there, too. */
const QUIET = { min: 250, roundTrips: 4 }

export interface SwapNeeds {
  /** what a peer holds under the record's key that is valid; undefined for nothing */
  held (peer: Contact, signal: AbortSignal): Promise<Uint8Array | undefined>
  /** stores at the nearest; calls `before` for each of them first, and does not store there when it throws */
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
export async function compareAndSwap (base: Uint8Array | undefined, next: Uint8Array, mine: Uint8Array[], { held, write, sleep, signal }: SwapNeeds): Promise<SwapOutcome> {
  const holders: Contact[] = []
  let rival: Uint8Array | undefined
  let slowest = 0

  /** Whether nobody but this writer and those before it has been there. */
  const look = async (peer: Contact): Promise<boolean> => {
    const bytes = await held(peer, signal)

    if (bytes == null || [next, ...mine].some(own => uint8ArrayEquals(own, bytes)) || (base != null && compareSigned(bytes, base) <= 0)) {
      return true
    }

    rival = rival == null || compareSigned(bytes, rival) > 0 ? bytes : rival

    return false
  }

  let result: WriteResult | undefined
  let failure: unknown

  try {
    result = await write(next, async peer => {
      const begun = Date.now()

      if (!await look(peer)) {
        throw new RivalError('Another writer was faster there')
      }

      slowest = Math.max(slowest, Date.now() - begun)
      holders.push(peer)
    })
  } catch (error) {
    failure = error
  }

  if (rival == null && result != null) {
    await sleep(Math.max(QUIET.min, QUIET.roundTrips * slowest), signal)
    // who does not answer now has answered before
    await Promise.all(holders.map(async peer => look(peer).catch(() => signal.throwIfAborted())))
  }

  if (rival != null) {
    return { rival }
  }

  if (result == null) {
    throw failure
  }

  return { result }
}
