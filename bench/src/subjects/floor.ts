// The floor: what no DHT on js-libp2p can go below. Its nodes send each other as many messages as ours do for each operation, of the
// same size, on streams that stay open; but they know every answer beforehand. There is no table, no lookup, no codec and no store.

import { digest } from '../digest.ts'
import { K } from './options.ts'
import type { DHT, OperationOptions, Subject } from './subject.ts'
import type { Connection, PeerId, Startable, Stream } from '@libp2p/interface'
import type { AddressManager, ConnectionManager, Registrar } from '@libp2p/interface-internal'
import type { Multiaddr } from '@multiformats/multiaddr'

const PROTOCOL = '/floor/kad/1.0.0'

/** As ours. */
const ALPHA = 10

/** Bytes of a message and of its answer, as ours are in a network of 50 nodes with one IPv4 address each; the first byte says which it is. */
const MESSAGES = {
  find: { code: 1, request: 40, reply: 1_140 },
  put: { code: 2, request: 250, reply: 250 },
  announce: { code: 3, request: 130, reply: 0 }
}

type MessageName = keyof typeof MESSAGES

/** How many requests ours makes where the first answer is enough. */
const UNTIL_FOUND = { findPeer: 2, findProvider: 3 }

interface Components {
  peerId: PeerId
  registrar: Registrar
  addressManager: AddressManager
  connectionManager: ConnectionManager
}

/** A stream that is kept, and what is still to come on it. */
interface Warm {
  stream: Stream
  expected: Array<{ left: number, resolve (): void }>
}

/** All nodes, and what they were given: each knows all of it. */
const world = new Map<string, FloorNode>()
const providers = new Map<string, PeerId>()
const values = new Map<string, Uint8Array>()

export function floor (): Subject {
  return {
    service: (components: Components) => new FloorNode(components),
    operations: (node: FloorNode) => node
  }
}

class FloorNode implements DHT, Startable {
  readonly peerId: PeerId
  readonly #components: Components
  readonly #hash: Buffer
  readonly #streams = new Map<string, Promise<Warm>>()

  constructor (components: Components) {
    this.#components = components
    this.peerId = components.peerId
    this.#hash = digest(components.peerId.toMultihash().bytes)
  }

  async start (): Promise<void> {
    world.set(this.peerId.toString(), this)
    await this.#components.registrar.handle(PROTOCOL, serve, { maxInboundStreams: 32, maxOutboundStreams: 64 })
  }

  async stop (): Promise<void> {
    await this.#components.registrar.unhandle(PROTOCOL)
  }

  addresses (): Multiaddr[] {
    return this.#components.addressManager.getAddresses()
  }

  /** In place of a table: who is connected. */
  get size (): number {
    return new Set(this.#components.connectionManager.getConnections().map(({ remotePeer }) => remotePeer.toString())).size
  }

  /** Connects to all others, as nodes of so small a network are in the end. */
  async refresh (): Promise<void> {
    for (const { peerId } of this.#others()) {
      await this.#connection(peerId)
    }
  }

  async closestPeers (key: Uint8Array, options: OperationOptions): Promise<PeerId[]> {
    const nearest = this.#nearest(key)
    await this.#exchange('find', nearest, options)

    return nearest
  }

  async findPeer (id: PeerId, options: OperationOptions): Promise<PeerId> {
    await this.#exchange('find', this.#nearest(id.toMultihash().bytes).slice(0, UNTIL_FOUND.findPeer), options)

    return id
  }

  async provide (cid: Parameters<DHT['provide']>[0], options: OperationOptions): Promise<number> {
    const nearest = await this.closestPeers(cid.multihash.bytes, options)
    await this.#exchange('announce', nearest, options)
    providers.set(cid.toString(), this.peerId)

    return nearest.length
  }

  async findProvider (cid: Parameters<DHT['findProvider']>[0], options: OperationOptions): Promise<PeerId | undefined> {
    await this.#exchange('find', this.#nearest(cid.multihash.bytes).slice(0, UNTIL_FOUND.findProvider), options)

    return providers.get(cid.toString())
  }

  async findProviders (cid: Parameters<DHT['findProviders']>[0], options: OperationOptions): Promise<PeerId[]> {
    await this.closestPeers(cid.multihash.bytes, options)

    return [providers.get(cid.toString()) ?? []].flat()
  }

  async put (key: Uint8Array, value: Uint8Array, options: OperationOptions): Promise<number> {
    const nearest = await this.closestPeers(key, options)
    await this.#exchange('put', nearest, options)
    values.set(Buffer.from(key).toString('hex'), value)

    return nearest.length
  }

  async get (key: Uint8Array, options: OperationOptions): Promise<Uint8Array | undefined> {
    await this.closestPeers(key, options)

    return values.get(Buffer.from(key).toString('hex'))
  }

  #others (): FloorNode[] {
    return [...world.values()].filter(node => node !== this)
  }

