// The parts of the service, and how they are wired: each gets the functions it needs, none gets to know the others.

import { publicKeyToProtobuf } from '@libp2p/crypto/keys'
import { multihashOf } from './arguments.ts'
import { Background } from './background.ts'
import { neighbourhood } from './kademlia/neighbourhood.ts'
import { MAX_ASKED, UPKEEP } from './kademlia/parameters.ts'
import { isValuesLimit, limitOf } from './limit-of.ts'
import { LocalNode } from './local-node.ts'
import { createMetrics } from './metrics.ts'
import { Mode } from './mode.ts'
import { AddressBook } from './peers/address-book.ts'
import { findNodeHandler } from './peers/find-node.ts'
import { LiveTable } from './peers/live-table.ts'
import { Peers } from './peers/peers.ts'
import { Providers } from './providers/providers.ts'
import { contactFromPeerId } from './query/contact.ts'
import { Latency } from './query/latency.ts'
import { QueryManager } from './query/manager.ts'
import { Values } from './values/values.ts'
import { Client } from './wire/client.ts'
import { libp2pNetwork, storedPeer } from './wire/libp2p-network.ts'
import { fromPeerId, toPeerId } from './wire/peer.ts'
import { ping, roundTripOf } from './wire/ping.ts'
import { Server } from './wire/server.ts'
import type { KadDHTComponents } from './api.ts'
import type { KadDHTConfig } from './config.ts'
import type { DHTMetrics } from './metrics.ts'
import type { LiveTableEvents } from './peers/live-table.ts'
import type { PeersNeeds } from './peers/peers.ts'
import type { Contact } from './query/contact.ts'
import type { Logger } from '@libp2p/interface'

const SECOND = 1000
const MINUTE = 60 * SECOND

/** An unused outbound stream is closed before go-libp2p, which waits a minute, closes it. */
const STREAM_IDLE = 30 * SECOND

/**
 * A connection that was opened for a request, to a peer that is not in the table, is closed when it has had no request for so
 * long. libp2p's own pruning begins at 300 connections.
 */
const CONNECTION_IDLE = 3 * MINUTE

/** An inbound stream without requests is closed after as long as go-libp2p waits. */
const SERVER_IDLE = MINUTE

/** Peers outside the table whose addresses are remembered, such as clients that are connected. */
const ADDRESSES_REMEMBERED = 1_024

/** The table is written so often, ms, if it has changed. */
const SAVE_INTERVAL = MINUTE

/** How many of its peers are written, and how many times k there are at least with those of earlier times. */
const MOST_SAVED = 200
const ENOUGH_SAVED = 2

/** At the start they are asked, so many at once. */
const PROBE_SAVED = { concurrency: 40, maxQueueSize: MOST_SAVED }

const BACKGROUND = { concurrency: 10, maxQueueSize: 1_000 }
const REPAIRS = { concurrency: 10, maxQueueSize: 100 }

type Requests = Pick<Client, 'request' | 'notify'>

/** What the parts are made of. */
interface Base {
  components: KadDHTComponents
  config: KadDHTConfig
  log: Logger
  self: Contact
  book: AddressBook
  table: LiveTable
  latency: Latency
  metrics: DHTMetrics
  background: Background
  /** apart, so that nodes that don't answer hold up nothing else */
  repairs: Background
}

export interface Parts extends Base {
  client: Client
  queries: QueryManager
  peers: Peers
  values: Values
  providers: Providers
  mode: Mode
}

export interface PartsEvents extends Required<LiveTableEvents> {
  /** the peer has answered a random walk */
  onMet (peer: Contact): void
  /** an owner has signed two values with the same sequence number that are not the same */
  onContradiction (key: Uint8Array, values: [Uint8Array, Uint8Array]): void
}

