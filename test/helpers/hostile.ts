// Turns a node of the network, which all the others trust by now, into one that misbehaves.

import { FrameReader } from '../../src/wire/frame.ts'
import { encodeMessage, decodeRequest } from '../../src/wire/message.ts'
import type { TestNode } from './network.ts'
import type { Message, OutgoingMessage } from '../../src/wire/message.ts'
import type { Stream } from '@libp2p/interface'

const PROTOCOL = '/ipfs/kad/1.0.0'

/** Gets each request that comes in, and the stream to do with as it likes. */
export interface Misbehaviour {
  (request: Message, stream: Stream): void
}

/** Takes the protocol over from the node's DHT. */
export async function turn (node: TestNode, misbehave: Misbehaviour): Promise<void> {
  await node.services.dht.setMode('client')
  await node.handle(PROTOCOL, stream => {
    const reader = new FrameReader(1_000_000)

    stream.addEventListener('message', ({ data }) => {
      reader.push(data)

      for (let bytes = reader.next(); bytes != null; bytes = reader.next()) {
        misbehave(decodeRequest(bytes), stream)
      }
    })
  }, { maxInboundStreams: 1_000 })
}

/** Accepts everything, and never says a word. */
export const silent: Misbehaviour = () => {}

export const resetting: Misbehaviour = (request, stream) => {
  stream.abort(new Error('no'))
}

/** Answers with bytes that are no message. */
export const garbled: Misbehaviour = (request, stream) => {
  stream.send(Uint8Array.from([5, 0xff, 0xff, 0xff, 0xff, 0xff]))
}

/** Answers a request that was not made. */
export const confused: Misbehaviour = (request, stream) => {
  stream.send(encodeMessage({ type: 'PING' as Message['type'], key: request.key }))
}

/** Says that it will send a gigabyte. */
export const boastful: Misbehaviour = (request, stream) => {
  stream.send(Uint8Array.from([0x80, 0x80, 0x80, 0x80, 0x04, 0, 0, 0]))
}

/** Answers with what `lie` makes up. */
export function lying (lie: (request: Message) => Omit<OutgoingMessage, 'type'>): Misbehaviour {
  return (request, stream) => {
    stream.send(encodeMessage({ type: request.type, key: request.key, ...lie(request) }))
  }
}
