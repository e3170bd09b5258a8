/**
 * A Kademlia DHT for js-libp2p.
 *
 * @example A node of the public network
 *
 * ```TypeScript
 * import { createLibp2p } from 'libp2p'
 * import { identify } from '@libp2p/identify'
 * import { ping } from '@libp2p/ping'
 * import { kadDHT } from 'libp2p-kad'
 *
 * const libp2p = await createLibp2p({
 *   services: { identify: identify(), ping: ping(), dht: kadDHT() }
 * })
 * ```
 *
 * @packageDocumentation
 */

import { KadDHTService } from './kad-dht.ts'
import type { KadDHT, KadDHTComponents } from './api.ts'
import type { KadDHTInit } from './options.ts'

/**
 * The service, to be added to libp2p's `services`.
 *
 * @throws {InvalidParametersError} when an option is unknown or wrong; it names the option, what it got and what it takes
 */
export function kadDHT (init: KadDHTInit = {}): (components: KadDHTComponents) => KadDHT {
  return components => new KadDHTService(components, init)
}

export { parseNetwork } from './network-description.ts'
export { Libp2pRecord as Record } from '@libp2p/record'
export { EventTypes } from './query/events.ts'
export { NoPeersError, QueryError, TooManyQueriesError } from './query/errors.ts'
export { WriteError } from './query/write-result.ts'
export { InvalidRecordError, MissingSelectorError } from './values/namespaces.ts'
export { BetterValueError } from './values/put.ts'
export { RecordConflictError } from './values/signed/records-api.ts'
export { recordType } from './values/typed/record-type.ts'
export { RecordTypeError } from './values/typed/same-type.ts'
export { passthroughMapper, removePrivateAddressesMapper, removePublicAddressesMapper } from './wire/address-mappers.ts'
export { MessageType } from './wire/message.ts'

export type {
  DHTOptions, FindProvidersOptions, GetOptions, KadDHT, KadDHTComponents, KadDHTEvents, ProvideOptions, Published, PutOptions, RoutingTable, RoutingTableBucket, RoutingTableEvents, RoutingTablePeer, SetModeOptions,
  SingleKadDHT
} from './api.ts'
export type { DiversityInit, KadDHTInit, LimitsInit, ProvidersInit, RandomWalkInit, ReplicateInit, ReProvideInit, RepublishInit, TimeoutInit } from './options.ts'
export type {
  AddPeerEvent, DHTProgressEvents, DHTRecord, DialPeerEvent, DisjointPath, FinalPeerEvent, PathEndedEvent, PeerResponseEvent,
  ProviderEvent, QueryErrorEvent, QueryEvent, SendQueryEvent, ValueEvent
} from './query/events.ts'
export type { NetworkDescription } from './network-description.ts'
export type { AddressGroup } from './wire/address-group.ts'
export type { Operation } from './query/operation.ts'
export type { WriteResult } from './query/write-result.ts'
export type { RegionMode } from './kademlia/region.ts'
export type { AddOptions, AnnounceOptions, AnnounceProgress, CIDs, Provided, Providing } from './providers/providing/providing-api.ts'
export type { Obstacle, SweepCounts, SweepStatus } from './providers/providing/sweep-status.ts'
export type { NetworkSize } from './kademlia/network-size.ts'
export type { JoinOptions, OverlayMember, OverlayOptions, Overlays } from './values/overlay/overlays-api.ts'
export type { Quorum } from './values/quorum.ts'
export type {
  OwnerOptions, PublishedRecord, PublishOptions, Records, ResolvedRecord, ResolveOptions, UpdateOptions, WatchedRecord, WatchOptions
} from './values/signed/records-api.ts'
export type { SelectFn, Selectors, ValidateFn, Validators } from './values/namespaces.ts'
export type { NameOptions, PublishedTypedRecord, RecordType, RecordTypeInit, TypedRecord, WatchedTypedRecord } from './values/typed/record-type.ts'
export type { PeerInfoMapper } from './wire/peer.ts'
export type { MessageName } from './wire/message.ts'
