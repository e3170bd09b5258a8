// The bytes of requests, good and bad, and what comes back for them.

import { peerIdFromMultihash } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import * as Digest from 'multiformats/hashes/digest'
import { Message, MessageType, Peer, Record } from '../../../src/wire/dht.ts'
import { frame, FrameReader } from '../../../src/wire/frame.ts'
import { peerIdOf } from './nodes.ts'
import type { AnyNode } from './nodes.ts'

export { MessageType } from '../../../src/wire/dht.ts'

/** Those whose key counts. */
export const KEYED_TYPES = [MessageType.FIND_NODE, MessageType.GET_VALUE, MessageType.PUT_VALUE, MessageType.GET_PROVIDERS, MessageType.ADD_PROVIDER]

type Loose <T> = { [K in keyof T]?: T[K] extends Uint8Array[] | undefined ? Uint8Array[] : T[K] extends Uint8Array | undefined ? Uint8Array : T[K] }

/** A message with its length prefix, however wrong its fields are. */
export function message (fields: Loose<Message> & Pick<Message, 'type'>): Uint8Array {
  return frame(Message.encode(fields as Message))
}

/** A serialised record. */
export function record (fields: Loose<Record>): Uint8Array {
  return Record.encode(fields as Record)
}

/** A serialised peer. Its addresses are text, or bytes that need not be any address. */
export function peer (node: AnyNode, addrs: Array<string | Uint8Array>, connection = 0): Uint8Array {
  return Peer.encode({
    id: peerIdOf(node).toMultihash().bytes as Uint8Array<ArrayBuffer>,
    addrs: addrs.map(addr => typeof addr === 'string' ? multiaddr(addr).bytes : addr) as Array<Uint8Array<ArrayBuffer>>,
    connection
  })
}

/** PUT_VALUE as it should be. */
export function putValue (key: Uint8Array, value: Uint8Array): Uint8Array {
  return message({ type: MessageType.PUT_VALUE, key, record: record({ key, value }) })
}

export interface ReplyPeer {
  id: string
  addrs: string[]
  connection: number
}

export interface Reply {
  type: MessageType
  key: Uint8Array
  record?: Record
  closer: ReplyPeer[]
  providers: ReplyPeer[]
  /** how long it is on the wire, without its prefix */
  byteLength: number
}

/**
 * Cuts bytes into the replies that they are.
 *
 * @throws {Error} when they are not a whole number of well-formed messages
 */
export function decodeReplies (bytes: Uint8Array): Reply[] {
  const reader = new FrameReader(Infinity)
  reader.push(bytes)
  const replies: Reply[] = []

  for (let next = reader.next(); next != null; next = reader.next()) {
    const { type, key, record, closer, providers } = Message.decode(next)

    replies.push({
      type,
      key,
      record: record == null ? undefined : Record.decode(record),
      closer: closer.map(decodePeer),
      providers: providers.map(decodePeer),
      byteLength: next.byteLength
    })
  }

  if (reader.pending > 0) {
    throw new Error(`${reader.pending} bytes are left that are no whole message`)
  }

  return replies
}

function decodePeer (bytes: Uint8Array): ReplyPeer {
  const { id, addrs, connection } = Peer.decode(bytes)

  return { id: peerIdFromMultihash(Digest.decode(id) as any).toString(), addrs: addrs.map(addr => multiaddr(addr).toString()), connection }
}

/** Who they are, in the order that they came. */
export function idsIn (peers: ReplyPeer[]): string[] {
  return peers.map(({ id }) => id)
}

/** Who they are and where, in the order that they came. */
export function placesIn (peers: ReplyPeer[]): Array<{ id: string, addrs: string[] }> {
  return peers.map(({ id, addrs }) => ({ id, addrs: addrs.sort() }))
}
