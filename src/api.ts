// What the service is to its users: the methods, and what libp2p gives it to work with.

import type { NetworkSize } from './kademlia/network-size.ts'
import type { Providing } from './providers/providing/providing-api.ts'
import type { DHTProgressEvents } from './query/events.ts'
import type { Operation } from './query/operation.ts'
import type { WriteResult } from './query/write-result.ts'
import type { Selectors, Validators } from './values/namespaces.ts'
import type { Overlays } from './values/overlay/overlays-api.ts'
import type { Quorum } from './values/quorum.ts'
import type { Records } from './values/signed/records-api.ts'
import type { AbortOptions, ComponentLogger, Libp2pEvents, Metrics, PeerId, PeerDiscoveryEvents, PeerInfo, PeerStore, PrivateKey, RoutingOptions } from '@libp2p/interface'
import type { AddressManager, ConnectionManager, Registrar } from '@libp2p/interface-internal'
import type { Datastore } from 'interface-datastore'
import type { TypedEventTarget } from 'main-event'
import type { CID } from 'multiformats/cid'
import type { ProgressOptions } from 'progress-events'

/** What libp2p gives its services. */
export interface KadDHTComponents {
  peerId: PeerId
  privateKey: PrivateKey
  registrar: Registrar
  addressManager: AddressManager
  peerStore: PeerStore
  metrics?: Metrics
  connectionManager: ConnectionManager
  datastore: Datastore
  events: TypedEventTarget<Libp2pEvents>
  logger: ComponentLogger
}

/**
 * Options of every operation: `signal` ends it, `onProgress` hears its events, `useCache: false` leaves out what this node
 * knows itself, `useNetwork: false` everything else.
 */
export interface DHTOptions extends Omit<RoutingOptions, 'onProgress'>, ProgressOptions<DHTProgressEvents | any> {}

export interface GetOptions extends DHTOptions {
  /**
   * How many nodes have to answer with a valid value before the best of them is returned: `one`, `majority` (of k), `all`, or a number. Given, it ends
   * the search of whoever awaits it, which saves messages. Left out, it is the majority, and the search goes on in the background, so that nodes that
   * should have the value and have an older one or none get it. Whoever iterates hears of the value when there is a quorum, if one was given, of better
   * ones after it, and of the best at the end.
   *
   * @default "majority"
   */
  quorum?: Quorum
}

export interface FindProvidersOptions extends DHTOptions {
  /**
   * How many distinct providers the awaited result has at the most: those that most holders named, and among these those found first. The search does
   * not end earlier for it unless `fast` is set, and its events tell of everyone found.
   *
   * @default no limit but `limits.foundProviders`
   */
  count?: number
  /**
   * End as soon as `count` providers (1 if left out) with addresses were found, which saves most of the messages and of the time. The first to answer
   * may name false providers: left out, the nearest k have all been heard first, and one liar among them is outvoted.
   *
   * @default false
   */
  fast?: boolean
  /**
   * `nearest`: in the order of the time a round trip to them takes, this node itself first. It is taken from what is known of peers in the routing table
   * and of open connections, and for up to 16 others measured, by connecting and a ping, for up to 5 s each; those that can't be measured come last.
   * The order is known at the end only, so no PROVIDER event comes before that. With `count`, the events and the result are the nearest of all found.
   *
   * @default in the order in which they are found
   */
  prefer?: 'nearest'
}

export interface PutOptions extends DHTOptions {
  /**
   * With fewer holders than that it is an error.
   *
   * @default 1
   */
  minSuccesses?: number
  /**
   * Store it at whoever is near enough to be one of the nearest, by the size of the network, and return when three quarters of k have it; the rest goes
   * on. Much faster, a few messages less, and now and then a holder that is not among the nearest. Without effect while that size is not known to a tenth.
   *
   * @default false
   */
  optimistic?: boolean
  /**
   * Publish it again every 22 hours until `cancelRepublish`, also after a restart.
   *
   * @default false
   */
  republish?: boolean
}

export interface ProvideOptions extends DHTOptions {
  /**
   * With fewer nodes told than that it is an error.
   *
   * @default 1
   */
  minSuccesses?: number
  /**
   * Tell whoever is near enough to be one of the nearest, by the size of the network, and return when three quarters of k were told; the others are told
   * in the background, which `stop()` waits for, and which ends with nothing else. Much faster, and now and then a holder that is not among the nearest. A
   * usual announcement while that size is not known to a tenth.
   *
   * @default false
   */
  optimistic?: boolean
}

/** Something that this node publishes again and again. Times are unix milliseconds. */
export interface Published {
  key: Uint8Array
  /** when it was last stored by others; 0 for never */
  publishedAt: number
  /** when that is to be done again */
  due: number
  /** when that ends by itself; undefined for never */
  until?: number
  /** attempts in a row that failed, and what the last one failed for */
  failures: number
  error?: string
}

/** What the service tells of; libp2p's peer discovery hears of `peer`. */
export interface KadDHTEvents {
  /** the owner of a signed record has signed two with the same sequence number that are not the same: a fault, or a key that two use */
  'record:contradiction': CustomEvent<{ key: Uint8Array, values: [Uint8Array, Uint8Array] }>
}

export interface SetModeOptions extends AbortOptions {
  /** register the protocol anew even if the mode does not change */
  force?: boolean
}

/** What the table tells of itself; `detail` is the peer. */
export interface RoutingTableEvents {
  'peer:add': CustomEvent<PeerId>
  'peer:remove': CustomEvent<PeerId>
  /** a peer that waited has taken the place of one that was removed; it was added, too */
  'peer:promote': CustomEvent<PeerId>
}

