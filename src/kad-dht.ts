// The service: builds the parts, starts and stops them, and maps them onto libp2p's interfaces.

import { contentRoutingSymbol, InvalidParametersError, NotStartedError, peerDiscoverySymbol, peerRoutingSymbol, serviceCapabilities, serviceDependencies } from '@libp2p/interface'
import { TypedEventEmitter } from 'main-event'
import QuickLRU from 'quick-lru'
import { multihashOf, requireKey, requireValue } from './arguments.ts'
import { AutoMode, modeFor } from './auto-mode.ts'
import { resolveConfig } from './config.ts'
import { createParts } from './parts.ts'
import { TAGS } from './peers/tags.ts'
import { contactFromPeerId } from './query/contact.ts'
import { operation } from './query/operation.ts'
import { QueryEvents } from './query/query-events.ts'
import { contentRouting, peerRouting } from './routing.ts'
import { TableView } from './table-view.ts'
import { storedPeer } from './wire/libp2p-network.ts'
import { fromPeerId, toPeerId } from './wire/peer.ts'
import type { DHTOptions, FindProvidersOptions, GetOptions, KadDHT, KadDHTComponents, KadDHTEvents, ProvideOptions, Published, PutOptions, RoutingTable, SetModeOptions } from './api.ts'
import type { KadDHTConfig } from './config.ts'
import type { NetworkSize } from './kademlia/network-size.ts'
import type { OperationName } from './metrics.ts'
import type { KadDHTInit } from './options.ts'
import type { Parts } from './parts.ts'
import type { FindOptions } from './peers/find-peer.ts'
import type { Providing } from './providers/providing/providing-api.ts'
import type { Contact } from './query/contact.ts'
import type { Operation } from './query/operation.ts'
import type { WriteResult } from './query/write-result.ts'
import type { Selectors, Validators } from './values/namespaces.ts'
import type { Overlays } from './values/overlay/overlays-api.ts'
import type { Records } from './values/signed/records-api.ts'
import type { AbortOptions, Connection, ContentRouting, Logger, Peer, PeerDiscovery, PeerDiscoveryEvents, PeerId, PeerInfo, PeerRouting, PeerUpdate, Startable } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { CID } from 'multiformats/cid'

/** What an operation is done with. */
interface Found<T> extends FindOptions {
  /** gives the result to whoever awaits it before the operation ends */
  settle (result: T): void
  iterated: boolean
}

/** How often expired values are deleted, ms. */
const COLLECT_VALUES = 60 * 60 * 1000

/** Whom libp2p's peer discovery was told of, it is told of again after so long, ms; so many are remembered. */
const ANNOUNCED_AGAIN = 60 * 60 * 1000
const ANNOUNCED = 4_096

export class KadDHTService extends TypedEventEmitter<KadDHTEvents & PeerDiscoveryEvents> implements KadDHT, Startable {
  readonly k: number
  readonly a: number
  readonly d: number
  readonly validators: Validators
  readonly selectors: Selectors
  readonly routingTable: RoutingTable
  readonly records: Records
  readonly overlays: Overlays
  readonly providing: Providing

  readonly [Symbol.toStringTag] = 'libp2p-kad'
  readonly [serviceCapabilities]: string[] = ['@libp2p/content-routing', '@libp2p/peer-routing', '@libp2p/peer-discovery', '@libp2p/kad-dht']
  readonly [serviceDependencies]: string[] = ['@libp2p/identify', '@libp2p/ping']

  readonly #components: KadDHTComponents
  readonly #config: KadDHTConfig
  readonly #log: Logger
  readonly #parts: Parts
  readonly #timers = new Set<ReturnType<typeof setInterval>>()
  readonly #table: TableView
  /** whom libp2p's peer discovery was told of lately: once is enough */
  readonly #announced = new QuickLRU<string, true>({ maxSize: ANNOUNCED / 2, maxAge: ANNOUNCED_AGAIN })
  #hosts = ''
  #auto?: AutoMode
  #topology?: string
  #running = false
  /** the last start or stop: they go one after another */
  #change: Promise<void> = Promise.resolve()