export function createParts (components: KadDHTComponents, config: KadDHTConfig, log: Logger, events: PartsEvents): Parts {
  const self = contactFromPeerId(components.peerId)
  const book: AddressBook = new AddressBook(config.peerInfoMapper, ADDRESSES_REMEMBERED, id => table.table.get(id)?.peer)
  const table = new LiveTable({ self, k: config.k, perGroup: config.perGroup }, book, events)
  const latency = new Latency(config.slow, id => table.table.get(id))
  const metrics: DHTMetrics = createMetrics(components.metrics, config.metricsPrefix, {
    buckets: () => [...table.table.buckets()],
    pendingProbes: kind => peers.pendingProbes(kind),
    lookups: () => queries.running,
    providing: () => providers.providing.status(),
    values: () => values.counts,
    providers: () => providers.counts,
    networkSize: () => queries.networkSize,
    requestsWaiting: () => client.waiting,
    dials: () => client.dials,
    streams: () => client.streams
  })
  const base = { components, config, log, self, book, table, metrics, latency, background: new Background(BACKGROUND, log), repairs: new Background({ ...REPAIRS, onFull: () => { metrics.onLimit('repairs') } }, log) }
  const local = new LocalNode({ components, k: config.k, mapper: config.peerInfoMapper, table, book })
  const client: Client = createClient(base)
  const requests = countLimits(client, metrics)
  const queries: QueryManager = createQueries(base, client, requests)
  const peers: Peers = createPeers(base, requests, queries, {
    onMet: peer => { events.onMet(peer) },
    onJoined: () => {
      providers.announce()
      values.publish()
    }
  })
  const values: Values = createValues(base, requests, queries, local, events)
  const providers: Providers = createProviders(base, client, requests, queries, peers, local)
  const mode = createMode(base, values, providers, local)

  return { ...base, client, queries, peers, values, providers, mode }
}

function createClient ({ components, config, book, table, metrics, latency }: Base): Client {
  const { protocol, requestTimeout, maxOutboundStreams, limits, peerInfoMapper } = config

  return new Client({
    protocol,
    timeout: requestTimeout,
    idle: STREAM_IDLE,
    idleConnection: CONNECTION_IDLE,
    maxOutboundStreams,
    maxWarmStreams: limits.warmStreams,
    maxDials: limits.dials,
    maxRequests: limits.requests,
    perPeer: { streams: limits.streamsPerPeer, inFlight: limits.requestsPerStream, waiting: limits.waitingPerPeer }
  }, libp2pNetwork(components, protocol, peerInfoMapper, {
    remembered: peer => book.info(contactFromPeerId(peer)).multiaddrs,
    inTable: peer => table.table.get(fromPeerId(peer).id) != null,
    lateAfter: id => latency.slowAfter(id, 'stream')
  }), {
    onRequest: (type, count) => { metrics.onRequestSent(type, count) },
    onOutcome: (peer, type, { ok, ms, reach, queued, error, remoteAddr }) => {
      if (ok) {
        metrics.onAnswered(ms)

        if (!queued) {
          latency.onAnswer(peer.id, ms, reach)
        }

        table.onAlive(peer, { roundTrip: reach === 'stream' && !queued ? ms : undefined, group: remoteAddr == null ? undefined : config.groupOf(remoteAddr) })
        return
      }

      metrics.onRequestFailed(type)

      if (error?.name === 'UnsupportedProtocolError') {
        // alive, and no server any more
        table.remove(peer.id)
      } else {
        table.onFailure(peer)
      }
    }
  })
}

/** The client's requests; those that run into a limit of this node are counted. */
function countLimits (client: Client, metrics: DHTMetrics): Requests {
  const count = (error: Error): never => {
    const limit = limitOf(error)

    if (limit != null) {
      metrics.onLimit(limit)
    }

    throw error
  }

  return {
    request: async (...args) => client.request(...args).catch(count),
    notify: async (...args) => client.notify(...args).catch(count)
  }
}

