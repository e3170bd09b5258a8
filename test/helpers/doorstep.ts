// A TCP port that belongs to a node which is not there yet: whoever comes is counted and sent away.

import { once } from 'node:events'
import { createServer } from 'node:net'
import { multiaddr } from '@multiformats/multiaddr'
import type { TestNode } from './network.ts'
import type { TransportManager } from '@libp2p/interface-internal'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { AddressInfo, Server } from 'node:net'

export class Doorstep {
  readonly #server: Server
  #turnedAway = 0

  private constructor (server: Server) {
    this.#server = server
    server.on('connection', socket => {
      this.#turnedAway++
      // the other side may break it off, too
      socket.on('error', () => {})
      socket.destroy()
    })
  }

  static async open (): Promise<Doorstep> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')

    return new Doorstep(server)
  }

  get address (): Multiaddr {
    return multiaddr(`/ip4/127.0.0.1/tcp/${(this.#server.address() as AddressInfo).port}`)
  }

  /** How many have come in vain. */
  get turnedAway (): number {
    return this.#turnedAway
  }

  /** The node, which is running, can be reached here from now on. */
  async handTo (node: TestNode): Promise<void> {
    const { address } = this
    await this.close()
    await (node as unknown as { components: { transportManager: TransportManager } }).components.transportManager.listen([address])
  }

  /** No effect when it is closed. */
  async close (): Promise<void> {
    if (this.#server.listening) {
      this.#server.close()
      await once(this.#server, 'close')
    }
  }
}
