// Every option: what it means, its default, and the check that tells what is wrong with it.

import { PEERS_PER_GROUP, REPLICATION } from './kademlia/parameters.ts'
import { asObject, boolean, checkAll, count, duration, func, functions, group, invalid, path, positive, text, timer } from './option-checks.ts'
import { parseSeeds } from './parse-seeds.ts'
import { MIN_SET_SIZE } from './values/overlay/member-set.ts'
import { DEFAULT_SIGNED_SIZE, MAX_SIGNED_SIZE } from './values/signed/limits.ts'
import { networkOf } from './wire/address-group.ts'
import { removePrivateAddressesMapper } from './wire/address-mappers.ts'
import { MAX_VALUE } from './wire/limits.ts'
import type { GroupLimits } from './kademlia/diversity.ts'
import type { Check } from './option-checks.ts'
import type { Selectors, Validators } from './values/namespaces.ts'
import type { AddressGroup } from './wire/address-group.ts'
import type { PeerInfoMapper } from './wire/peer.ts'
import type { PeerInfo } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** How long to wait for a peer. It adapts to the round trips that are measured. */
export interface TimeoutInit {
  /** never less, ms */
  minTimeout?: number
  /** never more, ms */
  maxTimeout?: number
  /** accepted for compatibility, without effect */
  interval?: number
  /** accepted for compatibility, without effect */
  timeoutMultiplier?: number
  /** accepted for compatibility, without effect */
  failureMultiplier?: number
}

/** How provider records of others are kept. */
export interface ProvidersInit {
  /**
   * Keys whose providers are kept in memory beside the datastore: more of them cost memory and save reads.
   *
   * @default 2048
   */
  cacheSize?: number
  /**
   * How often expired records are deleted, in seconds. They are never served, whatever this is.
   *
   * @default 5_400
   */
  cleanupInterval?: number
  /**
   * How long a record is served after it was announced, in seconds.
   *
   * @default 172_800 (48 hours)
   */
  provideValidity?: number
}

/** How this node announces again what it provides. */
export interface ReProvideInit {
  /**
   * Announcements at once.
   *
   * @default 10
   */
  concurrency?: number
  /**
   * Announcements that may wait in memory; the walk over all keys pauses meanwhile.
   *
   * @default 16_384
   */
  maxQueueSize?: number
  /**
   * So long before an announcement lapses it is made again, in ms.
   *
   * @default 93_600_000 (26 hours, so that it is made every 22)
   */
  threshold?: number
  /**
   * How often to look for announcements to make again, in ms.
   *
   * @default 3_600_000 (1 hour)
   */
  interval?: number
  /**
   * How long other nodes keep an announcement, in ms.
   *
   * @default 172_800_000 (48 hours)
   */
  validity?: number
}

/** How this node publishes again what it has published: signed records, overlays it has joined, values put with `republish`. */
export interface RepublishInit {
  /**
   * How long after it was stored a value is stored again, in ms; by chance up to a tenth earlier.
   *
   * @default 79_200_000 (22 hours)
   */
  validity?: number
  /**
   * How often to look for what is due, in ms.
   *
   * @default 3_600_000 (1 hour)
   */
  interval?: number
  /**
   * Values at once.
   *
   * @default 5
   */
  concurrency?: number
  /**
   * Values that may wait in memory; the walk over all of them pauses meanwhile.
   *
   * @default 1_024
   */
  maxQueueSize?: number
}

/** How this node keeps the values alive that it holds for others. */
export interface ReplicateInit {
  /**
   * A value that nobody has put here for so long is put to the nearest nodes again, in ms; by chance up to half as long again. Kademlia's hour lets
   * values survive that their publisher does not see to; longer costs fewer messages.
   *
   * @default 3_600_000 (1 hour)
   */
  interval?: number
  /**
   * Values at once.
   *
   * @default 5
   */
  concurrency?: number
  /**
   * Values that may wait; those over that wait for the next look, a minute later.
   *
   * @default 1_000
   */
  maxQueueSize?: number
}

