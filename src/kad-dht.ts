// The service: builds the parts, starts and stops them, and maps them onto libp2p's interfaces.

import { publicKeyToProtobuf } from '@libp2p/crypto/keys'
import { contentRoutingSymbol, InvalidParametersError, NotStartedError, peerDiscoverySymbol, peerRoutingSymbol, serviceCapabilities, serviceDependencies } from '@libp2p/interface'
import { TypedEventEmitter } from 'main-event'
import { Background } from './background.ts'
import { resolveConfig } from './config.ts'
import { createMetrics } from './metrics.ts'
import { isPublic, Mode } from './mode.ts'
import { AddressBook } from './peers/address-book.ts'
import { closerPeers, findNodeHandler } from './peers/find-node.ts'
import { LiveTable } from './peers/live-table.ts'
import { Peers } from './peers/peers.ts'
import { Providers } from './providers/providers.ts'
import { contactFromPeerId } from './query/contact.ts'
import { Latency } from './query/latency.ts'
import { QueryManager } from './query/manager.ts'
import { operation } from './query/operation.ts'
import { QueryEvents } from './query/query-events.ts'
import { contentRouting, peerRouting } from './routing.ts'
import { Values } from './values/values.ts'
import { Client } from './wire/client.ts'
import { libp2pNetwork, storedPeer } from './wire/libp2p-network.ts'
import { encodePeer, toPeerId } from './wire/peer.ts'
import { Server } from './wire/server.ts'
import type { DHTOptions, KadDHT, KadDHTComponents, RoutingTable, SetModeOptions } from './api.ts'
import type { KadDHTConfig, KadDHTInit } from './config.ts'
import type { DHTMetrics, OperationName } from './metrics.ts'
import type { CloserPeersSource } from './peers/find-node.ts'
import type { FindOptions } from './peers/find-peer.ts'
import type { Contact } from './query/contact.ts'
import type { Operation } from './query/operation.ts'
import type { WriteResult } from './query/store-at.ts'
import type { Selectors, Validators } from './values/namespaces.ts'
import type { AbortOptions, ContentRouting, Logger, Peer, PeerDiscovery, PeerDiscoveryEvents, PeerId, PeerInfo, PeerRouting, PeerUpdate, Startable } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'

const SECOND = 1000
const MINUTE = 60 * SECOND

/** An unused outbound stream is closed before go-libp2p, which waits a minute, closes it. */
const STREAM_IDLE = 30 * SECOND

/** An inbound stream without requests is closed after as long as go-libp2p waits. */
const SERVER_IDLE = MINUTE

/** A peer loses its place in the table after so many failed requests in a row. */
const MAX_FAILURES = 3

/** A lookup asks no more than this many times k peers; one among honest peers asks about 2k. */
const MAX_ASKED = 25

/** Peers outside the table whose addresses are remembered, such as clients that are connected. */
const ADDRESSES_REMEMBERED = 1_024

/** How often expired values are deleted. */
const COLLECT_VALUES = 60 * MINUTE

/** Of the part of an address that names a peer. */
const CODE_P2P = 421

const MAINTENANCE = { probeInterval: 30 * SECOND, staleAfter: 10 * MINUTE, probeBackoff: 5 * SECOND, maxProbes: 20 }
const TABLE_SAVED = { saveInterval: MINUTE, maxSaved: 100 }
const BACKGROUND = { concurrency: 10, maxQueueSize: 1_000 }

export class KadDHTService extends TypedEventEmitter<PeerDiscoveryEvents> implements KadDHT, Startable {
  readonly k: number
  readonly a: number
  readonly d: number
  readonly validators: Validators
  readonly selectors: Selectors
  readonly routingTable: RoutingTable

  readonly [Symbol.toStringTag] = 'libp2p-kad'
  readonly [serviceCapabilities]: string[] = ['@libp2p/content-routing', '@libp2p/peer-routing', '@libp2p/peer-discovery', '@libp2p/kad-dht']
  readonly [serviceDependencies]: string[] = ['@libp2p/identify', '@libp2p/ping']

