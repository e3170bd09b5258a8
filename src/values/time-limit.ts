// A limit to how long somebody else's function may take: a validator that waits for ever would hold up whoever asked for the value.

import { TimeoutError } from '@libp2p/interface'
import { raceSignal } from 'race-signal'
import type { AbortOptions } from '@libp2p/interface'

/**
 * What `run` returns, which is at once if it need not wait. Its signal says when nobody waits any more.
 *
 * @throws {TimeoutError} when it takes longer than `ms`
 */
export async function withTimeLimit <T> (run: (signal: AbortSignal | undefined) => T | Promise<T>, ms: number, { signal }: AbortOptions = {}): Promise<T> {
  signal?.throwIfAborted()
  const ended = new AbortController()
  const result = run(ended.signal)

  if (!(result instanceof Promise)) {
    return result
  }

  const end = (): void => { ended.abort(signal?.reason) }
  const timer = setTimeout(() => { ended.abort(new TimeoutError(`It took longer than ${ms} ms`)) }, ms)
  signal?.addEventListener('abort', end)

  try {
    return await raceSignal(result, ended.signal)
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', end)
  }
}
