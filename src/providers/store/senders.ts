// What senders of ADD_PROVIDER say of themselves, remembered: who provides much says the same of itself each time, and to read it takes
// longer than all the rest.

import { InvalidMessageError } from '@libp2p/interface'
import QuickLRU from 'quick-lru'
import { equals as uint8ArrayEquals } from 'uint8arrays/equals'
import { decodeContacts, toContact } from '../../query/contact.ts'
import { MAX_PEER, MAX_REQUEST_PEERS } from '../../wire/limits.ts'
import { toPeerInfo } from '../../wire/peer.ts'
import { createSender } from './sender.ts'
import type { Sender } from './sender.ts'
import type { Contact } from '../../query/contact.ts'
import type { AddressGroup } from '../../wire/address-group.ts'
import type { PeerInfoMapper, WirePeer } from '../../wire/peer.ts'
import type { Multiaddr } from '@multiformats/multiaddr'

export interface SendersNeeds {
  mapper: PeerInfoMapper
  groupOf?: AddressGroup
}

/** So many are remembered: more than send at the same time. */
const REMEMBERED = 256

/** So many entries of its own are looked at: one is what others send, and addresses are dear to parse. */
const MOST_OWN = 4

interface Remembered {
  /** the entry that it sent, a serialised Peer */
  readonly entry: Uint8Array
  /** the same object for all that comes over one connection */
  readonly remoteAddr: Multiaddr | undefined
  readonly sender: Sender
}

export class Senders {
  readonly #needs: SendersNeeds
  readonly #senders = new QuickLRU<string, Remembered>({ maxSize: REMEMBERED / 2 })

  constructor (needs: SendersNeeds) {
    this.#needs = needs
  }

  /**
   * The sender as it announces itself. Hot.
   *
   * @throws {InvalidMessageError} when it does not, or with no address that may be used
   */
  of (from: WirePeer, providers: readonly Uint8Array[], remoteAddr?: Multiaddr): Sender {
    const known = this.#senders.get(from.id)

    // with several entries any of them may be its own
    if (known != null && providers.length === 1 && known.remoteAddr === remoteAddr && uint8ArrayEquals(known.entry, providers[0])) {
      return known.sender
    }

    const sender = this.#read(from, providers, remoteAddr)

    if (providers.length === 1 && providers[0].byteLength <= MAX_PEER) {
      // a copy, for the message is a piece of what came in
      this.#senders.set(from.id, { entry: providers[0].slice(), remoteAddr, sender })
    }

    return sender
  }

  #read (from: WirePeer, providers: readonly Uint8Array[], remoteAddr?: Multiaddr): Sender {
    const { mapper, groupOf } = this.#needs

    const own = decodeContacts(providers, MAX_REQUEST_PEERS).filter(({ id }) => id === from.id)

    for (const provider of own.slice(0, MOST_OWN)) {
      const addrs = addressesOf(provider, mapper)

      if (addrs.length > 0) {
        return createSender(toContact({ ...from, addrs }), remoteAddr == null ? undefined : groupOf?.(remoteAddr))
      }
    }

    throw new InvalidMessageError('ADD_PROVIDER came without an address of its sender that may be used')
  }
}

function addressesOf (contact: Contact, mapper: PeerInfoMapper): Uint8Array[] {
  return toPeerInfo(contact, mapper).multiaddrs.map(addr => addr.bytes)
}