  readonly #components: KadDHTComponents
  readonly #config: KadDHTConfig
  readonly #log: Logger
  readonly #self: Contact
  readonly #metrics: DHTMetrics
  readonly #book: AddressBook
  readonly #table: LiveTable
  readonly #latency: Latency
  readonly #client: Client
  readonly #queries: QueryManager
  readonly #background: Background
  readonly #peers: Peers
  readonly #values: Values
  readonly #providers: Providers
  readonly #mode: Mode
  readonly #timers = new Set<ReturnType<typeof setInterval>>()
  #topology?: string
  #running = false

  constructor (components: KadDHTComponents, init: KadDHTInit) {
    super()
    const config = this.#config = resolveConfig(init)

    this.#components = components
    this.#log = components.logger.forComponent(config.logPrefix)
    this.#self = contactFromPeerId(components.peerId)
    this.#metrics = createMetrics(components.metrics, config.metricsPrefix, {
      bucketSizes: () => [...this.#table.table.buckets()].map(({ entries }) => entries.length),
      maxDepth: () => Math.max(0, ...[...this.#table.table.buckets()].map(({ commonPrefixLength }) => commonPrefixLength)),
      reprovideQueue: () => this.#providers.reprovideQueue
    })
    this.#book = new AddressBook(config.peerInfoMapper, ADDRESSES_REMEMBERED)
    this.#table = new LiveTable({ self: this.#self, k: config.k, maxFailures: MAX_FAILURES }, this.#book, {
      onAdded: peer => { this.#onAdded(peer) },
      onRemoved: peer => { this.#onRemoved(peer) }
    })
    this.#latency = new Latency(config.slow)
    this.#client = this.#createClient()
    this.#queries = this.#createQueries()
    this.#background = new Background(BACKGROUND, this.#log)
    this.#peers = this.#createPeers()
    this.#values = this.#createValues()
    this.#providers = this.#createProviders()
    this.#mode = this.#createMode()

    this.k = config.k
    this.a = config.alpha
    this.d = config.disjointPaths
    this.validators = this.#values.validators
    this.selectors = this.#values.selectors
    this.routingTable = tableView(this.#table)

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

  isStarted (): boolean {
    return this.#running
  }

  async start (): Promise<void> {
    if (this.#running) {
      return
    }

    this.#running = true
    this.#client.start()
    this.#queries.start()
    this.#background.start()
    this.#providers.start()
    this.#components.events.addEventListener('peer:update', this.#onPeerUpdate)
    this.#components.events.addEventListener('self:peer:update', this.#onSelfUpdate)
    this.#topology = await this.#components.registrar.register(this.#config.protocol, {
      onConnect: peerId => { this.#peers.onServer(contactFromPeerId(peerId)) }
    })
    await this.#mode.start()
    this.#regularly('delete expired values', COLLECT_VALUES, async options => this.#values.collect(options))
    this.#regularly('delete expired providers', this.#config.providers.cleanupInterval, async options => this.#providers.collect(options))
    this.#background.run('ask the peers of the last time', async options => this.#peers.start(options))
  }

  async stop (): Promise<void> {
    if (!this.#running) {
      return
    }

    this.#running = false
    this.#timers.forEach(timer => { clearInterval(timer) })
    this.#timers.clear()
    this.#components.events.removeEventListener('peer:update', this.#onPeerUpdate)
    this.#components.events.removeEventListener('self:peer:update', this.#onSelfUpdate)

    if (this.#topology != null) {
      this.#components.registrar.unregister(this.#topology)
    }

    this.#peers.stop()
    this.#providers.stop()
    this.#queries.stop()
    this.#client.stop()
    await this.#mode.stop()
    await this.#background.stop()
    await this.#peers.save()
  }

  getMode (): 'client' | 'server' {
    return this.#mode.current
  }

  async setMode (mode: 'client' | 'server', options?: SetModeOptions): Promise<void> {
    if (mode !== 'client' && mode !== 'server') {
      throw new InvalidParametersError(`A mode is 'client' or 'server', not ${String(mode)}`)
    }

    await this.#mode.set(mode, options)
  }

  async refreshRoutingTable (options?: AbortOptions): Promise<void> {
    if (!this.#running) {
      throw new NotStartedError('The DHT is not started: start the libp2p node first')
    }

    await this.#peers.refresh(options)
  }

  get (key: Uint8Array, options: DHTOptions = {}): Operation<Uint8Array> {
    return this.#operation('get', 'GET_VALUE', options, async found => this.#values.get(requireBytes(key), found))
  }

  put (key: Uint8Array, value: Uint8Array, options: DHTOptions = {}): Operation<WriteResult> {
    return this.#operation('put', 'PUT_VALUE', options, async found => this.#values.put(requireBytes(key), requireBytes(value, 'value'), found))
  }

  provide (cid: CID, options: DHTOptions = {}): Operation<WriteResult> {
    return this.#operation('provide', 'PROVIDE', options, async found => this.#providers.provide(multihashOf(cid), found))
  }

  async cancelReprovide (cid: CID, options?: AbortOptions): Promise<void> {
    await this.#providers.cancel(multihashOf(cid), options)
  }

  findProviders (cid: CID, options: DHTOptions = {}): Operation<PeerInfo[]> {
    return this.#operation('findProviders', 'FIND_PROVIDERS', options, async found => this.#providers.find(multihashOf(cid), found))
  }

  findPeer (id: PeerId, options: DHTOptions = {}): Operation<PeerInfo> {
    return this.#operation('findPeer', 'FIND_PEER', options, async found => this.#peers.findPeer(id, found))
  }

  getClosestPeers (key: Uint8Array, options: DHTOptions = {}): Operation<PeerInfo[]> {
    return this.#operation('getClosestPeers', 'GET_CLOSEST_PEERS', options, async found => this.#peers.closestPeers(requireBytes(key), found))
  }

  /** Counted, timed and traced, and with its events where somebody listens. */
  #operation <T> (name: string, metric: OperationName, options: DHTOptions, run: (options: FindOptions) => Promise<T>): Operation<T> {
    const { useCache, useNetwork } = options
    const traced = this.#components.metrics?.traceFunction?.(`libp2p.kadDHT.${name}`, run, { optionsIndex: 0 }) ?? run

    return operation(options, async ({ signal, emit }) => {
      const onEnd = this.#metrics.onOperation(metric)
      let failed = true

      try {
        const result = await traced({
          signal,
          events: emit == null ? undefined : new QueryEvents(emit, this.#config.peerInfoMapper),
          useCache,
          useNetwork
        })
        failed = false

        return result
      } finally {
        onEnd(failed)
      }
    })
  }

  #createClient (): Client {
    const { protocol, requestTimeout, maxOutboundStreams, limits, peerInfoMapper } = this.#config

    return new Client({
      protocol,
      timeout: requestTimeout,
      idle: STREAM_IDLE,
      maxOutboundStreams,
      maxWarmStreams: limits.warmStreams
    }, libp2pNetwork(this.#components, peerInfoMapper, peer => this.#book.info(contactFromPeerId(peer)).multiaddrs), {
      onRequest: type => { this.#metrics.onRequestSent(type) },
      onOutcome: (peer, type, { ok, ms, warm, error }) => {
        if (ok) {
          this.#metrics.onAnswered(ms)
          this.#latency.onAnswer(peer.id, ms, warm)
          this.#table.onAlive(peer)
          return
        }

        this.#metrics.onRequestFailed(type)

        if (error?.name === 'UnsupportedProtocolError') {
          // alive, and no server any more
          this.#table.remove(peer.id)
        } else {
          this.#table.onFailure(peer)
        }
      }
    })
  }

  #createQueries (): QueryManager {
    const { k, alpha, disjointPaths, limits, firstPeerTimeout } = this.#config

    return new QueryManager({ k, alpha, disjointPaths, maxQueries: limits.queries, maxAsked: MAX_ASKED * k, firstPeerTimeout }, {
      self: this.#self.id,
      closest: (target, n) => this.#table.closest(target, n),
      request: async (to, request, options) => this.#client.request(to, request, options),
      onSilent: peer => { this.#table.onFailure(peer) },
      slowAfter: ({ id }) => this.#latency.slowAfter(id, this.#client.isWarm(id)),
      firstPeer: async options => this.#table.firstPeer(options),
      onLookup: target => { this.#table.table.onLookup(target, Date.now()) }
    })
  }

  #createPeers (): Peers {
    const { probeOld, probeNew, initialQuerySelfInterval, querySelfInterval, refreshInterval, datastorePrefix, peerInfoMapper } = this.#config
    const { peerStore, datastore, peerId } = this.#components

    return new Peers({
      probeOld,
      probeNew,
      maintenance: { initialSelfInterval: initialQuerySelfInterval, selfInterval: querySelfInterval, refreshInterval, ...MAINTENANCE },
      prefix: datastorePrefix,
      ...TABLE_SAVED
    }, {
      self: this.#self,
      peerId,
      queries: this.#queries,
      table: this.#table,
      book: this.#book,
      datastore,
      mapper: peerInfoMapper,
      known: async id => storedPeer(peerStore, id, peerInfoMapper),
      request: async (to, request, options) => this.#client.request(to, request, options),
      setTags: (peer, tags) => {
        this.#background.run('tag a peer', async options => { await peerStore.merge(toPeerId(peer), { tags }, options) })
      },
      randomBytes: length => globalThis.crypto.getRandomValues(new Uint8Array(length)),
      onProbeDropped: () => { this.#metrics.onTableEvent('probe_dropped') },
      onJoined: () => { this.#providers.announce() },
      log: this.#log
    })
  }

  #createValues (): Values {
    const { datastorePrefix, validators, selectors, limits } = this.#config
    const { datastore, privateKey, peerId } = this.#components

    return new Values({ prefix: `${datastorePrefix}/record`, maxRecords: limits.storedValues, validators, selectors }, {
      datastore,
      self: peerId,
      toPeerId,
      queries: this.#queries,
      maxValueSize: limits.valueSize,
      request: async (to, request, options) => this.#client.request(to, request, options),
      closerPeers: (target, requester) => closerPeers(this.#closerPeersSource(), target, requester),
      background: task => { this.#background.run('repair a value', task) },
      ownKey: { multihash: this.#self.multihash, publicKey: publicKeyToProtobuf(privateKey.publicKey) }
    })
  }

  #createProviders (): Providers {
    const { datastorePrefix, providers, reprovide, limits, peerInfoMapper } = this.#config
    const { datastore, peerId } = this.#components

    return new Providers({
      prefix: `${datastorePrefix}/provider`,
      validity: providers.validity,
      cacheSize: providers.cacheSize,
      maxProvidersPerKey: limits.providersPerKey,
      maxRecords: limits.storedProviders,
      reprovide
    }, {
      datastore,
      self: this.#self,
      peerId,
      toPeerId,
      contact: () => this.#ownContact(),
      encodedSelf: () => this.#encodedSelf(),
      encoded: id => this.#book.encoded(id),
      closerPeers: (target, requester) => closerPeers(this.#closerPeersSource(), target, requester),
      queries: this.#queries,
      notify: async (to, request, options) => this.#client.notify(to, request, options),
      mapper: peerInfoMapper,
      maxFound: limits.foundProviders,
      random: Math.random,
      log: this.#log
    })
  }

  #createMode (): Mode {
    const { clientMode, protocol, maxInboundStreams, maxOutboundStreams, incomingMessageTimeout } = this.#config
    const server = new Server({
      FIND_NODE: findNodeHandler(this.#closerPeersSource()),
      GET_VALUE: this.#values.onGet,
      PUT_VALUE: this.#values.onPut,
      GET_PROVIDERS: this.#providers.onGet,
      ADD_PROVIDER: this.#providers.onAdd,
      PING: () => ({})
    }, { requestTimeout: incomingMessageTimeout, idleTimeout: SERVER_IDLE }, this.#log, {
      onRequest: type => { this.#metrics.onRequestReceived(type) },
      onServed: (type, ms) => { this.#metrics.onRequestServed(type, ms) },
      onRefused: type => { this.#metrics.onRequestRefused(type) }
    })

    return new Mode(clientMode === false ? 'server' : 'client', { protocol, maxInboundStreams, maxOutboundStreams }, this.#components.registrar, server)
  }

  #closerPeersSource (): CloserPeersSource {
    return {
      self: this.#self.id,
      k: this.#config.k,
      closest: (target, n, accept) => this.#table.closest(target, n, accept),
      encoded: id => this.#book.encoded(id),
      encodedSelf: () => this.#encodedSelf()
    }
  }

  /** This node, with the addresses that others may use. */
  #ownContact (): Contact {
    const { multiaddrs } = this.#config.peerInfoMapper({
      id: this.#components.peerId,
      multiaddrs: this.#components.addressManager.getAddresses()
    })

    // libp2p writes one's own id after each: the others know whose they are
    return { ...this.#self, addrs: multiaddrs.map(addr => addr.decapsulateCode(CODE_P2P).bytes) }
  }

  #encodedSelf (): Uint8Array | undefined {
    const { multihash, addrs } = this.#ownContact()

    return addrs.length === 0 ? undefined : encodePeer(multihash, addrs)
  }

  #onAdded (peer: Contact): void {
    this.#metrics.onTableEvent('peer_added')
    this.#peers.onAdded(peer)
    this.#background.run('announce a peer', async options => {
      if (!this.#book.has(peer.id)) {
        this.#book.set(await storedPeer(this.#components.peerStore, toPeerId(peer), this.#config.peerInfoMapper, options))
      }

      this.safeDispatchEvent<PeerInfo>('peer', { detail: this.#book.info(peer) })
    })
  }

  #onRemoved (peer: Contact): void {
    this.#metrics.onTableEvent('peer_removed')
    this.#peers.onRemoved(peer)
  }

  readonly #onPeerUpdate = ({ detail: { peer, previous } }: CustomEvent<PeerUpdate>): void => {
    if (previous == null || !sameAddresses(peer, previous)) {
      this.#book.set({ id: peer.id, multiaddrs: peer.addresses.map(({ multiaddr }) => multiaddr) })
    }

    if (previous?.protocols.includes(this.#config.protocol) === true && !peer.protocols.includes(this.#config.protocol)) {
      this.#table.remove(contactFromPeerId(peer.id).id)
    }
  }

  /** In automatic mode the node serves while others can reach it. */
  readonly #onSelfUpdate = ({ detail: { peer } }: CustomEvent<PeerUpdate>): void => {
    if (this.#config.clientMode == null) {
      const mode = isPublic(peer.addresses.map(({ multiaddr }) => multiaddr)) ? 'server' : 'client'

      this.setMode(mode).catch((error: Error) => { this.#log.error('could not become a %s - %e', mode, error) })
    }
  }

  /** Now and then again and again, until the node stops. */
  #regularly (name: string, interval: number, task: (options: Required<AbortOptions>) => Promise<void>): void {
    this.#background.run(name, task)
    this.#timers.add(setInterval(() => { this.#background.run(name, task) }, interval))
  }
}

function tableView (table: LiveTable): RoutingTable {
  return {
    get size () {
      return table.size
    },
    has: peer => table.table.has(contactFromPeerId(peer).id),
    peers: () => [...table.table.entries()].map(({ peer }) => toPeerId(peer))
  }
}

function sameAddresses (a: Peer, b: Peer): boolean {
  return a.addresses.length === b.addresses.length && a.addresses.every(({ multiaddr }, i) => multiaddr.equals(b.addresses[i].multiaddr))
}

function requireBytes (bytes: Uint8Array, what = 'key'): Uint8Array {
  if (!(bytes instanceof Uint8Array) || (what === 'key' && bytes.byteLength === 0)) {
    throw new InvalidParametersError(`A ${what} is a Uint8Array${what === 'key' ? ' of at least one byte' : ''}`)
  }

  return bytes
}

function multihashOf (cid: CID): Uint8Array {
  const bytes = cid?.multihash?.bytes

  if (!(bytes instanceof Uint8Array)) {
    throw new InvalidParametersError('The content is named by a CID: parse its text with CID.parse() of multiformats/cid')
  }

  return bytes
}
