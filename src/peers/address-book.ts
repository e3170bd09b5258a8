// The addresses of peers, each peer encoded once as it goes into replies. A cache derived from libp2p's peer store, which
// owns the addresses (law 3): it is kept up to date by the store's events, so that answering reads no store.

import QuickLRU from 'quick-lru'
import { decodeContacts } from '../query/contact.ts'
import { encodeAddresses, fromPeerId, joinPeer, toPeerInfo } from '../wire/peer.ts'
import type { TablePeer } from './table-peer.ts'
import type { Contact } from '../query/contact.ts'
import type { PeerInfoMapper } from '../wire/peer.ts'
import type { PeerId, PeerInfo } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

/** A peer and all addresses that are known to be its own. */
export interface KnownPeer {
  id: PeerId
  multiaddrs: Multiaddr[]
}

export class AddressBook {
  readonly #mapper: PeerInfoMapper
  readonly #inTable: (id: string) => TablePeer | undefined
  /** others that were met lately, such as clients */
  readonly #met: QuickLRU<string, string>
  #changes = 0

  /**
   * `most`: how many peers outside the table are remembered.
   * `inTable`: the peer of the table, which is remembered as long as it is there
   */
  constructor (mapper: PeerInfoMapper, most: number, inTable: (id: string) => TablePeer | undefined) {
    this.#mapper = mapper
    this.#inTable = inTable
    this.#met = new QuickLRU({ maxSize: Math.max(1, most / 2) })
  }

  /** How often the addresses of a peer of the table have changed. */
  get changes (): number {
    return this.#changes
  }

  /** These are the peer's addresses from now on. One without any that may be used is not known. */
  set ({ id, multiaddrs }: KnownPeer): void {
    const peer = fromPeerId(id)
    const addrs = this.#mapper({ id, multiaddrs }).multiaddrs.map(addr => addr.bytes)
    const addresses = addrs.length === 0 ? undefined : encodeAddresses(addrs)
    const inTable = this.#inTable(peer.id)

    if (inTable != null) {
      this.#changes += inTable.addresses === addresses ? 0 : 1
      inTable.addresses = addresses
    } else if (addresses != null) {
      this.#met.set(peer.id, addresses)
    } else {
      this.#met.delete(peer.id)
    }
  }

  /** Keeps the peer in mind until it is released: it has entered the table. */
  pin (peer: TablePeer): void {
    peer.addresses ??= this.#met.get(peer.id)
    this.#met.delete(peer.id)
  }

  /** The peer has left the table. */
  release ({ id, addresses }: TablePeer): void {
    if (addresses != null) {
      this.#met.set(id, addresses)
    }
  }

  /** Whether any address of the peer is known that may be used. */
  has (id: string): boolean {
    return this.#addresses(id) != null
  }

  /** The peer as it goes into a reply; undefined when no address of it is known. */
  encoded (id: string): Uint8Array | undefined {
    const addresses = this.#addresses(id)

    return addresses == null ? undefined : joinPeer(id, addresses)
  }

  /** The peer with the addresses that are known, or else with those that were heard together with it. */
  info (contact: Contact): PeerInfo {
    const encoded = this.encoded(contact.id)
    const [known] = encoded == null ? [contact] : decodeContacts([encoded], 1)

    return toPeerInfo(known, this.#mapper)
  }

  #addresses (id: string): string | undefined {
    return this.#inTable(id)?.addresses ?? this.#met.get(id)
  }
}
