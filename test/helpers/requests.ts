// The requests that a node receives, told from outside: read from its streams, before its own DHT sees them.

import { FrameReader } from '../../src/wire/frame.ts'
import { MAX_MESSAGE_READ } from '../../src/wire/limits.ts'
import { decodeRequest } from '../../src/wire/message.ts'
import type { TestNode } from './network.ts'
import type { Message } from '../../src/wire/message.ts'
import type { PeerId, StreamHandler } from '@libp2p/interface'
import type { Registrar } from '@libp2p/interface-internal'

const PROTOCOL = '/ipfs/kad/1.0.0'

export class Requests {
  /** hears of each, at once; may be exchanged at any time */
  onRequest: (from: PeerId, request: Message) => void = () => {}
  readonly #received: Array<{ from: string, stream: string, request: Message }> = []

  add (from: PeerId, stream: string, request: Message): void {
    this.#received.push({ from: from.toString(), stream, request })
    this.onRequest(from, request)
  }

  from (peer: PeerId): Message[] {
    return this.#received.filter(({ from }) => from === peer.toString()).map(({ request }) => request)
  }

  /** The same, those of each stream for themselves. */
  byStream (peer: PeerId): Message[][] {
    const streams = new Map<string, Message[]>()

    for (const { stream, request } of this.#received.filter(({ from }) => from === peer.toString())) {
      streams.set(stream, [...streams.get(stream) ?? [], request])
    }

    return [...streams.values()]
  }
}

/** All that come in from now on, on streams that are opened from now on, until the node changes its mode. */
export function recordRequests (node: TestNode): Requests {
  const requests = new Requests()
  const { registrar } = (node as unknown as { components: { registrar: Registrar } }).components
  const record = registrar.getHandler(PROTOCOL)
  const { handler } = record

  const listening: StreamHandler = (stream, connection) => {
    const reader = new FrameReader(MAX_MESSAGE_READ)

    stream.addEventListener('message', ({ data }) => {
      reader.push(data)

      for (let bytes = reader.next(); bytes != null; bytes = reader.next()) {
        requests.add(connection.remotePeer, `${connection.id} ${stream.id}`, decodeRequest(bytes))
      }
    })

    return handler(stream, connection)
  }

  record.handler = listening

  return requests
}
