// The routing table of a running node: keeps the algorithm's table, the address book and whoever listens in step.

import { RoutingTable } from '../kademlia/routing-table.ts'
import { toContact } from '../query/contact.ts'
import type { AddressBook } from './address-book.ts'
import type { Key } from '../kademlia/key.ts'
import type { Demotion } from '../kademlia/routing-table.ts'
import type { Contact } from '../query/contact.ts'
import type { WirePeer } from '../wire/peer.ts'
import type { AbortOptions } from '@libp2p/interface'

export interface LiveTableOptions {
  self: Contact
  k: number
  /** requests that a peer may fail in a row before it loses its place */
  maxFailures: number
}

export interface LiveTableEvents {
  onAdded? (peer: Contact): void
  onRemoved? (peer: Contact): void
}

export class LiveTable {
  readonly #table: RoutingTable<Contact>
  readonly #book: AddressBook
  readonly #events: LiveTableEvents
  #firstPeer = Promise.withResolvers<void>()

  constructor (options: LiveTableOptions, book: AddressBook, events: LiveTableEvents = {}) {
    this.#table = new RoutingTable({ self: options.self.key, k: options.k, maxFailures: options.maxFailures })
    this.#book = book
    this.#events = events
  }

  /** How many live peers it holds. */
  get size (): number {
    return this.#table.size
  }

  /** The algorithm's own table, to read. */
  get table (): RoutingTable<Contact> {
    return this.#table
  }

  /** The peers nearest to a key, nearest first. */
  closest (target: Key, n: number, accept?: (peer: Contact) => boolean): Contact[] {
    return this.#table.closest(target, n, accept)
  }

  /** The peer answered a request of ours, and so is a server that is alive. */
  onAlive (peer: WirePeer): void {
    // its addresses are the book's business: keeping the reply they came with would keep the whole message
    const contact = this.#table.get(peer.id)?.peer ?? toContact({ id: peer.id, multihash: peer.multihash.slice(), addrs: [] })

    if (this.#table.onAlive(contact, Date.now()) === 'added') {
      this.#onAdded(contact)
    }
  }

  /** The peer failed to answer. */
  onFailure (peer: WirePeer): void {
    this.#onDemotion(this.#table.onFailure(peer.id, toContact(peer).key, Date.now()))
  }

  /** The peer is no server any more. */
  remove (id: string): void {
    this.#onDemotion(this.#table.remove(id, Date.now()))
  }

  /** Resolves when there is a peer to ask. */
  async firstPeer ({ signal }: AbortOptions): Promise<void> {
    if (this.size > 0) {
      return
    }

    signal?.throwIfAborted()
    const { promise, reject } = Promise.withResolvers<void>()
    const onAbort = (): void => { reject(signal?.reason) }
    signal?.addEventListener('abort', onAbort)

    try {
      await Promise.race([this.#firstPeer.promise, promise])
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
  }

  #onAdded (peer: Contact): void {
    this.#book.pin(peer.id)
    this.#events.onAdded?.(peer)
    this.#firstPeer.resolve()
  }

  #onDemotion ({ removed, promoted }: Demotion<Contact>): void {
    if (removed != null) {
      this.#book.release(removed.id)
      this.#events.onRemoved?.(removed)
    }

    if (promoted != null) {
      this.#onAdded(promoted)
    }

    if (this.size === 0) {
      this.#firstPeer = Promise.withResolvers()
    }
  }
}
