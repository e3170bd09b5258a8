// Waiting for the other side to read. The stream's own `onDrain()` waits the first time only.

import { StreamResetError } from '@libp2p/interface'
import type { AbortOptions, Stream } from '@libp2p/interface'

/** Resolves when the stream takes more; rejects when it has closed, or when the signal says so. */
export async function drained (stream: Stream, { signal }: AbortOptions = {}): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const onDrain = (): void => { resolve() }
  const onClose = (): void => { reject(new StreamResetError('The stream has closed')) }
  const onAbort = (): void => { reject(signal?.reason) }
  stream.addEventListener('drain', onDrain)
  stream.addEventListener('close', onClose)
  signal?.addEventListener('abort', onAbort)

  try {
    signal?.throwIfAborted()
    await promise
  } finally {
    stream.removeEventListener('drain', onDrain)
    stream.removeEventListener('close', onClose)
    signal?.removeEventListener('abort', onAbort)
  }
}
