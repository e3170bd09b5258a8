// Something that may take only so long, and less when nobody waits for it any more.

import { TimeoutError } from '@libp2p/interface'

/**
 * Runs it with a signal that is given after `ms`, or with the caller's. It is up to `run` to end then. When it has ended, no timer is left and no
 * listener.
 */
export async function withDeadline <T> (ms: number, signal: AbortSignal, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  signal.throwIfAborted()
  const ended = new AbortController()
  const onAbort = (): void => { ended.abort(signal.reason) }
  const timer = setTimeout(() => { ended.abort(new TimeoutError(`It took longer than ${ms} ms`)) }, ms)
  signal.addEventListener('abort', onAbort)

  try {
    return await run(ended.signal)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
}