/** Random lookups, for libp2p's peer discovery. The table needs none: it is refreshed where it has to be. */
export interface RandomWalkInit {
  /**
   * Whether there are any.
   *
   * @default false
   */
  enabled?: boolean
  /**
   * Between two walks, in ms.
   *
   * @default 300_000
   */
  interval?: number
  /**
   * Lookups a walk, one after the other.
   *
   * @default 1
   */
  queriesPerPeriod?: number
  /**
   * How long each of them may take, in ms.
   *
   * @default 10_000
   */
  timeout?: number
}

/**
 * How many peers the table takes that one operator is likely to run. The limits apply as soon as the table would hold 2k
 * peers without those over them, so that a small network is not starved, and never to private addresses.
 */
export interface DiversityInit {
  /**
   * The group of the address through which a peer was reached; undefined for one that no limit applies to.
   *
   * @default the /16 of an IPv4 address, the /32 of an IPv6 address, the name of a host
   */
  groupOf?: AddressGroup
  /**
   * Peers of one group in the table.
   *
   * @default 3
   */
  peersPerGroup?: number
  /**
   * Peers of one group in a bucket.
   *
   * @default 2
   */
  peersPerGroupInBucket?: number
}

/** What the node will hold and do at the most. What is over a limit is refused, logged and counted, never dropped in silence. */
export interface LimitsInit {
  /**
   * The longest value stored or put, in bytes. Other implementations may refuse longer ones than the default.
   *
   * @default 10_240
   */
  valueSize?: number
  /**
   * Values stored for others. When there is no place, the one of least use goes, which is one far from this node or about to end; one that is
   * itself of less use than all that are stored is refused.
   *
   * @default 100_000
   */
  storedValues?: number
  /**
   * Bytes of all values stored for others together.
   *
   * @default 268_435_456 (256 MiB)
   */
  storedValueBytes?: number
  /**
   * Values stored for others of one publisher: of the owner of signed records, else of whoever is said to have published them, else of
   * the peer that sent them.
   *
   * @default 1_000
   */
  valuesPerPublisher?: number
  /**
   * The longest signed record stored or published, in bytes, of which key, name and signature take some 200. All nodes of a network should
   * agree on it; at most 10_240.
   *
   * @default 1_024
   */
  signedRecordSize?: number
  /**
   * The longest member list of an overlay, in bytes: 10 KiB hold some 42 members. All nodes of a network should agree on it; at least 1_251.
   *
   * @default 10_240
   */
  memberListSize?: number
  /**
   * How long a validator or a selector may take, in ms, before the value counts as not valid.
   *
   * @default 5_000
   */
  validatorTimeout?: number
  /**
   * Provider records stored for others.
   *
   * @default 1_000_000
   */
  storedProviders?: number
  /**
   * Provider records stored under one key.
   *
   * @default 500
   */
  providersPerKey?: number
  /**
   * Providers that one search returns.
   *
   * @default 1_000
   */
  foundProviders?: number
  /**
   * Lookups at once. Each has up to `alpha` requests under way.
   *
   * @default 1_000
   */
  queries?: number
  /**
   * Requests of all lookups together that are under way at once; further ones wait their turn. More of them cost memory and
   * sockets; fewer make a node that does much at once slower.
   *
   * @default 4_096
   */
  requests?: number
  /**
   * Requests that one stream may carry before the first of them is answered. With replies of up to 16 KiB the default is what
   * yamux sends at once, 256 KiB; 1 makes each wait for the one before, as go-libp2p does.
   *
   * @default 16
   */
  requestsPerStream?: number
  /**
   * Streams to one peer at once; `maxOutboundStreams` may allow fewer. py-libp2p takes 12, of this and all other protocols.
   *
   * @default 4
   */
  streamsPerPeer?: number
  /**
   * Requests to one peer that may wait for a stream; a further one fails. The default is about as many as there are lookups,
   * each of which asks a peer once.
   *
   * @default 1_024
   */
  waitingPerPeer?: number
  /**
   * Streams kept open for the next request, one a peer. More of them save round trips and cost memory on both ends.
   *
   * @default 256
   */
  warmStreams?: number
  /**
   * Dials at once; further ones wait their turn. libp2p makes 100 at once in Node.js and 50 in a browser, for all services and the
   * application together, so a node that does little else may take more, and lookups among many dead peers are the faster.
   *
   * @default 25
   */
  dials?: number
}

