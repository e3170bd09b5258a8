// A stream to a peer while it is being opened: bounded in time, and given up when nobody needs it any more.

import { StreamResetError, TimeoutError } from '@libp2p/interface'
import type { ConnectOptions } from './dialler.ts'
import type { WirePeer } from './peer.ts'
import type { Stream } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

export interface OpenedStream {
  stream: Stream
  /** where the peer was reached */
  remoteAddr: Multiaddr
}

export interface OpenStream {
  (to: WirePeer, options: ConnectOptions): Promise<OpenedStream>
}

export class StreamOpening {
  readonly #controller = new AbortController()
  #calling = false
  #givenUp = false

  /** Whether it is up to the peer how long it takes. */
  get calling (): boolean {
    return this.#calling
  }

  /** Whether nobody needs it any more. */
  get givenUp (): boolean {
    return this.#givenUp
  }

  giveUp (error: Error): void {
    this.#givenUp = true
    this.#controller.abort(error)
  }

  /**
   * Opens the stream. It has so many ms once it is up to the peer: whoever waits for it has a time limit of its own, but others may
   * come to wait. `onWaited`: other peers were dialled first.
   */
  async run (open: OpenStream, to: WirePeer, ms: number, onWaited: () => void): Promise<OpenedStream> {
    const { signal } = this.#controller
    let timer: ReturnType<typeof setTimeout> | undefined

    try {
      const opened = await open(to, {
        signal,
        onDial: waited => {
          this.#calling = true
          timer = setTimeout(() => { this.#controller.abort(new TimeoutError(`No stream to the peer within ${ms} ms`)) }, ms)

          if (waited) {
            onWaited()
          }
        }
      })

      if (signal.aborted) {
        // it opened after the end: nobody else would close it
        opened.stream.abort(signal.reason)
        throw signal.reason
      }

      // the peer may end it while libp2p still writes down that there is one, and no event tells of that any more
      if (opened.stream.status !== 'open' || opened.stream.remoteWriteStatus !== 'writable') {
        const closed = new StreamResetError('The peer closed the stream')
        opened.stream.abort(closed)
        throw closed
      }

      return opened
    } catch (error) {
      throw signal.aborted ? signal.reason : toError(error)
    } finally {
      clearTimeout(timer)
    }
  }
}

/** When a connection closes while a stream opens on it, libp2p throws the event that tells of it. */
function toError (thrown: unknown): Error {
  if (thrown instanceof Error) {
    return thrown
  }

  return (thrown as { error?: Error }).error ?? new StreamResetError('The connection was closed')
}
