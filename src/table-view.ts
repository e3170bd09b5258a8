// The routing table as tools see it.

import { TypedEventEmitter } from 'main-event'
import { fromPeerId, toPeerId } from './wire/peer.ts'
import type { RoutingTable, RoutingTableBucket, RoutingTableEvents } from './api.ts'
import type { LiveTable } from './peers/live-table.ts'
import type { Contact } from './query/contact.ts'
import type { PeerId } from '@libp2p/interface'

export class TableView extends TypedEventEmitter<RoutingTableEvents> implements RoutingTable {
  readonly #table: LiveTable

  constructor (table: LiveTable) {
    super()
    this.#table = table
  }

  get size (): number {
    return this.#table.size
  }

  has (peer: PeerId): boolean {
    return this.#table.table.has(fromPeerId(peer).id)
  }

  peers (): PeerId[] {
    return [...this.#table.table.entries()].map(({ peer }) => toPeerId(peer))
  }

  buckets (): RoutingTableBucket[] {
    return [...this.#table.table.buckets()].map(({ commonPrefixLength, entries, candidates }) => ({
      commonPrefixLength,
      peers: entries.map(({ peer, firstSeen, lastSeen, lastFailure, failures, rtt, connected, group }) => {
        return { id: toPeerId(peer), firstSeen, lastSeen, lastFailure, failures, rtt, connected, group }
      }),
      candidates: candidates.map(toPeerId)
    }))
  }

  /** Tells those who listen; making a peer id for nobody would be a waste. */
  tell (type: keyof RoutingTableEvents, peer: Contact): void {
    if (this.listenerCount(type) > 0) {
      this.safeDispatchEvent<PeerId>(type, { detail: toPeerId(peer) })
    }
  }
}