/** All options have defaults that suit a node of the public network. */
export interface KadDHTInit {
  /**
   * Kademlia's k: peers a bucket, and how many nodes hold a value. All nodes of a network should agree on it.
   *
   * @default 20
   */
  kBucketSize?: number
  /**
   * Accepted for compatibility, without effect: buckets are split by common prefix length.
   */
  kBucketSplitThreshold?: number
  /**
   * Kademlia's α: requests of one lookup at once, all its paths together. More is faster and costs more messages.
   *
   * @default 10
   */
  alpha?: number
  /**
   * S/Kademlia's d: paths of a lookup on which no peer is asked twice. More of them withstand more hostile peers and cost
   * more messages; they share `alpha`.
   *
   * @default 1
   */
  disjointPaths?: number
  /**
   * Accepted for compatibility, without effect: what lookups teach the table takes no time.
   */
  routingTableUpdateQueueConcurrency?: number
  /**
   * Accepted for compatibility, without effect: what lookups teach the table waits in no queue.
   */
  routingTableUpdateMaxQueueSize?: number
  /**
   * Accepted for compatibility, without effect: the table is at full depth near oneself.
   */
  prefixLength?: number
  /**
   * true: never answer requests. false: always answer them, as on a LAN or in tests. Left out: answer while libp2p knows a
   * public address of this node.
   */
  clientMode?: boolean
  /** What is best of several values of a namespace. `pk` is built in. */
  selectors?: Selectors
  /** What is valid in a namespace. `pk` is built in. Keys of other namespaces are refused. */
  validators?: Validators
  /**
   * How often to look for the own neighbourhood, in ms.
   *
   * @default 300_000
   */
  querySelfInterval?: number
  /**
   * The same after the first peer was met, in ms; it grows to `querySelfInterval`.
   *
   * @default 1_000
   */
  initialQuerySelfInterval?: number
  /**
   * false: with an empty routing table an operation waits up to ten seconds for the first peer. true: it fails at once.
   *
   * @default false
   */
  allowQueryWithZeroPeers?: boolean
  /**
   * The protocol to speak. Nodes with different ones form different networks.
   *
   * @default "/ipfs/kad/1.0.0"
   */
  protocol?: string
  /**
   * The prefix of the log's component names.
   *
   * @default "libp2p:kad-dht"
   */
  logPrefix?: string
  /**
   * The prefix of the datastore's keys. Two DHTs on one datastore need different ones.
   *
   * @default "/dht"
   */
  datastorePrefix?: string
  /**
   * The prefix of the metrics' names. Two DHTs on one node need different ones.
   *
   * @default "libp2p_kad_dht"
   */
  metricsPrefix?: string
  /** How long a peer of the table may take to say that it is there; `maxTimeout` counts. */
  pingOldContactTimeout?: TimeoutInit
  /**
   * Peers of the table that are asked at once whether they are there.
   *
   * @default 20
   */
  pingOldContactConcurrency?: number
  /**
   * How many of them may wait to be asked.
   *
   * @default 100
   */
  pingOldContactMaxQueueSize?: number
  /** How long a new peer may take to say that it is there; `maxTimeout` counts. */
  pingNewContactTimeout?: TimeoutInit
  /**
   * New peers that are asked at once whether they are there.
   *
   * @default 20
   */
  pingNewContactConcurrency?: number
  /**
   * How many of them may wait to be asked.
   *
   * @default 100
   */
  pingNewContactMaxQueueSize?: number
  /**
   * Inbound streams that one connection may have on the protocol.
   *
   * @default 32
   */
  maxInboundStreams?: number
  /**
   * Outbound streams that one connection may have on the protocol.
   *
   * @default 64
   */
  maxOutboundStreams?: number
  /**
   * Peers to join through, as multiaddrs that end in `/p2p/<peer id>`. They are asked when nobody else is known, which with a
   * datastore that lasts is the first time only, and then left in peace.
   *
   * @default []
   */
  seeds?: Array<Multiaddr | string>
  /** Random lookups, for libp2p's peer discovery. */
  randomWalk?: RandomWalkInit
  /** How many peers the table takes that one operator is likely to run. */
  diversity?: DiversityInit
  /** How provider records of others are kept. */
  providers?: ProvidersInit
  /** How this node announces again what it provides. */
  reprovide?: ReProvideInit
  /** How this node publishes again what it has published. */
  republish?: RepublishInit
  /** How this node keeps the values alive that it holds for others. */
  replicate?: ReplicateInit
  /**
   * How many values that were read are remembered, each for as long as it says that it may be. Only `/sig` records say so.
   *
   * @default 0
   */
  readCache?: number
  /**
   * Every peer that comes in or goes out passes it: it leaves the addresses that may be used. For a LAN take
   * `removePublicAddressesMapper`, for tests on one machine `passthroughMapper`.
   *
   * @default removePrivateAddressesMapper
   */
  peerInfoMapper?: PeerInfoMapper
  /**
   * How long a request may take: after an adaptive time of at least `minTimeout` (default 500 ms) it counts as slow, and
   * its lookup goes on with others; after `maxTimeout` (default 10_000 ms) it is given up.
   */
  networkDialTimeout?: TimeoutInit
  /**
   * How long a newly connected peer may take to show that it serves the protocol, in ms.
   *
   * @default 10_000
   */
  onPeerConnectTimeout?: number
  /**
   * How long an inbound request may take, from its first byte to its answer, in ms.
   *
   * @default 10_000
   */
  incomingMessageTimeout?: number
  /** What the node will hold and do at the most. */
  limits?: LimitsInit
}

