// Connections to peers: those there are, or new ones, of which only so many are dialled at once. libp2p's queue of dials is
// everybody's, so the DHT takes no more than its share of it.

import { DialledConnections } from './dialled-connections.ts'
import { isOurs, RecentlyFailedDialError, UndialableError } from './errors.ts'
import { FailedDials } from './failed-dials.ts'
import { parseAddresses, toPeerId } from './peer.ts'
import { Slots } from './slots.ts'
import type { Keeps } from './dialled-connections.ts'
import type { PeerInfoMapper, WirePeer } from './peer.ts'
import type { AbortOptions, Connection, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

/** What is needed of a libp2p node to reach peers. */
export interface DiallerNetwork {
  connections (peer: PeerId): Connection[]
  /** the addresses that are known to be the peer's */
  addresses (peer: PeerId, options: AbortOptions): Promise<Multiaddr[]>
  dial (addresses: Multiaddr[], options: AbortOptions): Promise<Connection>
  /** every peer's addresses pass it before they are dialled */
  mapper: PeerInfoMapper
  /** whether someone wants to keep a connection that the DHT has opened and needs no more */
  keeps: Keeps
}

export interface DiallerOptions {
  /** dials at once */
  maxDials: number
  /** how long a connection that was dialled may be unused, ms */
  idleConnection: number
}

export interface ConnectOptions {
  signal: AbortSignal
  /** from now on it depends on the peer how long it takes; `waited`: others were dialled first */
  onDial (waited: boolean): void
}

/** A dial that was given up has failed if it had gone on for so long, ms: there and back takes a fifth of that round the world. */
const SILENT_AFTER = 3_000

export class Dialler {
  readonly #network: DiallerNetwork
  readonly #slots: Slots
  readonly #failed = new FailedDials()
  readonly #dialled: DialledConnections

  constructor ({ maxDials, idleConnection }: DiallerOptions, network: DiallerNetwork) {
    this.#network = network
    this.#slots = new Slots(maxDials)
    this.#dialled = new DialledConnections(idleConnection, network.keeps)
  }

  /** How many dials are under way, and how many wait for their turn. */
  get dials (): { open: number, waiting: number } {
    return { open: this.#slots.taken, waiting: this.#slots.waiting }
  }

  /** Closes connections that the DHT has opened and nobody needs. Call it now and then. */
  sweep (): void {
    this.#dialled.sweep()
  }

  /** Forgets everything: dials end with their signals. */
  stop (): void {
    this.#failed.clear()
    this.#dialled.clear()
  }

  /**
   * A connection to the peer.
   *
   * @throws {UndialableError} when there is no address to reach the peer at
   * @throws {RecentlyFailedDialError} when dialling it has failed a moment ago
   */
  async connect (to: WirePeer, { signal, onDial }: ConnectOptions): Promise<Connection> {
    const peer = toPeerId(to)
    const connected = this.#connected(peer)

    if (connected != null) {
      this.#failed.onConnected(to.id)
      this.#dialled.onUsed(connected)
      onDial(false)

      return connected
    }

    // the peer's own word first: what others say of its addresses may be old, or a lie
    const known = await this.#network.addresses(peer, { signal })
    const heard = this.#network.mapper({ id: peer, multiaddrs: parseAddresses(to) }).multiaddrs
    const addresses = new Map([...known, ...heard].map(addr => withPeer(addr, peer)).map(addr => [addr.toString(), addr]))

    // dialling a peer without addresses would have libp2p ask the DHT for them, and so this very client
    if (addresses.size === 0) {
      throw new UndialableError('Nobody gave an address of this peer that may be dialled')
    }

    const since = this.#failed.failedSince(to.id, addresses.keys())

    if (since != null) {
      throw new RecentlyFailedDialError(`Dialling this peer failed ${since} ms ago: it is not dialled again at once`)
    }

    const waits = this.#slots.full
    await this.#slots.take(signal)

    try {
      onDial(waits)

      return await this.#dial(to.id, peer, addresses, signal)
    } finally {
      this.#slots.give()
    }
  }

  async #dial (id: string, peer: PeerId, addresses: Map<string, Multiaddr>, signal: AbortSignal): Promise<Connection> {
    const connected = this.#connected(peer)

    if (connected != null) {
      // while this one waited
      return connected
    }

    const start = Date.now()

    try {
      const connection = await this.#network.dial([...addresses.values()], { signal })
      this.#failed.onConnected(id)

      if (connection.direction === 'outbound') {
        this.#dialled.onDialled(connection)
      }

      return connection
    } catch (error: any) {
      const givenUp = signal.aborted && (Date.now() - start < SILENT_AFTER || isOurs(signal.reason))

      if (!givenUp && !isOurs(error)) {
        this.#failed.onFailed(id, addresses.keys())
      }

      throw error
    }
  }

  /** Whether a request to the peer would need no dial. */
  isConnected (peer: PeerId): boolean {
    return this.#connected(peer) != null
  }

  #connected (peer: PeerId): Connection | undefined {
    return this.#network.connections(peer).find(connection => connection.status === 'open' && connection.limits == null)
  }
}

/** An address that says whom to expect there. */
function withPeer (addr: Multiaddr, peer: PeerId): Multiaddr {
  const suffix = `/p2p/${peer.toString()}`

  return addr.toString().endsWith(suffix) ? addr : addr.encapsulate(suffix)
}
