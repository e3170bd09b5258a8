// Why a request was not sent, or not answered, that is no fault of the peer.

import { NotStartedError, TooManyOutboundProtocolStreamsError } from '@libp2p/interface'

/** Nobody gave an address of the peer that may be dialled. */
export class UndialableError extends Error {
  override name = 'UndialableError'
}

/** Dialling the peer has failed a moment ago: it was not dialled again. */
export class RecentlyFailedDialError extends Error {
  override name = 'RecentlyFailedDialError'
}

/** So many requests to one peer wait already that a further one would only wait longer. */
export class TooManyRequestsError extends Error {
  override name = 'TooManyRequestsError'
}

/** The time of a request ran out before anything was sent to the peer or dialled. */
export class NotSentError extends Error {
  override name = 'NotSentError'
}

const OURS = new Set([
  RecentlyFailedDialError.name,
  TooManyRequestsError.name,
  NotSentError.name,
  // the name and not the class: there may be two copies of @libp2p/interface
  new NotStartedError().name,
  new TooManyOutboundProtocolStreamsError().name
])

/** What libp2p says, in a DialError, when `connectionManager.maxDialQueueLength` is reached. */
const DIAL_QUEUE_FULL = 'Dial queue is full'

/** Whether it tells of a limit of this node, so that it says nothing about the peer. */
export function isOurs ({ name, message }: Error): boolean {
  return OURS.has(name) || (name === 'DialError' && message === DIAL_QUEUE_FULL)
}