function createQueries ({ config, self, table, latency, metrics }: Base, client: Client, requests: Requests): QueryManager {
  const { k, alpha, disjointPaths, limits, firstPeerTimeout } = config

  return new QueryManager({ k, alpha, disjointPaths, maxQueries: limits.queries, maxAsked: MAX_ASKED * k, firstPeerTimeout }, {
    self: self.id,
    closest: (target, n) => table.closest(target, n),
    expected: () => neighbourhood(self.key, table.closest(self.key, k), k),
    request: async (to, request, options) => requests.request(to, request, options),
    onSilent: peer => {
      if (client.isCalled(peer.id)) {
        table.onFailure(peer)
      }
    },
    slowAfter: peer => latency.slowAfter(peer.id, client.reach(peer)),
    overdueAfter: peer => latency.overdueAfter(peer.id, client.reach(peer)),
    onRefused: () => { metrics.onLimit('queries') },
    firstPeer: async options => table.firstPeer(options),
    onLookup: (target, closest) => { table.table.onLookup(target, closest, Date.now()) }
  })
}

function createPeers ({ components, config, log, self, table, book, metrics, background }: Base, requests: Requests, queries: QueryManager, events: Pick<PeersNeeds, 'onMet' | 'onJoined'>): Peers {
  const { k, probeOld, probeNew, initialQuerySelfInterval, querySelfInterval, refreshInterval, datastorePrefix, peerInfoMapper, randomWalk, seeds } = config
  const { peerStore, datastore, peerId } = components

  return new Peers({
    probeOld,
    probeNew,
    probeSaved: { ...PROBE_SAVED, timeout: probeNew.timeout },
    maintenance: { initialSelfInterval: initialQuerySelfInterval, selfInterval: querySelfInterval, refreshInterval, ...UPKEEP },
    randomWalk,
    seeds: seeds.map(({ id, multiaddrs }) => contactFromPeerId(id, multiaddrs)),
    saved: { prefix: datastorePrefix, most: MOST_SAVED, enough: ENOUGH_SAVED * k },
    saveInterval: SAVE_INTERVAL
  }, {
    self,
    peerId,
    queries,
    table,
    book,
    datastore,
    mapper: peerInfoMapper,
    known: async id => storedPeer(peerStore, id, peerInfoMapper),
    request: async (to, request, options) => requests.request(to, request, options),
    setTags: (peer, tags) => {
      background.run('tag a peer', async options => { await peerStore.merge(toPeerId(peer), { tags }, options) })
    },
    randomBytes: length => globalThis.crypto.getRandomValues(new Uint8Array(length)),
    onProbeDropped: () => { metrics.onTableEvent('probe_dropped') },
    onProbed: (kind, ms, answered) => { metrics.onProbed(kind, ms, answered) },
    onSelfLookup: () => metrics.onOperation('SELF_QUERY'),
    ...events,
    log
  })
}

function createValues ({ components, config, log, self, table, repairs, metrics }: Base, requests: Requests, queries: QueryManager, local: LocalNode, events: Pick<PartsEvents, 'onContradiction'>): Values {
  const { datastorePrefix, validators, selectors, limits, readCache, republish, replicate } = config
  const { datastore, privateKey, peerId } = components

  return new Values({
    prefix: datastorePrefix,
    limits: { maxRecords: limits.storedValues, maxBytes: limits.storedValueBytes, maxPerPublisher: limits.valuesPerPublisher },
    validators,
    selectors,
    validatorTimeout: limits.validatorTimeout,
    signedRecordSize: limits.signedRecordSize,
    memberListSize: limits.memberListSize,
    readCache,
    republish,
    replicate
  }, {
    datastore,
    self,
    peerId,
    privateKey,
    publicKey: publicKeyToProtobuf(privateKey.publicKey),
    toPeerId,
    peerIdOf: multihash => toPeerId({ multihash }),
    queries,
    maxValueSize: limits.valueSize,
    request: async (to, request, options) => requests.request(to, request, options),
    closest: (target, n) => table.closest(target, n),
    closerPeers: (target, requester) => local.closerPeers(target, requester),
    background: task => { repairs.run('repair a value', task) },
    random: Math.random,
    onContradiction: events.onContradiction,
    onEvicted: () => { metrics.onLimit('values') },
    onFull: () => { metrics.onLimit('replications') },
    onReplicated: requests => { metrics.onReplicated(requests) },
    onPublishFailure: () => { metrics.onPublishFailed() },
    log
  })
}