  constructor (components: KadDHTComponents, init: KadDHTInit) {
    super()
    const config = this.#config = resolveConfig(init)

    this.#components = components
    this.#log = components.logger.forComponent(config.logPrefix)
    this.#parts = createParts(components, config, this.#log, {
      onAdded: peer => { this.#onAdded(peer) },
      onRemoved: peer => { this.#onRemoved(peer) },
      onPromoted: peer => {
        this.#parts.metrics.onTableEvent('peer_promoted')
        this.#table.tell('peer:promote', peer)
      },
      onStanding: () => { this.#parts.peers.onStanding() },
      onDemoted: () => { this.#parts.metrics.onTableEvent('peer_demoted') },
      onCrowded: () => { this.#parts.metrics.onTableEvent('peer_crowded') },
      onMet: peer => { this.#meet(peer) },
      onContradiction: (key, values) => { this.safeDispatchEvent('record:contradiction', { detail: { key, values } }) }
    })

    this.k = config.k
    this.a = config.alpha
    this.d = config.disjointPaths
    this.validators = this.#parts.values.validators
    this.selectors = this.#parts.values.selectors
    this.records = this.#parts.values.records
    this.overlays = this.#parts.values.overlays
    this.providing = this.#parts.providers.providing
    this.routingTable = this.#table = new TableView(this.#parts.table)

    if (config.ignored.length > 0) {
      this.#log('these options have no effect: %s', config.ignored.join(', '))
    }
  }

  get [contentRoutingSymbol] (): ContentRouting {
    return contentRouting(this)
  }

  get [peerRoutingSymbol] (): PeerRouting {
    return peerRouting(this)
  }

  get [peerDiscoverySymbol] (): PeerDiscovery {
    return this
  }

  get networkSize (): NetworkSize | undefined {
    return this.#parts.queries.networkSize
  }

  isStarted (): boolean {
    return this.#running
  }

  /** No effect while it runs. A start during a stop begins when that has ended. */
  async start (): Promise<void> {
    if (!this.#running) {
      this.#running = true
      this.#next(async () => this.#begin())
    }

    await this.#change
  }

  /**
   * libp2p closes the connections while it stops the services: what has still to be told goes before. Undefined where nothing has, for whoever calls this first
   * and stops then would be overtaken by a start that comes next.
   */
  get beforeStop (): (() => Promise<void>) | undefined {
    const { providers } = this.#parts

    return providers.isDrained ? undefined : async () => providers.drained()
  }

  /** No effect when it does not run. */
  async stop (): Promise<void> {
    if (this.#running) {
      this.#running = false
      this.#next(async () => this.#end())
    }

    await this.#change
  }

  /** Whatever became of the change before: libp2p stops all services when one of them fails to start. */
  #next (change: () => Promise<void>): void {
    this.#change = this.#change.catch(() => {}).then(change)
  }

  async #begin (): Promise<void> {
    const addresses = this.#components.addressManager.getAddresses()
    this.#hosts = hostsOf(addresses)

    if (this.#config.clientMode == null) {
      // no event will tell of addresses that are the same as the last time
      const mode = modeFor(addresses)
      await this.#parts.mode.set(mode)
      this.#auto = new AutoMode(mode, async mode => this.setMode(mode), this.#log)
    }

    this.#parts.client.start()
    this.#parts.queries.start()
    this.#parts.background.start()
    this.#parts.repairs.start()
    this.#parts.providers.start()
    this.#parts.values.start()
    this.#components.events.addEventListener('peer:update', this.#onPeerUpdate)
    this.#components.events.addEventListener('self:peer:update', this.#onSelfUpdate)
    this.#components.events.addEventListener('peer:connect', this.#onConnect)
    this.#components.events.addEventListener('peer:disconnect', this.#onDisconnect)
    this.#topology = await this.#components.registrar.register(this.#config.protocol, {
      onConnect: (peerId, connection) => { this.#onServer(contactFromPeerId(peerId), connection) }
    })
    await this.#parts.mode.start()
    this.#regularly('delete expired values', COLLECT_VALUES, async options => this.#parts.values.collect(options))
    this.#regularly('delete expired providers', this.#config.providers.cleanupInterval, async options => this.#parts.providers.collect(options))
    this.#parts.background.run('clear the tags of the last time', async options => this.#clearTags(options))
    this.#parts.peers.start()
  }

  async #end (): Promise<void> {
    this.#timers.forEach(timer => { clearInterval(timer) })
    this.#timers.clear()
    this.#components.events.removeEventListener('peer:update', this.#onPeerUpdate)
    this.#components.events.removeEventListener('self:peer:update', this.#onSelfUpdate)
    this.#components.events.removeEventListener('peer:connect', this.#onConnect)
    this.#components.events.removeEventListener('peer:disconnect', this.#onDisconnect)
    this.#auto?.stop()

    if (this.#topology != null) {
      this.#components.registrar.unregister(this.#topology)
    }

    this.#parts.peers.stop()
    const providersStopped = this.#parts.providers.stop()
    await this.#parts.providers.drained()
    this.#parts.queries.stop()
    this.#parts.client.stop()

    // whatever fails, the rest is stopped
    const results = await Promise.allSettled([
      this.#parts.mode.stop(),
      providersStopped,
      this.#parts.values.stop(),
      this.#parts.background.stop(),
      this.#parts.repairs.stop(),
      this.#parts.peers.save()
    ])
    const failed = results.find(result => result.status === 'rejected')

    if (failed != null) {
      throw failed.reason
    }
  }