  #nearest (key: Uint8Array): PeerId[] {
    const target = digest(key)
    const distance = (node: FloorNode): Buffer => Buffer.from(node.#hash.map((byte, i) => byte ^ target[i]))

    return this.#others()
      .map(node => ({ node, distance: distance(node) }))
      .sort((a, b) => Buffer.compare(a.distance, b.distance))
      .slice(0, K)
      .map(({ node }) => node.peerId)
  }

  /** Sends the message to all of them, so many at a time. */
  async #exchange (name: MessageName, peers: PeerId[], { onProgress }: OperationOptions): Promise<void> {
    const left = [...peers]

    await Promise.all(Array.from({ length: ALPHA }, async () => {
      for (let peer = left.shift(); peer != null; peer = left.shift()) {
        onProgress?.(new CustomEvent('kad-dht:query:send-query'))
        await this.#send(name, peer)
      }
    }))
  }

  async #send (name: MessageName, peer: PeerId): Promise<void> {
    const { code, request, reply } = MESSAGES[name]
    const { stream, expected } = await this.#warm(peer)
    const { promise, resolve } = Promise.withResolvers<void>()

    if (reply > 0) {
      expected.push({ left: reply, resolve })
    } else {
      resolve()
    }

    stream.send(new Uint8Array(request).fill(code, 0, 1))
    await promise
  }

  async #warm (peer: PeerId): Promise<Warm> {
    const id = peer.toString()
    const opening = this.#streams.get(id) ?? this.#open(peer)
    this.#streams.set(id, opening)

    return opening
  }

  async #open (peer: PeerId): Promise<Warm> {
    const connection = await this.#connection(peer)
    const stream = await connection.newStream(PROTOCOL, { maxOutboundStreams: 64 })
    const expected: Warm['expected'] = []

    stream.addEventListener('message', ({ data }) => {
      let { byteLength } = data

      while (byteLength > 0 && expected.length > 0) {
        const [next] = expected
        const taken = Math.min(byteLength, next.left)
        next.left -= taken
        byteLength -= taken

        if (next.left === 0) {
          expected.shift()
          next.resolve()
        }
      }
    })

    return { stream, expected }
  }

  async #connection (peer: PeerId): Promise<Connection> {
    const { connectionManager } = this.#components
    const [connection] = connectionManager.getConnections(peer)

    return connection ?? connectionManager.openConnection(world.get(peer.toString())?.addresses() ?? peer)
  }
}

/** Answers each message when all of it has come. */
function serve (stream: Stream): void {
  let kind: typeof MESSAGES[MessageName] | undefined
  let left = 0

  stream.addEventListener('message', ({ data }) => {
    const bytes = data.subarray()

    for (let at = 0; at < bytes.byteLength;) {
      if (kind == null || left === 0) {
        kind = Object.values(MESSAGES).find(({ code }) => code === bytes[at])
        left = kind?.request ?? bytes.byteLength
      }

      const taken = Math.min(left, bytes.byteLength - at)
      left -= taken
      at += taken

      if (left === 0 && kind != null && kind.reply > 0) {
        stream.send(new Uint8Array(kind.reply))
      }
    }
  })
}
