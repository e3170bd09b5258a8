// The routing table and all that keeps it right, put together.

import { commonPrefixLength, keyOf } from '../kademlia/key.ts'
import { decodeContacts } from '../query/contact.ts'
import { closestPeers } from './closest-peers.ts'
import { findPeer } from './find-peer.ts'
import { Maintenance } from './maintenance.ts'
import { Prober } from './prober.ts'
import { RandomWalk } from './random-walk.ts'
import { Rejoin } from './rejoin.ts'
import { Seeds } from './seeds.ts'
import { TableStore } from './table-store.ts'
import { TableTags } from './tags.ts'
import type { AddressBook } from './address-book.ts'
import type { FindOptions, FindPeerNeeds } from './find-peer.ts'
import type { LiveTable } from './live-table.ts'
import type { MaintenanceOptions } from './maintenance.ts'
import type { ProberOptions } from './prober.ts'
import type { RandomWalkOptions } from './random-walk.ts'
import type { TableStoreOptions } from './table-store.ts'
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
  /** peers of the last time, all of them at the start */
  probeSaved: ProberOptions
  maintenance: MaintenanceOptions
  randomWalk: RandomWalkOptions
  /** whom to join through when nobody else is known */
  seeds: readonly Contact[]
  saved: TableStoreOptions
  /** between two times that the table is written, ms */
  saveInterval: number
}

/** The two reasons to probe a peer. */
export type ProbeKind = 'old' | 'new'

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
  /** a probe was made */
  onProbed (kind: ProbeKind, ms: number, answered: boolean): void
  /** a self lookup begins; call what is returned when it ends */
  onSelfLookup (): (failed: boolean) => void
  /** the peer has answered a random walk */
  onMet (peer: Contact): void
  /** there was nobody to ask, and now the own neighbourhood is known */
  onJoined (): void
  log: Logger
}

export class Peers {
  readonly #options: PeersOptions
  readonly #needs: PeersNeeds
  readonly #seeds: Seeds
  readonly #probeNew: Prober
  readonly #probeOld: Prober
  readonly #probeSaved: Prober
  readonly #maintenance: Maintenance
  readonly #rejoin: Rejoin
  readonly #walk: RandomWalk
  readonly #tags: TableTags
  readonly #store: TableStore
  #joined = false
  #saved = 0
  #changes = 0
  #timer?: ReturnType<typeof setInterval>

  constructor (options: PeersOptions, needs: PeersNeeds) {
    const { request, table, self, queries, randomBytes, onProbed, onProbeDropped: onDropped, onSelfLookup, onMet, log } = needs
    const isAlone = (): boolean => table.size === 0

    this.#options = options
    this.#needs = needs
    // a seed that has the same configuration as everyone is no seed of its own
    this.#seeds = new Seeds(options.seeds.filter(({ id }) => id !== self.id))
    this.#probeNew = new Prober(options.probeNew, request, { onDropped, onProbed: (ms, answered) => { onProbed('new', ms, answered) } })
    this.#probeOld = new Prober(options.probeOld, request, { onDropped, onProbed: (ms, answered) => { onProbed('old', ms, answered) } })
    this.#tags = new TableTags(needs.setTags)
    this.#store = new TableStore(needs.datastore, options.saved)
    this.#walk = new RandomWalk(options.randomWalk, { queries, isAlone, onMet, randomBytes, log })
    this.#probeSaved = new Prober(options.probeSaved, request, { onDropped, onProbed: (ms, answered) => { onProbed('new', ms, answered) } })
    this.#rejoin = new Rejoin({
      probeSaved: async peer => this.#probeSaved.probe(peer),
      probeSeed: async peer => this.#probeNew.probe(peer),
      seeds: this.#seeds,
      saved: async options => this.#store.load(options),
      isAlone,
      random: () => randomBytes(1)[0] / 255,
      log
    })
    this.#maintenance = new Maintenance(options.maintenance, {
      self,
      queries,
      table,
      seeds: this.#seeds,
      prober: this.#probeOld,
      randomBytes,
      onSelfLookup,
      onSettled: () => { this.#onSettled() },
      onAlone: () => { this.#onAlone() },
      log
    })
  }

  /** How many probes wait or run. */
  pendingProbes (kind: ProbeKind): number {
    return kind === 'old' ? this.#probeOld.pending : this.#probeNew.pending + this.#probeSaved.pending
  }

  /** Joins through those who were in the table when the node last ran, or else through the seeds. */
  start (): void {
    this.#tags.start()
    this.#maintenance.start()
    this.#rejoin.start()
    this.#walk.start()
    clearInterval(this.#timer)
    this.#timer = setInterval(() => { this.#saveQuietly() }, this.#options.saveInterval)
  }

  stop (): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#tags.stop()
    this.#walk.stop()
    this.#rejoin.stop()
    this.#maintenance.stop()
    this.#probeNew.stop()
    this.#probeOld.stop()
    this.#probeSaved.stop()
    this.#joined = false
  }

  /** Writes the table if it has changed. */
  async save (): Promise<void> {
    const { table, self, book } = this.#needs
    const changes = this.#changes + book.changes

    if (changes !== this.#saved && table.size > 0) {
      // the nearest first: whoever knows them finds everyone else
      const nearest = table.closest(self.key, this.#options.saved.most, peer => peer.addresses != null)
      await this.#store.save(decodeContacts(nearest.map(({ id }) => book.encoded(id) as Uint8Array), nearest.length))
      this.#saved = changes
    }
  }

  /** A peer says that it serves the protocol: it enters the table if it answers, and if there is a place for it. */
  onServer (peer: Contact): void {
    const { table } = this.#needs
    // whether a seed is asked when the node joins is for `Rejoin` to say
    const isSpared = this.#seeds.has(peer.id) && (table.size === 0 || this.#seeds.spares(peer.id, Date.now()))

    if (table.table.wants(peer) && !isSpared) {
      void this.#probeNew.probe(peer)
    }
  }

  /** The table has one more. */
  onAdded (peer: Contact): void {
    const { table, self } = this.#needs
    this.#changes++
    this.#tags.onAdded(peer, commonPrefixLength(self.key, peer.key))
    this.onStanding()

    if (table.size === 1) {
      this.#maintenance.onFirstPeer()
    }
  }

  /** The table has one less. */
  onRemoved (peer: Contact): void {
    this.#changes++
    this.#tags.onRemoved(peer)
    this.onStanding()
    this.#maintenance.onRemoved()

    if (this.#needs.table.size === 0) {
      this.#joined = false
      this.#onAlone()
    }
  }

  /** One of the table has failed, or answers again. */
  onStanding (): void {
    const { table, self, queries } = this.#needs

    // before that they change with every answer
    if (this.#joined) {
      this.#tags.onNearest(table.closest(self.key, queries.k, ({ id }) => table.table.get(id)?.failures === 0))
    }
  }

  /** Others reach this node by other addresses than before: it may be in another network now. */
  onAddressChange (): void {
    this.#maintenance.refreshSoon()
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
    await this.#maintenance.refreshNow(options)
  }

  /** Nobody is left to ask. */
  #onAlone (): void {
    if (this.#timer != null) {
      this.#rejoin.start()
    }
  }

  #onSettled (): void {
    if (!this.#joined && this.#needs.table.size > 0) {
      this.#joined = true
      this.onStanding()
      // a node that is killed soon after its first start need not begin anew
      this.#saveQuietly()
      this.#needs.onJoined()
    }
  }

  #saveQuietly (): void {
    this.save().catch((error: Error) => { this.#needs.log.error('could not save the routing table - %e', error) })
  }
}
