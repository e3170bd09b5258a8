// Long work in short pieces: whatever else the node does must not wait for it.

import type { AbortOptions } from '@libp2p/interface'

/** How many of what takes some microseconds are done before others get their turn: a millisecond or so. */
export const PIECE = 100

/** The same items, one after another, with a turn for others now and then. It throws when it is given up. */
export async function * paced <T> (items: Iterable<T> | AsyncIterable<T>, options?: AbortOptions): AsyncGenerator<T> {
  let count = 0

  for await (const item of items) {
    yield item

    if (++count % PIECE === 0) {
      await turn(options)
    }
  }
}

/** Lets others have their turn. */
export async function turn (options?: AbortOptions): Promise<void> {
  await new Promise<void>(resolve => { setTimeout(resolve, 0) })
  options?.signal?.throwIfAborted()
}