/** All options, checked and complete. */
export interface KadDHTConfig {
  k: number
  alpha: number
  disjointPaths: number
  clientMode?: boolean
  selectors: Selectors
  validators: Validators
  querySelfInterval: number
  initialQuerySelfInterval: number
  refreshInterval: number
  firstPeerTimeout: number
  protocol: string
  logPrefix: string
  datastorePrefix: string
  metricsPrefix: string
  probeOld: { concurrency: number, maxQueueSize: number, timeout: number }
  probeNew: { concurrency: number, maxQueueSize: number, timeout: number }
  maxInboundStreams: number
  maxOutboundStreams: number
  seeds: PeerInfo[]
  randomWalk: Required<RandomWalkInit>
  groupOf: AddressGroup
  perGroup: GroupLimits
  providers: { cacheSize: number, cleanupInterval: number, validity: number }
  reprovide: Required<ReProvideInit>
  republish: Required<RepublishInit>
  replicate: Required<ReplicateInit>
  readCache: number
  peerInfoMapper: PeerInfoMapper
  requestTimeout: number
  slow: { min: number, max: number, initial: number }
  incomingMessageTimeout: number
  limits: Required<LimitsInit>
  /** options that were given and have no effect */
  ignored: string[]
}

/** Table refresh: go-libp2p's and the IPFS Kademlia specification's, ms. */
const REFRESH_INTERVAL = 10 * MINUTE

/** How long an operation waits for the first peer, ms. */
const FIRST_PEER_TIMEOUT = 10 * SECOND

/** When a request counts as slow, ms: at least, at first, and at the most. */
const SLOW = { min: 500, initial: 2 * SECOND, max: 5 * SECOND }

/** A request that takes longer is given up, ms: as in go-libp2p and the js implementation. */
const REQUEST_TIMEOUT = 10 * SECOND

const DEFAULTS = {
  kBucketSize: 20,
  alpha: 10,
  disjointPaths: 1,
  querySelfInterval: 5 * MINUTE,
  initialQuerySelfInterval: SECOND,
  allowQueryWithZeroPeers: false,
  protocol: '/ipfs/kad/1.0.0',
  logPrefix: 'libp2p:kad-dht',
  datastorePrefix: '/dht',
  metricsPrefix: 'libp2p_kad_dht',
  pingOldContactConcurrency: 20,
  pingOldContactMaxQueueSize: 100,
  pingNewContactConcurrency: 20,
  pingNewContactMaxQueueSize: 100,
  maxInboundStreams: 32,
  maxOutboundStreams: 64,
  onPeerConnectTimeout: 10 * SECOND,
  incomingMessageTimeout: 10 * SECOND,
  readCache: 0,
  peerInfoMapper: removePrivateAddressesMapper
} satisfies KadDHTInit

const RANDOM_WALK_DEFAULTS: Required<RandomWalkInit> = {
  enabled: false,
  interval: 5 * MINUTE,
  queriesPerPeriod: 1,
  timeout: 10 * SECOND
}

