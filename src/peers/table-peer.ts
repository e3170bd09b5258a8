// A peer of the table. A node holds hundreds of them as long as it runs, and small arrays of bytes are large: what it is
// sent as is kept as characters, and its multihash is read from its id.

import { toContact } from '../query/contact.ts'
import { multihashOf } from '../wire/peer.ts'
import type { Key } from '../kademlia/key.ts'
import type { Contact } from '../query/contact.ts'
import type { WirePeer } from '../wire/peer.ts'

export class TablePeer implements Contact {
  readonly id: string
  readonly key: Key
  /** its addresses as they go into replies, each byte a character; undefined when no address of it may be used */
  addresses: string | undefined = undefined

  constructor (id: string, key: Key) {
    this.id = id
    this.key = key
  }

  get multihash (): Uint8Array {
    return multihashOf(this.id)
  }

  /** They are the address book's business. */
  get addrs (): [] {
    return []
  }
}

export function toTablePeer (peer: WirePeer): TablePeer {
  const { id, key } = 'key' in peer ? peer as Contact : toContact(peer)

  return new TablePeer(id, key)
}
