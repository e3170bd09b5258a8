// The routing table of a running node: keeps the algorithm's table, the address book and whoever listens in step.

import { keyOf } from '../kademlia/key.ts'
import { tableRules } from '../kademlia/parameters.ts'
import { RoutingTable } from '../kademlia/routing-table.ts'
import { toContact } from '../query/contact.ts'
import { multihashOf } from '../wire/peer.ts'
import { toTablePeer } from './table-peer.ts'
import type { AddressBook } from './address-book.ts'
import type { TablePeer } from './table-peer.ts'
import type { GroupLimits } from '../kademlia/diversity.ts'
import type { Key } from '../kademlia/key.ts'
import type { Demotion } from '../kademlia/routing-table.ts'
import type { Sighting } from '../kademlia/table-entry.ts'
import type { Contact } from '../query/contact.ts'
import type { WirePeer } from '../wire/peer.ts'
import type { AbortOptions } from '@libp2p/interface'

export interface LiveTableOptions {
  self: Contact
  k: number
  /** peers of one group of addresses */
  perGroup: GroupLimits
}

export interface LiveTableEvents {
  onAdded? (peer: TablePeer): void
  onRemoved? (peer: TablePeer): void
  /** a candidate has taken the place of a peer that was removed; it was added, too */
  onPromoted? (peer: TablePeer): void
  /** the peer has failed for the first time since it last answered, or answers again */
  onStanding? (peer: TablePeer): void
  /** the peer has lost its place: it failed, or there are enough of its group */
  onDemoted? (peer: TablePeer): void
  /** the peer finds no place, for there are enough of its group */
  onCrowded? (peer: WirePeer): void
}

export class LiveTable {
  readonly #table: RoutingTable<TablePeer>
  readonly #book: AddressBook
  readonly #events: LiveTableEvents
  #firstPeer = Promise.withResolvers<void>()

  constructor ({ self, k, perGroup }: LiveTableOptions, book: AddressBook, events: LiveTableEvents = {}) {
    this.#table = new RoutingTable({ self: self.key, ...tableRules(k, perGroup) })
    this.#book = book
    this.#events = events
  }

  /** How many live peers it holds. */
  get size (): number {
    return this.#table.size
  }

  /** The algorithm's own table, to read. */
  get table (): RoutingTable<TablePeer> {
    return this.#table
  }

  /** The peers nearest to a key, nearest first. */
  closest (target: Key, n: number, accept?: (peer: TablePeer) => boolean): TablePeer[] {
    return this.#table.closest(target, n, accept)
  }

  /** The peer answered a request of ours, and so is a server that is alive. */
  onAlive (peer: WirePeer, sighting?: Sighting): void {
    const known = this.#table.get(peer.id)

    if (known != null) {
      const hadFailed = known.failures > 0
      this.#table.onAlive(known.peer, Date.now(), { ...sighting, connected: true })

      if (hadFailed) {
        this.#events.onStanding?.(known.peer)
      }

      return
    }

    const newcomer = toTablePeer(peer)
    const admission = this.#table.onAlive(newcomer, Date.now(), { ...sighting, connected: true })

    if (admission === 'added') {
      this.#onAdded(newcomer)
    }

    if (admission === 'added' || admission === 'waiting') {
      this.#table.crowding().forEach(({ id }) => { this.#demote(this.#table.remove(id, Date.now())) })
    } else if (admission === 'crowded') {
      this.#events.onCrowded?.(peer)
    }
  }

  /** The peer has asked something. */
  onHeard (id: string): void {
    this.#table.onHeard(id, Date.now())
  }

  /** There is a connection to the peer, or none any more. */
  onConnection (id: string, connected: boolean): void {
    this.#table.onConnection(id, connected)
  }

  /** The peer failed to answer. */
  onFailure (peer: WirePeer): void {
    const before = this.#table.get(peer.id)?.failures
    this.#demote(this.#table.onFailure(peer.id, toContact(peer).key, Date.now()))
    const entry = this.#table.get(peer.id)

    if (before === 0 && entry != null) {
      this.#events.onStanding?.(entry.peer)
    }
  }

  /** The peer is no server any more. */
  remove (id: string): void {
    // one that waits for a place does so no more
    this.#table.forget(id, keyOf(multihashOf(id)))
    this.#onChange(this.#table.remove(id, Date.now()))
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

  #onAdded (peer: TablePeer): void {
    this.#book.pin(peer)
    this.#events.onAdded?.(peer)
    this.#firstPeer.resolve()
  }

  #demote (demotion: Demotion<TablePeer>): void {
    this.#onChange(demotion)

    if (demotion.removed != null) {
      this.#events.onDemoted?.(demotion.removed)
    }
  }

  #onChange ({ removed, promoted }: Demotion<TablePeer>): void {
    if (removed != null) {
      this.#book.release(removed)
      this.#events.onRemoved?.(removed)
    }

    if (promoted != null) {
      this.#onAdded(promoted)
      this.#events.onPromoted?.(promoted)
    }

    if (removed != null && this.size === 0) {
      this.#firstPeer = Promise.withResolvers()
    }
  }
}
