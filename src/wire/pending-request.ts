// A request from the moment it is made until it is answered, has failed, or nobody wants the answer any more.

import type { WirePeer } from './peer.ts'
import type { Multiaddr } from '@multiformats/multiaddr'

/** The stream that a request went out on, as far as it concerns the request. */
export interface Carrier {
  readonly remoteAddr: Multiaddr
  /** which of its requests will be answered next */
  readonly oldest?: PendingRequest
  abandon (request: PendingRequest, patience: number): void
  abort (error: Error): void
}

export interface PendingRequestInit {
  to: WirePeer
  /** what goes out, with its length prefix */
  bytes: Uint8Array
  /** takes the reply; throws when it is none. Left out: nothing comes back */
  read? (frame: Uint8Array, request: PendingRequest): void
}

export class PendingRequest {
  readonly to: WirePeer
  readonly bytes: Uint8Array
  readonly read?: (frame: Uint8Array, request: PendingRequest) => void
  readonly #done = Promise.withResolvers<void>()
  /** the stream that it went out on, unless it waits for one */
  stream?: Carrier
  /** how often it was sent */
  sends = 0
  /** it failed on a stream that others had used: it wants one that nothing was asked on */
  wantsNew = false
  /** nothing was asked before on the stream that it went out on */
  first = false
  /** it had to wait for other requests, or for a limit of this node */
  queued = false
  /** nobody waits for its reply any more */
  abandoned = false

  constructor ({ to, bytes, read }: PendingRequestInit) {
    this.to = to
    this.bytes = bytes
    this.read = read
    // it may fail before anyone waits
    this.#done.promise.catch(() => {})
  }

  /** Resolves when it is answered, or sent if nothing comes back. */
  get done (): Promise<void> {
    return this.#done.promise
  }

  /** No effect once it is done. */
  succeed (): void {
    this.#done.resolve()
  }

  /** No effect once it is done. */
  fail (error: Error): void {
    this.#done.reject(error)
  }
}