function createProviders ({ components, config, log, self, table, metrics }: Base, client: Client, requests: Requests, queries: QueryManager, peers: Peers, local: LocalNode): Providers {
  const { datastorePrefix, providers: { validity, addressValidity, cacheSize, region }, sweep, limits, peerInfoMapper, groupOf } = config
  const { datastore, peerId, peerStore, connectionManager } = components

  return new Providers({
    prefix: `${datastorePrefix}/provider`,
    providedPrefix: `${datastorePrefix}/providing`,
    validity,
    addressValidity,
    cacheSize,
    maxProvidersPerKey: limits.providersPerKey,
    maxPerSender: limits.providersPerSender,
    maxRecords: limits.storedProviders,
    onEvicted: limit => { metrics.onLimit(limit) },
    onWriteFailed: (error, changes) => {
      log.error('%d changes of provider records could not be written - %e', changes, error)
      metrics.onProvidersUnwritten(changes)
    },
    region,
    sweep
  }, {
    datastore,
    self,
    peerId,
    toPeerId,
    multihashOf,
    tableSize: () => table.table.size,
    contact: () => local.contact(),
    encodedSelf: () => local.encodedSelf(),
    encoded: id => local.encoded(id),
    closerPeers: (target, requester) => local.closerPeers(target, requester),
    queries,
    request: async (to, request, options) => requests.request(to, request, options),
    notify: async (to, request, options) => requests.notify(to, request, options),
    mapper: peerInfoMapper,
    groupOf,
    maxFound: limits.foundProviders,
    known: async id => storedPeer(peerStore, id, peerInfoMapper),
    // what this node knows was looked at before
    findPeer: async (id, { signal }) => peers.findPeer(id, { signal, useCache: false }),
    roundTrip: peer => table.table.get(peer.id)?.rtt?.mean ?? roundTripOf(connectionManager.getConnections(toPeerId(peer))),
    measure: async (peer, signal) => ping(await client.connect(peer, signal), signal),
    onIncomplete: () => { metrics.onLimit('completions') },
    random: Math.random,
    onLimit: limit => { metrics.onLimit(limit) },
    onAnnounced: batch => { metrics.onReprovided(batch) },
    log
  })
}

function createMode ({ components, config, log, metrics, table }: Base, values: Values, providers: Providers, local: LocalNode): Mode {
  const { clientMode, protocol, maxInboundStreams, maxOutboundStreams, incomingMessageTimeout } = config
  const server = new Server({
    FIND_NODE: findNodeHandler(local),
    GET_VALUE: values.onGet,
    PUT_VALUE: values.onPut,
    GET_PROVIDERS: providers.onGet,
    ADD_PROVIDER: providers.onAdd,
    PING: () => ({})
  }, { requestTimeout: incomingMessageTimeout, idleTimeout: SERVER_IDLE }, log, {
    onRequest: (type, { id }) => {
      metrics.onRequestReceived(type)
      table.onHeard(id)
    },
    onServed: (type, ms) => { metrics.onRequestServed(type, ms) },
    onRefused: (type, _, error) => {
      metrics.onRequestRefused(type)

      if (isValuesLimit(type, error)) {
        metrics.onLimit('values')
      }
    }
  })

  return new Mode(clientMode === false ? 'server' : 'client', { protocol, maxInboundStreams, maxOutboundStreams }, components.registrar, server)
}
