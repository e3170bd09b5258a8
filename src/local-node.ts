// This node as others see it: its own addresses, and the peers that it names in replies.

import { CODE_P2P } from '@multiformats/multiaddr'
import { closerPeers } from './peers/find-node.ts'
import { contactFromPeerId } from './query/contact.ts'
import { encodePeer } from './wire/peer.ts'
import type { KadDHTComponents } from './api.ts'
import type { Key } from './kademlia/key.ts'
import type { AddressBook } from './peers/address-book.ts'
import type { CloserPeersSource } from './peers/find-node.ts'
import type { LiveTable } from './peers/live-table.ts'
import type { TablePeer } from './peers/table-peer.ts'
import type { Contact } from './query/contact.ts'
import type { PeerInfoMapper } from './wire/peer.ts'

export interface LocalNodeNeeds {
  components: Pick<KadDHTComponents, 'peerId' | 'addressManager'>
  k: number
  mapper: PeerInfoMapper
  table: LiveTable
  book: AddressBook
}

export class LocalNode implements CloserPeersSource {
  readonly k: number
  readonly #needs: LocalNodeNeeds
  readonly #contact: Contact

  constructor (needs: LocalNodeNeeds) {
    this.#needs = needs
    this.#contact = contactFromPeerId(needs.components.peerId)
    this.k = needs.k
  }

  /** One's own id. */
  get self (): string {
    return this.#contact.id
  }

  /** This node, with the addresses that others may use: they change, so ask each time. */
  contact (): Contact {
    const { components: { peerId, addressManager }, mapper } = this.#needs
    const { multiaddrs } = mapper({ id: peerId, multiaddrs: addressManager.getAddresses() })

    // libp2p writes one's own id after each: the others know whose they are
    return { ...this.#contact, addrs: multiaddrs.map(addr => addr.decapsulateCode(CODE_P2P).bytes) }
  }

  /** This node as it goes into a reply; undefined without an address that may be used. */
  encodedSelf (): Uint8Array | undefined {
    const { multihash, addrs } = this.contact()

    return addrs.length === 0 ? undefined : encodePeer(multihash, addrs)
  }

  encoded (id: string): Uint8Array | undefined {
    return this.#needs.book.encoded(id)
  }

  closest (target: Key, n: number, accept: (peer: TablePeer) => boolean): TablePeer[] {
    return this.#needs.table.closest(target, n, accept)
  }

  /** The nearest peers, as they go into a reply to `requester`. */
  closerPeers (target: Key, requester: string): Uint8Array[] {
    return closerPeers(this, target, requester)
  }
}
