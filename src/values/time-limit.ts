// A limit to how long somebody else's function may take: a validator that waits for ever would hold up whoever asked for the value.

import { TimeoutError } from '@libp2p/interface'
import { raceSignal } from 'race-signal'
import type { AbortOptions } from '@libp2p/interface'

/**
 * What `run` returns, which is at once if it need not wait. Its signal says when nobody waits any more. It is not run at all when `signal` was
 * given before.
 *
 * @throws {TimeoutError} when it takes longer than `ms`
 */
export async function withTimeLimit <T> (run: (signal: AbortSignal | undefined) => T | Promise<T>, ms: number, { signal }: AbortOptions = {}): Promise<T> {
  signal?.throwIfAborted()
  const ended = new AbortController()
  const result = run(ended.signal)

  if (!isThenable(result)) {
    return result
  }

  const end = (): void => { ended.abort(signal?.reason) }
  const timer = setTimeout(() => { ended.abort(new TimeoutError(`It took longer than ${ms} ms`)) }, ms)
  signal?.addEventListener('abort', end)

  try {
    return await raceSignal(Promise.resolve(result), ended.signal)
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', end)
  }
}

/** Applications bring promises of their own kinds. */
function isThenable <T> (result: T | Promise<T>): result is Promise<T> {
  return typeof (result as Partial<Promise<T>> | null | undefined)?.then === 'function'
}
