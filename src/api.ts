// What the service is to its users: the methods, and what libp2p gives it to work with.

import type { DHTProgressEvents } from './query/events.ts'
import type { Operation } from './query/operation.ts'
import type { WriteResult } from './query/store-nearest.ts'
import type { Selectors, Validators } from './values/namespaces.ts'
import type { AbortOptions, ComponentLogger, Libp2pEvents, Metrics, PeerId, PeerInfo, PeerStore, PrivateKey, RoutingOptions } from '@libp2p/interface'
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
export interface KadDHT {
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

  /**
   * The best value under a key. The last event is a VALUE with it.
   *
   * @throws {InvalidParametersError} when there is no validator for the key's namespace
   * @throws {NotFoundError} when awaited, and nobody who was asked has a valid value
   * @throws {NoPeersError} when there is nobody to ask
   */
  get (key: Uint8Array, options?: DHTOptions): Operation<Uint8Array>

  /**
   * Stores a value on this node and on the k nodes nearest to its key, and tells which of them have it.
   *
   * @throws {InvalidParametersError} when there is no validator for the key's namespace
   * @throws {InvalidRecordError} when the value is not valid, too long, or worse than the one held here
   * @throws {QueryError} when no other node took it
   * @throws {NoPeersError} when there is nobody to ask
   */
  put (key: Uint8Array, value: Uint8Array, options?: DHTOptions): Operation<WriteResult>

  /**
   * Announces that this node provides the content, and does so again until `cancelReprovide`, also when this time nobody
   * could be told.
   *
   * @throws {QueryError} when nobody could be told, or this node has no address to tell
   * @throws {NoPeersError} when there is nobody to ask
   */
  provide (cid: CID, options?: DHTOptions): Operation<WriteResult>

  /** Stops announcing the content. What others were told lapses by itself. */
  cancelReprovide (cid: CID, options?: AbortOptions): Promise<void>

  /** Who provides the content, as they are found; one is told again when more addresses of it are heard. Nobody at all is an empty list. */
  findProviders (cid: CID, options?: DHTOptions): Operation<PeerInfo[]>

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
