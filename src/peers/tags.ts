// Tells libp2p's connection manager which peers matter, by tags in the peer store: written when the table changes, not
// when somebody is heard of.

import type { Contact } from '../query/contact.ts'

/** Any peer of the table. */
const TABLE_TAG = 'kad-peer'
const TABLE_TAG_VALUE = 1

/** The nearest k. */
const CLOSE_TAG = 'kad-close'
const CLOSE_TAG_VALUE = 50

/** libp2p dials peers with a tag of this prefix again when their connection is lost. */
const KEEP_ALIVE_TAG = 'keep-alive-kad-dht'

/** Sets and removes (undefined) tags of a peer. */
export interface SetTags {
  (peer: Contact, tags: Record<string, { value: number } | undefined>): void
}

export class TableTags {
  readonly #set: SetTags
  readonly #close = new Map<string, Contact>()

  constructor (set: SetTags) {
    this.#set = set
  }

  onAdded (peer: Contact): void {
    this.#set(peer, { [TABLE_TAG]: { value: TABLE_TAG_VALUE } })
  }

  onRemoved (peer: Contact): void {
    this.#close.delete(peer.id)
    this.#set(peer, { [TABLE_TAG]: undefined, [CLOSE_TAG]: undefined, [KEEP_ALIVE_TAG]: undefined })
  }

  /** These are the nearest from now on; only what changes is written. */
  onNearest (nearest: Contact[]): void {
    const ids = new Set(nearest.map(peer => peer.id))

    for (const peer of this.#close.values()) {
      if (!ids.has(peer.id)) {
        this.#close.delete(peer.id)
        this.#set(peer, { [CLOSE_TAG]: undefined, [KEEP_ALIVE_TAG]: undefined })
      }
    }

    for (const peer of nearest) {
      if (!this.#close.has(peer.id)) {
        this.#close.set(peer.id, peer)
        this.#set(peer, { [CLOSE_TAG]: { value: CLOSE_TAG_VALUE }, [KEEP_ALIVE_TAG]: { value: 1 } })
      }
    }
  }
}