const DIVERSITY_DEFAULTS: Required<DiversityInit> = {
  groupOf: networkOf,
  peersPerGroup: PEERS_PER_GROUP.perTable,
  peersPerGroupInBucket: PEERS_PER_GROUP.perBucket
}

const PROVIDERS_DEFAULTS: Required<ProvidersInit> = {
  cacheSize: 2_048,
  cleanupInterval: 5_400,
  provideValidity: 172_800
}

const REPROVIDE_DEFAULTS: Required<ReProvideInit> = {
  concurrency: 10,
  maxQueueSize: 16_384,
  threshold: 26 * HOUR,
  interval: HOUR,
  validity: 48 * HOUR
}

const REPUBLISH_DEFAULTS: Required<RepublishInit> = {
  validity: 22 * HOUR,
  interval: HOUR,
  concurrency: 5,
  maxQueueSize: 1_024
}

const REPLICATE_DEFAULTS: Required<ReplicateInit> = {
  interval: REPLICATION.interval,
  concurrency: 5,
  maxQueueSize: 1_000
}

const LIMITS_DEFAULTS: Required<LimitsInit> = {
  valueSize: MAX_VALUE,
  storedValues: 100_000,
  storedValueBytes: 256 * 1024 * 1024,
  valuesPerPublisher: 1_000,
  signedRecordSize: DEFAULT_SIGNED_SIZE,
  memberListSize: MAX_VALUE,
  validatorTimeout: 5 * SECOND,
  storedProviders: 1_000_000,
  providersPerKey: 500,
  foundProviders: 1_000,
  queries: 1_000,
  requests: 4_096,
  requestsPerStream: 16,
  streamsPerPeer: 4,
  waitingPerPeer: 1_024,
  warmStreams: 256,
  dials: 25
}

const WITHOUT_EFFECT = ['kBucketSplitThreshold', 'prefixLength', 'routingTableUpdateQueueConcurrency', 'routingTableUpdateMaxQueueSize'] satisfies Array<keyof KadDHTInit>

const timeouts = group({
  minTimeout: timer(1),
  maxTimeout: timer(1),
  // these tune how @libp2p/kad-dht smooths its measurements
  interval: duration,
  timeoutMultiplier: duration,
  failureMultiplier: duration
})

const CHECKS: Record<keyof KadDHTInit, Check> = {
  kBucketSize: positive,
  kBucketSplitThreshold: positive,
  alpha: positive,
  disjointPaths: positive,
  routingTableUpdateQueueConcurrency: positive,
  routingTableUpdateMaxQueueSize: positive,
  prefixLength: positive,
  clientMode: boolean,
  selectors: functions,
  validators: functions,
  querySelfInterval: timer(1),
  initialQuerySelfInterval: timer(1),
  allowQueryWithZeroPeers: boolean,
  protocol: path,
  logPrefix: text,
  datastorePrefix: path,
  metricsPrefix: text,
  pingOldContactTimeout: timeouts,
  pingOldContactConcurrency: positive,
  pingOldContactMaxQueueSize: positive,
  pingNewContactTimeout: timeouts,
  pingNewContactConcurrency: positive,
  pingNewContactMaxQueueSize: positive,
  maxInboundStreams: positive,
  maxOutboundStreams: positive,
  seeds: (name, value) => { parseSeeds(name, value) },
  randomWalk: group({ enabled: boolean, interval: timer(1), queriesPerPeriod: positive, timeout: timer(1) }),
  diversity: group({ groupOf: func, peersPerGroup: positive, peersPerGroupInBucket: positive }),
  providers: group({ cacheSize: positive, cleanupInterval: timer(SECOND), provideValidity: duration }),
  reprovide: group({ concurrency: positive, maxQueueSize: positive, threshold: duration, interval: timer(1), validity: duration }),
  republish: group({ validity: duration, interval: timer(1), concurrency: positive, maxQueueSize: positive }),
  replicate: group({ interval: duration, concurrency: positive, maxQueueSize: positive }),
  readCache: count,
  peerInfoMapper: func,
  networkDialTimeout: timeouts,
  onPeerConnectTimeout: timer(1),
  incomingMessageTimeout: timer(1),
  limits: group({
    valueSize: positive,
    storedValues: positive,
    storedValueBytes: positive,
    valuesPerPublisher: positive,
    signedRecordSize: positive,
    memberListSize: positive,
    validatorTimeout: timer(1),
    storedProviders: positive,
    providersPerKey: positive,
    foundProviders: positive,
    queries: positive,
    requests: positive,
    requestsPerStream: positive,
    streamsPerPeer: positive,
    waitingPerPeer: positive,
    warmStreams: positive,
    dials: positive
  })
}

