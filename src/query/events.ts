// What an operation tells while it runs: the events of @libp2p/kad-dht, with its names, numbers and fields.

import type { MessageName } from '../wire/message.ts'
import type { PeerId, PeerInfo } from '@libp2p/interface'
import type { ProgressEvent } from 'progress-events'

/** What happened. The numbers are part of the interface: they are sent to other processes. */
export enum EventTypes {
  SEND_QUERY = 0,
  PEER_RESPONSE,
  FINAL_PEER,
  QUERY_ERROR,
  PROVIDER,
  VALUE,
  ADD_PEER,
  DIAL_PEER,
  PATH_ENDED
}

/** The state of the path that an event belongs to; all paths share the limit on requests. */
export interface DisjointPath {
  /** counts from 0; -1 for what belongs to no path, such as a value held by this node itself */
  index: number
  /** candidates that are still to be asked */
  queued: number
  /** requests under way */
  running: number
  /** requests so far */
  total: number
}

/** A value as a peer holds it. */
export interface DHTRecord {
  key: Uint8Array
  value: Uint8Array
  timeReceived?: Date
}

interface Event<Type extends EventTypes, Name extends keyof typeof EventTypes> {
  type: Type
  name: Name
  path: DisjointPath
}

/** A request goes to a peer. */
export interface SendQueryEvent extends Event<EventTypes.SEND_QUERY, 'SEND_QUERY'> {
  to: PeerId
  messageName: MessageName
  messageType: MessageName
}

/** A peer has answered. */
export interface PeerResponseEvent extends Event<EventTypes.PEER_RESPONSE, 'PEER_RESPONSE'> {
  from: PeerId
  messageName: MessageName
  messageType: MessageName
  closer: PeerInfo[]
  providers: PeerInfo[]
  record?: DHTRecord
}

/** A peer that the operation was looking for. */
export interface FinalPeerEvent extends Event<EventTypes.FINAL_PEER, 'FINAL_PEER'> {
  from: PeerId
  peer: PeerInfo
}

/** A request failed; the operation goes on. */
export interface QueryErrorEvent extends Event<EventTypes.QUERY_ERROR, 'QUERY_ERROR'> {
  from: PeerId
  error: Error
}

/** Providers not named before. */
export interface ProviderEvent extends Event<EventTypes.PROVIDER, 'PROVIDER'> {
  from: PeerId
  providers: PeerInfo[]
}

/** A value; the last one of a `get` is the best. */
export interface ValueEvent extends Event<EventTypes.VALUE, 'VALUE'> {
  from: PeerId
  value: Uint8Array
}

/** A peer is about to be asked for the first time. */
export interface AddPeerEvent extends Event<EventTypes.ADD_PEER, 'ADD_PEER'> {
  peer: PeerId
}

/** A stream to a peer is needed, and perhaps a connection. */
export interface DialPeerEvent extends Event<EventTypes.DIAL_PEER, 'DIAL_PEER'> {
  peer: PeerId
}

/** A path has nobody left to ask. */
export interface PathEndedEvent extends Event<EventTypes.PATH_ENDED, 'PATH_ENDED'> {}

export type QueryEvent = SendQueryEvent | PeerResponseEvent | FinalPeerEvent | QueryErrorEvent | ProviderEvent |
  ValueEvent | AddPeerEvent | DialPeerEvent | PathEndedEvent

export type DHTProgressEvents =
  ProgressEvent<'kad-dht:query:send-query', SendQueryEvent> |
  ProgressEvent<'kad-dht:query:peer-response', PeerResponseEvent> |
  ProgressEvent<'kad-dht:query:final-peer', FinalPeerEvent> |
  ProgressEvent<'kad-dht:query:query-error', QueryErrorEvent> |
  ProgressEvent<'kad-dht:query:provider', ProviderEvent> |
  ProgressEvent<'kad-dht:query:value', ValueEvent> |
  ProgressEvent<'kad-dht:query:add-peer', AddPeerEvent> |
  ProgressEvent<'kad-dht:query:dial-peer', DialPeerEvent> |
  ProgressEvent<'kad-dht:query:path-ended', PathEndedEvent>

/** Takes an operation's events as they happen. Where there is none, no event is built. */
export interface Emit {
  (event: QueryEvent): void
}

/** The progress event that goes with an event: `SEND_QUERY` is told as `kad-dht:query:send-query`. */
export function progressEvent (event: QueryEvent): DHTProgressEvents {
  const type = `kad-dht:query:${event.name.toLowerCase().replaceAll('_', '-')}`

  return new CustomEvent(type, { detail: event }) as unknown as DHTProgressEvents
}
