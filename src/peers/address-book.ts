// The addresses of peers, each peer encoded once as it goes into replies. A cache derived from libp2p's peer store, which
// owns the addresses (law 3): it is kept up to date by the store's events, so that answering reads no store.

import QuickLRU from 'quick-lru'
import { contactFromPeerId, decodeContacts } from '../query/contact.ts'
import { encodePeer, toPeerInfo } from '../wire/peer.ts'
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
  /** peers of the table: as many as it holds */
  readonly #pinned = new Map<string, Uint8Array | undefined>()
  /** others that were met lately, such as clients */
  readonly #met: QuickLRU<string, Uint8Array>

  /** `most`: how many peers outside the table are remembered */
  constructor (mapper: PeerInfoMapper, most: number) {
    this.#mapper = mapper
    this.#met = new QuickLRU({ maxSize: Math.max(1, most / 2) })
  }

  /** These are the peer's addresses from now on. One without any that may be used is not known. */
  set ({ id, multiaddrs }: KnownPeer): void {
    const contact = contactFromPeerId(id)
    const addrs = this.#mapper({ id, multiaddrs }).multiaddrs.map(addr => addr.bytes)
    const encoded = addrs.length === 0 ? undefined : encodePeer(contact.multihash, addrs)

    if (this.#pinned.has(contact.id)) {
      this.#pinned.set(contact.id, encoded)
    } else if (encoded != null) {
      this.#met.set(contact.id, encoded)
    } else {
      this.#met.delete(contact.id)
    }
  }

  /** Keeps the peer in mind until it is released: it has entered the table. */
  pin (id: string): void {
    if (!this.#pinned.has(id)) {
      this.#pinned.set(id, this.#met.get(id))
      this.#met.delete(id)
    }
  }

  release (id: string): void {
    const encoded = this.#pinned.get(id)
    this.#pinned.delete(id)

    if (encoded != null) {
      this.#met.set(id, encoded)
    }
  }

  /** Whether any address of the peer is known that may be used. */
  has (id: string): boolean {
    return this.encoded(id) != null
  }

  /** The peer as it goes into a reply; undefined when no address of it is known. */
  encoded (id: string): Uint8Array | undefined {
    return this.#pinned.get(id) ?? this.#met.get(id)
  }

  /** The peer with the addresses that are known, or else with those that were heard together with it. */
  info (contact: Contact): PeerInfo {
    const encoded = this.encoded(contact.id)
    const [known] = encoded == null ? [contact] : decodeContacts([encoded], 1)

    return toPeerInfo(known, this.#mapper)
  }
}