/**
 * Checks the options and fills in what was left out.
 *
 * @throws {InvalidParametersError} that names the option, what it got, and what it takes
 */
export function resolveConfig (init: KadDHTInit): KadDHTConfig {
  checkAll(asObject('the options', init), CHECKS, '')

  const options = { ...DEFAULTS, ...given(init) }
  const { minTimeout: slowMin = SLOW.min, maxTimeout: requestTimeout = REQUEST_TIMEOUT } = given(init.networkDialTimeout)

  if (slowMin > requestTimeout) {
    throw invalid('networkDialTimeout.minTimeout', slowMin, `no more than maxTimeout, which is ${requestTimeout}`)
  }

  const slowMax = Math.max(slowMin, Math.min(SLOW.max, requestTimeout))
  const diversity = { ...DIVERSITY_DEFAULTS, ...given(init.diversity) }
  const providers = { ...PROVIDERS_DEFAULTS, ...given(init.providers) }
  const reprovide = { ...REPROVIDE_DEFAULTS, ...given(init.reprovide) }

  if (reprovide.threshold >= reprovide.validity) {
    throw invalid('reprovide.threshold', reprovide.threshold, `less than reprovide.validity, which is ${reprovide.validity}`)
  }

  const limits = { ...LIMITS_DEFAULTS, ...given(init.limits) }

  if (limits.signedRecordSize > MAX_SIGNED_SIZE) {
    throw invalid('limits.signedRecordSize', limits.signedRecordSize, `no more than ${MAX_SIGNED_SIZE}, which is what any node reads`)
  }

  if (limits.memberListSize < MIN_SET_SIZE) {
    throw invalid('limits.memberListSize', limits.memberListSize, `no less than ${MIN_SET_SIZE}, which is the longest that an entry can be`)
  }

  return {
    validators: {},
    selectors: {},
    ...options,
    k: options.kBucketSize,
    refreshInterval: REFRESH_INTERVAL,
    firstPeerTimeout: options.allowQueryWithZeroPeers ? 0 : FIRST_PEER_TIMEOUT,
    requestTimeout,
    slow: { min: slowMin, max: slowMax, initial: Math.max(slowMin, Math.min(SLOW.initial, slowMax)) },
    probeOld: {
      concurrency: options.pingOldContactConcurrency,
      maxQueueSize: options.pingOldContactMaxQueueSize,
      timeout: options.pingOldContactTimeout?.maxTimeout ?? requestTimeout
    },
    probeNew: {
      concurrency: options.pingNewContactConcurrency,
      maxQueueSize: options.pingNewContactMaxQueueSize,
      timeout: options.pingNewContactTimeout?.maxTimeout ?? options.onPeerConnectTimeout
    },
    providers: {
      cacheSize: providers.cacheSize,
      cleanupInterval: providers.cleanupInterval * SECOND,
      validity: providers.provideValidity * SECOND
    },
    seeds: parseSeeds('seeds', init.seeds ?? []),
    randomWalk: { ...RANDOM_WALK_DEFAULTS, ...given(init.randomWalk) },
    groupOf: diversity.groupOf,
    perGroup: { perTable: diversity.peersPerGroup, perBucket: diversity.peersPerGroupInBucket },
    reprovide,
    republish: { ...REPUBLISH_DEFAULTS, ...given(init.republish) },
    replicate: { ...REPLICATE_DEFAULTS, ...given(init.replicate) },
    limits,
    ignored: WITHOUT_EFFECT.filter(name => init[name] != null)
  }
}

/** An option that is there but undefined was not given. */
function given <T extends object> (options: T | undefined): Partial<T> {
  return Object.fromEntries(Object.entries(options ?? {}).filter(([, value]) => value !== undefined)) as Partial<T>
}