/** A peer of the table, and what is known of it. Times are unix milliseconds. */
export interface RoutingTablePeer {
  id: PeerId
  /** when it entered */
  firstSeen: number
  /** when it last showed that it is alive; 0 when it has not since it was promoted */
  lastSeen: number
  /** when a failure last counted, 0 for never: of several at once only the first does */
  lastFailure: number
  /** failures in a row */
  failures: number
  /** how long its answers take, smoothed as in RFC 6298, ms; undefined until one was measured */
  rtt?: { mean: number, deviation: number }
  connected: boolean
  /** the group of its address, such as its /16 */
  group?: string
}

/** Peers that share as many leading bits with this node's key. */
export interface RoutingTableBucket {
  commonPrefixLength: number
  /** oldest first */
  peers: RoutingTablePeer[]
  /** those that wait for a place, freshest last */
  candidates: PeerId[]
}

/** The routing table, to read. */
export interface RoutingTable extends TypedEventTarget<RoutingTableEvents> {
  /** how many peers it holds */
  readonly size: number
  /** whether the peer is in it */
  has (peer: PeerId): boolean
  /** the peers in it */
  peers (): PeerId[]
  /** the buckets that hold anyone, from the farthest to the nearest */
  buckets (): RoutingTableBucket[]
}

/**
 * A Kademlia DHT. Each operation is lazy: await it for its result, or iterate it for its events; either starts it.
 */
export interface KadDHT extends TypedEventTarget<KadDHTEvents & PeerDiscoveryEvents> {
  /** Kademlia's k: peers a bucket, and how many nodes hold a value. */
  readonly k: number
  /** Kademlia's α: requests of a lookup at once. */
  readonly a: number
  /** S/Kademlia's d: disjoint paths of a lookup. */
  readonly d: number
  /** By namespace; may be added to at any time. */
  readonly validators: Validators
  /** By namespace; may be added to at any time. */
  readonly selectors: Selectors
  readonly routingTable: RoutingTable

  /** Records that their owner alone may change. */
  readonly records: Records

  /** What this node provides: many keys at once, and how their announcement goes. */
  readonly providing: Providing

  /** Who takes part in something, each signed by itself. */
  readonly overlays: Overlays

  /**
   * How many peers answer requests in the network, and one standard deviation of that as a share; undefined when no lookup of the last two hours tells.
   */
  readonly networkSize: NetworkSize | undefined

  /**
   * The best value under a key. The last event is a VALUE with it.
   *
   * @throws {InvalidParametersError} when there is no validator for the key's namespace
   * @throws {NotFoundError} when awaited, and nobody who was asked has a valid value
   * @throws {NoPeersError} when there is nobody to ask
   */
  get (key: Uint8Array, options?: GetOptions): Operation<Uint8Array>

  /**
   * Stores a value on this node and on the k nodes nearest to its key, and tells which of them have it.
   *
   * @throws {InvalidParametersError} when there is no validator for the key's namespace
   * @throws {InvalidRecordError} when the value is not valid, too long, or worse than the one held here
   * @throws {QueryError} when fewer other nodes than `minSuccesses` took it
   * @throws {NoPeersError} when there is nobody to ask
   */
  put (key: Uint8Array, value: Uint8Array, options?: PutOptions): Operation<WriteResult>

  /** Publishes the value no more. What others hold lapses by itself. */
  cancelRepublish (key: Uint8Array, options?: AbortOptions): Promise<void>

  /** What this node publishes again and again: values, signed records, memberships of overlays. */
  published (options?: AbortOptions): AsyncIterable<Published>

  /**
   * Announces that this node provides the content, and does so again until `cancelReprovide`, also when this time nobody
   * could be told.
   *
   * @throws {WriteError} a QueryError, when nobody could be told, or fewer than `minSuccesses`: its `result` says who was, and why the others were not
   * @throws {QueryError} when this node has no address to tell
   * @throws {NoPeersError} when there is nobody to ask
   */
  provide (cid: CID, options?: ProvideOptions): Operation<WriteResult>

  /** Stops announcing the content. What others were told lapses by itself. */
  cancelReprovide (cid: CID, options?: AbortOptions): Promise<void>

  /**
   * Who provides the content, as they are found, those that this node knows first; one is told again when more addresses of it are heard. This node is
   * among them if it provides the content. Nobody at all is an empty list.
   *
   * Each comes with addresses: where a provider is named without any that may be used, this node looks for them, in the peer store and else, for up to 20
   * of them, in the network, and tells of it as soon as it has some. One that none is found of is left out, but with `useNetwork: false`, which keeps this
   * node from looking.
   *
   * @throws {InvalidParametersError} when an option is wrong
   * @throws {NoPeersError} when there is nobody to ask, and this node knows of nobody
   */
  findProviders (cid: CID, options?: FindProvidersOptions): Operation<PeerInfo[]>

  /**
   * The addresses of a peer. The FINAL_PEER event has them too.
   *
   * @throws {NotFoundError} when awaited, and nobody who was asked knows one
   */
  findPeer (id: PeerId, options?: DHTOptions): Operation<PeerInfo>

  /** The k peers nearest to a key that are alive, nearest first; each also as a FINAL_PEER event. */
  getClosestPeers (key: Uint8Array, options?: DHTOptions): Operation<PeerInfo[]>

  /** Whether this node answers requests. */
  getMode (): 'client' | 'server'

  /** Answers requests from now on, or no more. In automatic mode the next change of addresses may change it again. */
  setMode (mode: 'client' | 'server', options?: SetModeOptions): Promise<void>

  /** Looks for the own neighbourhood and into every bucket. Resolves when that is done. */
  refreshRoutingTable (options?: AbortOptions): Promise<void>
}

/** The same: every DHT here is one of a single network. */
export type SingleKadDHT = KadDHT
