// The routing table and all that keeps it right, put together.

import { keyOf } from '../kademlia/key.ts'
import { closestPeers } from './closest-peers.ts'
import { findPeer } from './find-peer.ts'
import { Maintenance } from './maintenance.ts'
import { Prober } from './prober.ts'
import { TableStore } from './table-store.ts'
import { TableTags } from './tags.ts'
import type { AddressBook } from './address-book.ts'
import type { FindOptions, FindPeerNeeds } from './find-peer.ts'
import type { LiveTable } from './live-table.ts'
import type { MaintenanceOptions } from './maintenance.ts'
import type { ProberOptions } from './prober.ts'
import type { SetTags } from './tags.ts'
import type { Contact } from '../query/contact.ts'
import type { QueryManager } from '../query/manager.ts'
import type { RequestOptions } from '../wire/client.ts'
import type { EncodedRequest, Message } from '../wire/message.ts'
import type { AbortOptions, Logger, PeerId, PeerInfo } from '@libp2p/interface'
import type { Datastore } from 'interface-datastore'

export interface PeersOptions {
  /** peers of the table that are asked whether they are there */
  probeOld: ProberOptions
  /** peers that may enter the table */
  probeNew: ProberOptions
  maintenance: MaintenanceOptions
  /** of the datastore's keys */
  prefix: string
  /** between two times that the table is written, ms */
  saveInterval: number
  /** how many peers of it are written */
  maxSaved: number
}

export interface PeersNeeds extends Omit<FindPeerNeeds, 'self'> {
  self: Contact
  peerId: PeerId
  queries: QueryManager
  table: LiveTable
  book: AddressBook
  datastore: Datastore
  request (to: Contact, request: EncodedRequest, options: RequestOptions): Promise<Message>
  setTags: SetTags
  randomBytes (length: number): Uint8Array
  /** a probe was not made, for too many wait */
  onProbeDropped (peer: Contact): void
  /** there was nobody to ask, and now the own neighbourhood is known */
  onJoined (): void
  log: Logger
}

export class Peers {
  readonly #options: PeersOptions
  readonly #needs: PeersNeeds
  readonly #probeNew: Prober
  readonly #maintenance: Maintenance
  readonly #probeOld: Prober
  readonly #tags: TableTags
  readonly #store: TableStore
  #joined = false
  #saved = 0
  #changes = 0
  #timer?: ReturnType<typeof setInterval>

  constructor (options: PeersOptions, needs: PeersNeeds) {
    const { request, table, self, queries, randomBytes, log } = needs
    const proberEvents = { onDropped: needs.onProbeDropped }

    this.#options = options
    this.#needs = needs
    this.#probeNew = new Prober(options.probeNew, request, proberEvents)
    this.#probeOld = new Prober(options.probeOld, request, proberEvents)
    this.#tags = new TableTags(needs.setTags)
    this.#store = new TableStore(needs.datastore, options.prefix, options.maxSaved)
    this.#maintenance = new Maintenance(options.maintenance, {
      self,
      queries,
      table,
      prober: this.#probeOld,
      randomBytes,
      onSettled: () => { this.#onSettled() },
      onAlone: () => { this.#onAlone() },
      log
    })
  }

  /** Asks those who were in the table when the node last ran; their answers bring them back. */
  async start (options: AbortOptions): Promise<void> {
    this.#maintenance.start()
    this.#timer = setInterval(() => {
      this.save().catch((error: Error) => { this.#needs.log.error('could not save the routing table - %e', error) })
    }, this.#options.saveInterval)

    await this.#revive(options)
  }

  stop (): void {
    clearInterval(this.#timer)
    this.#maintenance.stop()
    this.#probeNew.stop()
    this.#probeOld.stop()
    this.#joined = false
  }

  /** Writes the table if it has changed. */
  async save (): Promise<void> {
    const { table, self, book } = this.#needs
    const changes = this.#changes

    if (changes !== this.#saved && table.size > 0) {
      // the nearest first: whoever knows them finds everyone else
      const nearest = table.closest(self.key, this.#options.maxSaved, peer => book.has(peer.id))
      await this.#store.save(nearest.map(peer => book.encoded(peer.id) as Uint8Array))
      this.#saved = changes
    }
  }

  /** A peer says that it serves the protocol: it enters the table if it answers. */
  onServer (peer: Contact): void {
    if (!this.#needs.table.table.has(peer.id)) {
      void this.#probeNew.probe(peer)
    }
  }

  /** The table has one more. */
  onAdded (peer: Contact): void {
    this.#changes++
    this.#tags.onAdded(peer)
  }

  /** The table has one less. */
  onRemoved (peer: Contact): void {
    this.#changes++
    this.#tags.onRemoved(peer)
    this.#joined &&= this.#needs.table.size > 0
  }

  async findPeer (id: PeerId, options: FindOptions): Promise<PeerInfo> {
    return findPeer(id, { ...this.#needs, self: this.#needs.peerId }, options)
  }

  async closestPeers (key: Uint8Array, options: FindOptions): Promise<PeerInfo[]> {
    const { queries, table, book } = this.#needs

    return closestPeers(key, { queries, keyOf, closest: (target, n) => table.closest(target, n), info: contact => book.info(contact) }, options)
  }

  /** Looks for the own neighbourhood and into every bucket. */
  async refresh (options?: AbortOptions): Promise<void> {
    await this.#maintenance.refresh(Date.now(), options)
  }

  /** Asks those who were in the table when it was last saved. */
  async #revive (options?: AbortOptions): Promise<void> {
    for (const peer of await this.#store.load(options)) {
      this.onServer(peer)
    }
  }

  /** After the network was gone for a while nobody is left in the table: the saved one says whom to try. */
  #onAlone (): void {
    this.#revive().catch((error: Error) => { this.#needs.log.error('could not read the saved routing table - %e', error) })
  }

  #onSettled (): void {
    const { table, self, queries, onJoined } = this.#needs
    this.#tags.onNearest(table.closest(self.key, queries.k))

    if (!this.#joined && table.size > 0) {
      this.#joined = true
      onJoined()
    }
  }
}
