// Messages: decoding within limits, encoding under the length that every implementation reads.

import { InvalidMessageError } from '@libp2p/interface'
import { concat as uint8ArrayConcat } from 'uint8arrays/concat'
import { equals as uint8ArrayEquals } from 'uint8arrays/equals'
import { Message as MessageCodec, MessageType } from './dht.ts'
import { encodedLength, encodeFramed } from './encode.ts'
import { MAX_KEY, MAX_MESSAGE_SENT, MAX_PROVIDER_KEY, MAX_REPLY_PEERS, MAX_REQUEST_PEERS } from './limits.ts'
import { halveAddresses, hasSpareAddresses } from './peer.ts'

export { MessageType } from './dht.ts'

export type MessageName = `${MessageType}`

/** A decoded message. Its peers and its record are bytes still, decoded by whoever uses them. */
export interface Message {
  type: MessageType
  key: Uint8Array
  /** a serialised Record */
  record?: Uint8Array
  /** serialised Peers */
  closer: Uint8Array[]
  /** serialised Peers */
  providers: Uint8Array[]
}

/** A message in the making: what is left out is empty. */
export type OutgoingMessage = Partial<Message> & Pick<Message, 'type'>

/** A request, encoded once however many peers it goes to. */
export interface EncodedRequest {
  readonly type: MessageType
  readonly key: Uint8Array
  /** with its length prefix */
  readonly bytes: Uint8Array
  /** how many messages it is, 1 if left out; those ahead of it do not count */
  readonly count?: number
  /** what goes out ahead of it, and has no reply */
  readonly ahead?: EncodedRequest
}

/**
 * @throws {Error} when it is no message, of an unknown type, or over a limit
 */
export function decodeRequest (bytes: Uint8Array): Message {
  const message = decode(bytes, MAX_REQUEST_PEERS)
  const providing = message.type === MessageType.ADD_PROVIDER || message.type === MessageType.GET_PROVIDERS
  const most = providing ? MAX_PROVIDER_KEY : MAX_KEY

  const least = message.type === MessageType.PING ? 0 : 1

  if (message.key.byteLength < least || message.key.byteLength > most) {
    throw new InvalidMessageError(`The key of ${message.type} has 1 to ${most} bytes, not ${message.key.byteLength}`)
  }

  return message
}

/**
 * @throws {Error} when it is no message, over a limit, or no reply to the request
 */
export function decodeReply (bytes: Uint8Array, request: EncodedRequest): Message {
  const message = decode(bytes, MAX_REPLY_PEERS)

  if (message.type !== request.type) {
    throw new InvalidMessageError(`The peer answered ${request.type} with ${message.type}`)
  }

  // not every implementation echoes the key of FIND_NODE
  if (message.key.byteLength > 0 && !uint8ArrayEquals(message.key, request.key)) {
    throw new InvalidMessageError(`The peer answered ${request.type} for another key`)
  }

  return message
}

export function encodeRequest (message: OutgoingMessage & { key: Uint8Array }): EncodedRequest {
  return { type: message.type, key: message.key, bytes: encodeMessage(message) }
}

/** Several that have no reply, at least one, as one: they go out back to back on one stream, at the cost of one. */
export function joinRequests (requests: readonly EncodedRequest[]): EncodedRequest {
  const [{ type, key }] = requests

  return { type, key, bytes: uint8ArrayConcat(requests.map(({ bytes }) => bytes)), count: requests.length }
}

/**
 * The same request with others ahead of it that have no reply: whoever answers it has read those, for they come on one stream; where that
 * breaks, all of them are sent again.
 */
export function behind (ahead: EncodedRequest, request: EncodedRequest): EncodedRequest {
  return { ...request, bytes: uint8ArrayConcat([ahead.bytes, request.bytes]), ahead }
}

/**
 * Encodes a message with its length prefix. One over the limit loses addresses first, then provider peers, then closer
 * peers, never its record.
 */
export function encodeMessage (message: OutgoingMessage): Uint8Array {
  const length = encodedLength(message)

  if (length <= MAX_MESSAGE_SENT) {
    return encodeFramed(message, length)
  }

  const trimmed = trim(message)

  return encodeFramed(trimmed, encodedLength(trimmed))
}

function trim (message: OutgoingMessage): OutgoingMessage {
  let closer = message.closer ?? []
  let providers = message.providers ?? []
  const rest = encodedLength({ ...message, closer: [], providers: [] })
  const tooLong = (): boolean => rest + wireLength(closer) + wireLength(providers) > MAX_MESSAGE_SENT

  // a peer without any address would be of no use, so each keeps its first
  while (tooLong() && (closer.some(hasSpareAddresses) || providers.some(hasSpareAddresses))) {
    closer = closer.map(halveAddresses)
    providers = providers.map(halveAddresses)
  }

  while (tooLong() && providers.length > 0) {
    providers = providers.slice(0, -1)
  }

  while (tooLong() && closer.length > 0) {
    closer = closer.slice(0, -1)
  }

  return { ...message, closer, providers }
}

/** What serialised peers take in a message: each has a tag of one byte and a length of at most two. */
function wireLength (peers: readonly Uint8Array[]): number {
  return peers.reduce((sum, peer) => sum + peer.byteLength + 3, 0)
}

function decode (bytes: Uint8Array, peers: number): Message {
  try {
    return MessageCodec.decode(bytes, { limits: { closer: peers, providers: peers } })
  } catch (error: any) {
    throw new InvalidMessageError(`This is no message: ${error.message}`)
  }
}
