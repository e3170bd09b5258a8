// A pause that can be ended.

/** Resolves after so many ms; rejects when the signal says so, and leaves no timer behind. */
export async function sleep (ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  const onAbort = (): void => { reject(signal.reason) }
  signal.addEventListener('abort', onAbort)

  try {
    await promise
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
}