  getMode (): 'client' | 'server' {
    return this.#parts.mode.current
  }

  async setMode (mode: 'client' | 'server', options?: SetModeOptions): Promise<void> {
    if (mode !== 'client' && mode !== 'server') {
      throw new InvalidParametersError(`A mode is 'client' or 'server', not ${String(mode)}`)
    }

    await this.#parts.mode.set(mode, options)
  }

  async refreshRoutingTable (options?: AbortOptions): Promise<void> {
    if (!this.#running) {
      throw new NotStartedError('The DHT is not started: start the libp2p node first')
    }

    await this.#parts.peers.refresh(options)
  }

  get (key: Uint8Array, options: GetOptions = {}): Operation<Uint8Array> {
    const { quorum } = options

    return this.#operation('get', 'GET_VALUE', options, async found => this.#parts.values.get(requireKey(key), {
      ...found,
      quorum,
      // who iterates hears of better ones until the end
      endsAtQuorum: quorum != null && !found.iterated
    }))
  }

  put (key: Uint8Array, value: Uint8Array, options: PutOptions = {}): Operation<WriteResult> {
    const { minSuccesses, optimistic, republish } = options

    return this.#operation('put', 'PUT_VALUE', options, async found => this.#parts.values.put(requireKey(key), requireValue(value), { ...found, minSuccesses, optimistic, republish }))
  }

  async cancelRepublish (key: Uint8Array, options?: AbortOptions): Promise<void> {
    await this.#parts.values.publications.cancel(requireKey(key), options)
  }

  published (options?: AbortOptions): AsyncIterable<Published> {
    return this.#parts.values.publications.all(options)
  }

  provide (cid: CID, options: ProvideOptions = {}): Operation<WriteResult> {
    const { minSuccesses, optimistic } = options

    return this.#operation('provide', 'PROVIDE', options, async found => this.#parts.providers.provide(multihashOf(cid), { ...found, minSuccesses, optimistic }))
  }

  async cancelReprovide (cid: CID, options?: AbortOptions): Promise<void> {
    await this.#parts.providers.cancel(multihashOf(cid), options)
  }

  findProviders (cid: CID, options: FindProvidersOptions = {}): Operation<PeerInfo[]> {
    const { count, fast, prefer } = options

    return this.#operation('findProviders', 'FIND_PROVIDERS', options, async found => this.#parts.providers.find(multihashOf(cid), { ...found, count, fast, prefer }))
  }

  findPeer (id: PeerId, options: DHTOptions = {}): Operation<PeerInfo> {
    return this.#operation('findPeer', 'FIND_PEER', options, async found => this.#parts.peers.findPeer(id, found))
  }

  getClosestPeers (key: Uint8Array, options: DHTOptions = {}): Operation<PeerInfo[]> {
    return this.#operation('getClosestPeers', 'GET_CLOSEST_PEERS', options, async found => this.#parts.peers.closestPeers(requireKey(key), found))
  }

  /** Counted, timed and traced, and with its events where somebody listens. */
  #operation <T> (name: string, metric: OperationName, options: DHTOptions, run: (options: Found<T>) => Promise<T>): Operation<T> {
    const { useCache, useNetwork } = options
    const traced = this.#components.metrics?.traceFunction?.(`libp2p.kadDHT.${name}`, run, { optionsIndex: 0 }) ?? run

    return operation(options, async ({ signal, emit, settle, iterated }) => {
      const onEnd = this.#parts.metrics.onOperation(metric)
      let failed = true

      try {
        const result = await traced({
          signal,
          settle,
          iterated,
          events: emit == null ? undefined : new QueryEvents(emit, this.#config.peerInfoMapper),
          useCache,
          useNetwork,
          trace: options.trace
        })
        failed = false

        return result
      } finally {
        onEnd(failed)
      }
    })
  }

  /** A peer says that it serves the protocol. One that is being asked something is probed only if no answer has come when its stream ends. */
  #onServer (peer: Contact, connection: Connection): void {
    const asking = connection.streams.find(({ direction, protocol }) => direction === 'outbound' && protocol === this.#config.protocol)

    if (asking == null) {
      this.#parts.peers.onServer(peer)
    } else {
      asking.addEventListener('close', () => {
        if (this.#running) {
          this.#parts.peers.onServer(peer)
        }
      })
    }
  }

  #onAdded (peer: Contact): void {
    this.#parts.metrics.onTableEvent('peer_added')
    this.#parts.peers.onAdded(peer)
    this.#parts.values.onNewcomer(peer)
    this.#table.tell('peer:add', peer)
    this.#meet(peer)
  }

  /** A peer has answered: learns its addresses, and tells libp2p's peer discovery. */
  #meet (peer: Contact): void {
    const { book, background } = this.#parts

    if (book.has(peer.id) && this.#announced.has(peer.id)) {
      return
    }

    background.run('learn the addresses of a peer', async options => {
      if (!book.has(peer.id)) {
        book.set(await storedPeer(this.#components.peerStore, toPeerId(peer), this.#config.peerInfoMapper, options))
      }

      if (!this.#announced.has(peer.id)) {
        this.#announced.set(peer.id, true)
        this.safeDispatchEvent<PeerInfo>('peer', { detail: book.info(peer) })
      }
    })
  }

  #onRemoved (peer: Contact): void {
    this.#parts.metrics.onTableEvent('peer_removed')
    this.#parts.peers.onRemoved(peer)
    this.#table.tell('peer:remove', peer)
  }

  readonly #onPeerUpdate = ({ detail: { peer, previous } }: CustomEvent<PeerUpdate>): void => {
    if (previous == null || !sameAddresses(peer, previous)) {
      this.#parts.book.set({ id: peer.id, multiaddrs: peer.addresses.map(({ multiaddr }) => multiaddr) })
    }

    if (previous?.protocols.includes(this.#config.protocol) === true && !peer.protocols.includes(this.#config.protocol)) {
      this.#parts.table.remove(fromPeerId(peer.id).id)
    }
  }

  readonly #onSelfUpdate = ({ detail: { peer } }: CustomEvent<PeerUpdate>): void => {
    const addresses = peer.addresses.map(({ multiaddr }) => multiaddr)
    this.#auto?.onAddresses(addresses)

    if (hostsOf(addresses) !== this.#hosts) {
      this.#hosts = hostsOf(addresses)
      this.#parts.peers.onAddressChange()
      this.#parts.providers.announce()
    }
  }

  readonly #onConnect = ({ detail: peer }: CustomEvent<PeerId>): void => {
    this.#parts.table.onConnection(fromPeerId(peer).id, true)
  }

  readonly #onDisconnect = ({ detail: peer }: CustomEvent<PeerId>): void => {
    this.#parts.table.onConnection(fromPeerId(peer).id, false)
  }

  /** Peers that are no more in the table when the node starts anew would keep their tags for ever. */
  async #clearTags (options: AbortOptions): Promise<void> {
    const { peerStore, connectionManager } = this.#components
    const tagged = await peerStore.all({ ...options, filters: [({ tags }) => TAGS.some(tag => tags.has(tag))] })

    for (const { id } of tagged) {
      // whoever is connected may be in the table of another DHT of this node
      if (!this.routingTable.has(id) && connectionManager.getConnections(id).length === 0) {
        await peerStore.merge(id, { tags: Object.fromEntries(TAGS.map(tag => [tag, undefined])) }, options)
      }
    }
  }

  /** Now and then again and again, until the node stops. */
  #regularly (name: string, interval: number, task: (options: Required<AbortOptions>) => Promise<void>): void {
    this.#parts.background.run(name, task)
    this.#timers.add(setInterval(() => { this.#parts.background.run(name, task) }, interval))
  }
}

/** Where a node is, whatever its ports: these change with each connection behind some routers. */
function hostsOf (addresses: Multiaddr[]): string {
  return [...new Set(addresses.map(addr => addr.getComponents()[0]?.value ?? ''))].sort().join()
}

function sameAddresses (a: Peer, b: Peer): boolean {
  return a.addresses.length === b.addresses.length && a.addresses.every(({ multiaddr }, i) => multiaddr.equals(b.addresses[i].multiaddr))
}
