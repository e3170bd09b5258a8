// How long a round trip to a peer takes, by libp2p's ping protocol: bytes that nobody can foresee come back as they are.

import { InvalidMessageError, StreamResetError } from '@libp2p/interface'
import { equals as uint8ArrayEquals } from 'uint8arrays/equals'
import { withDeadline } from './deadline.ts'
import { drained } from './drained.ts'
import type { Connection, Stream, StreamMessageEvent } from '@libp2p/interface'

export const PING_PROTOCOL = '/ipfs/ping/1.0.0'

/** What is sent, bytes: as the ping specification says. */
const LENGTH = 32

/** How long the other side may take to close its end, ms. */
const CLOSE_TIMEOUT = 1_000

/**
 * The time from sending to the last byte of the reply, ms. Opening the stream does not count. When it returns, the stream is closed or reset.
 *
 * @throws {InvalidMessageError} when something else comes back
 * @throws {StreamResetError} when the peer closes the stream
 */
export async function ping (connection: Pick<Connection, 'newStream'>, signal: AbortSignal): Promise<number> {
  // a connection over a relay is good enough: that is how far away the peer is
  const stream = await connection.newStream(PING_PROTOCOL, { signal, runOnLimitedConnection: true })

  try {
    const sent = globalThis.crypto.getRandomValues(new Uint8Array(LENGTH))
    const start = performance.now()
    const received = await echo(stream, sent, signal)
    const ms = performance.now() - start

    if (!uint8ArrayEquals(sent, received)) {
      throw new InvalidMessageError('The peer answered a ping with other bytes')
    }

    await close(stream, signal)

    return ms
  } catch (error: any) {
    stream.abort(error)
    throw error
  }
}

/** The shortest round trip on these connections, ms, as libp2p has measured it; undefined when it has not. */
export function roundTripOf (connections: ReadonlyArray<Pick<Connection, 'rtt'>>): number | undefined {
  const times = connections.flatMap(({ rtt }) => rtt ?? [])

  return times.length === 0 ? undefined : Math.min(...times)
}

/** Sends the bytes and returns as many that come back. */
async function echo (stream: Stream, bytes: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
  const received = new Uint8Array(bytes.byteLength)
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
  let length = 0

  const onMessage = ({ data }: StreamMessageEvent): void => {
    if (length + data.byteLength > received.byteLength) {
      reject(new InvalidMessageError('The peer answered a ping with more bytes than it got'))
      return
    }

    received.set(data.subarray(), length)
    length += data.byteLength

    if (length === received.byteLength) {
      resolve(received)
    }
  }
  const onClose = (): void => { reject(new StreamResetError('The peer closed the stream')) }
  const onAbort = (): void => { reject(signal.reason) }
  // where sending fails, nobody waits for the reply
  promise.catch(() => {})
  stream.addEventListener('message', onMessage)
  stream.addEventListener('close', onClose)
  stream.addEventListener('remoteCloseWrite', onClose)
  signal.addEventListener('abort', onAbort)

  try {
    signal.throwIfAborted()

    if (!stream.send(bytes)) {
      await Promise.race([promise, drained(stream, { signal })])
    }

    return await promise
  } finally {
    stream.removeEventListener('message', onMessage)
    stream.removeEventListener('close', onClose)
    stream.removeEventListener('remoteCloseWrite', onClose)
    signal.removeEventListener('abort', onAbort)
  }
}

/** Ends it as one should. It is reset when the other side does not do so too: what was measured holds all the same. */
async function close (stream: Stream, signal: AbortSignal): Promise<void> {
  try {
    await withDeadline(CLOSE_TIMEOUT, signal, async signal => {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const onClose = (): void => { resolve() }
      const onAbort = (): void => { reject(signal.reason) }
      stream.addEventListener('close', onClose)
      signal.addEventListener('abort', onAbort)

      try {
        await stream.close({ signal })

        if (stream.status !== 'closed') {
          await promise
        }
      } finally {
        stream.removeEventListener('close', onClose)
        signal.removeEventListener('abort', onAbort)
      }
    })
  } catch (error: any) {
    stream.abort(error)
  }
}
