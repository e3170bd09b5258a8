// The options as the service works with them: their defaults, and the checks that tell what is wrong with one. options.ts says what they mean.

import { PEERS_PER_GROUP, REPLICATION } from './kademlia/parameters.ts'
import { asObject, boolean, checkAll, count, duration, func, functions, group, invalid, oneOf, path, positive, text, timer } from './option-checks.ts'
import { parseSeeds } from './parse-seeds.ts'
import { MIN_SET_SIZE } from './values/overlay/entry-size.ts'
import { DEFAULT_SIGNED_SIZE, MAX_SIGNED_SIZE } from './values/signed/limits.ts'
import { networkOf } from './wire/address-group.ts'
import { removePrivateAddressesMapper } from './wire/address-mappers.ts'
import { MAX_VALUE } from './wire/limits.ts'
import type { GroupLimits } from './kademlia/diversity.ts'
import type { RegionMode } from './kademlia/region.ts'
import type { Check } from './option-checks.ts'
import type { DiversityInit, KadDHTInit, LimitsInit, ProvidersInit, RandomWalkInit, ReplicateInit, ReProvideInit, RepublishInit } from './options.ts'
import type { Selectors, Validators } from './values/namespaces.ts'
import type { AddressGroup } from './wire/address-group.ts'
import type { PeerInfoMapper } from './wire/peer.ts'
import type { PeerInfo } from '@libp2p/interface'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

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
  providers: { cacheSize: number, cleanupInterval: number, validity: number, addressValidity: number, region: RegionMode }
  /** how what this node provides is announced again, times in ms */
  sweep: { cycle: number, threshold: number, concurrency: number, maxKeys: number, retryInterval: number }
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
  provideValidity: 172_800,
  addressValidity: 86_400,
  regionStore: 'auto'
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
  providersPerSender: 250_000,
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
  providers: group({ cacheSize: positive, cleanupInterval: timer(SECOND), provideValidity: duration, addressValidity: duration, regionStore: oneOf('off', 'on', 'auto') }),
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
    providersPerSender: positive,
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
  const { validity = REPROVIDE_DEFAULTS.validity } = given(init.reprovide)
  // whoever sets the validity alone keeps the proportion
  const reprovide = { ...REPROVIDE_DEFAULTS, threshold: Math.floor(validity * REPROVIDE_DEFAULTS.threshold / REPROVIDE_DEFAULTS.validity), ...given(init.reprovide) }

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
      validity: providers.provideValidity * SECOND,
      addressValidity: providers.addressValidity * SECOND,
      region: providers.regionStore
    },
    seeds: parseSeeds('seeds', init.seeds ?? []),
    randomWalk: { ...RANDOM_WALK_DEFAULTS, ...given(init.randomWalk) },
    groupOf: diversity.groupOf,
    perGroup: { perTable: diversity.peersPerGroup, perBucket: diversity.peersPerGroupInBucket },
    sweep: {
      cycle: reprovide.validity - reprovide.threshold,
      threshold: reprovide.threshold,
      concurrency: reprovide.concurrency,
      maxKeys: reprovide.maxQueueSize,
      retryInterval: reprovide.interval
    },
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
