// Who asks: a libp2p node without a DHT, that sends one request after the other on one stream.

import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { unframe } from './wire.ts'
import type { Libp2p, Stream } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

const PROTOCOL = '/ipfs/kad/1.0.0'

/** So long an answer may take, ms. */
const PATIENCE = 30_000

export class Client {
  readonly #libp2p: Libp2p
  readonly #server: Multiaddr[]
  #stream: Stream
  #read = new Uint8Array()
  #waiting?: PromiseWithResolvers<Uint8Array>

  static async connect (addrs: string[]): Promise<Client> {
    const libp2p = await createLibp2p({
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionMonitor: { enabled: false },
      services: { identify: identify() }
    })
    const server = addrs.map(addr => multiaddr(addr))

    return new Client(libp2p, server, await libp2p.dialProtocol(server, PROTOCOL))
  }

  private constructor (libp2p: Libp2p, server: Multiaddr[], stream: Stream) {
    this.#libp2p = libp2p
    this.#server = server
    this.#stream = stream
    this.#listen()
  }

  get multihash (): Uint8Array {
    return this.#libp2p.peerId.toMultihash().bytes
  }

  /** Opens the stream anew: a server closes one that nothing was asked on for a while. Call it before a batch. */
  async renew (): Promise<void> {
    await this.#stream.close()
    this.#stream = await this.#libp2p.dialProtocol(this.#server, PROTOCOL)
    this.#listen()
  }

  /** The reply to it, or to the last one of several of which the others have none. */
  async ask (request: Uint8Array): Promise<Uint8Array> {
    const waiting = this.#waiting = Promise.withResolvers<Uint8Array>()
    const timer = setTimeout(() => { waiting.reject(new Error(`No answer within ${PATIENCE / 1000} s`)) }, PATIENCE)

    try {
      this.send(request)

      return await waiting.promise
    } finally {
      clearTimeout(timer)
      this.#waiting = undefined
    }
  }

  /** Returns whether there is room for more; `drained` waits for it. */
  send (requests: Uint8Array): boolean {
    return this.#stream.send(requests)
  }

  async drained (): Promise<void> {
    await this.#stream.onDrain({ signal: AbortSignal.timeout(PATIENCE) })
  }

  async stop (): Promise<void> {
    await this.#libp2p.stop()
  }

  #listen (): void {
    const stream = this.#stream
    this.#read = new Uint8Array()
    stream.addEventListener('message', ({ data }) => { this.#onData(data.subarray()) })
    stream.addEventListener('close', () => {
      if (stream === this.#stream) {
        this.#waiting?.reject(new Error('The server has closed the stream'))
      }
    })
  }

  #onData (data: Uint8Array): void {
    this.#read = this.#read.byteLength === 0 ? Uint8Array.from(data) : Uint8Array.from([...this.#read, ...data])
    const framed = unframe(this.#read)

    if (framed != null) {
      this.#read = this.#read.slice(framed.end)
      this.#waiting?.resolve(framed.message)
    }
  }
}
