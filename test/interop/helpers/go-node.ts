/**
 * go-libp2p-kad-dht in a process of its own (../go), as one object with a method for each command.
 */
import { spawn } from 'node:child_process'
import { goBinary } from './go-binary.ts'
import { GoProcess } from './go-process.ts'
import { until } from './until.ts'
import type { Ready } from './go-process.ts'
import type { UntilOptions } from './until.ts'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'

export { GoNodeError } from './go-process.ts'

export interface GoNodeOptions {
  /** The DHT protocol is `<prefix>/kad/1.0.0`. Default: '/ipfs'. */
  protocolPrefix?: string
  /** A client asks but never answers, nor does it advertise the protocol. Default: 'server'. */
  mode?: 'server' | 'client'
}

export interface CommandOptions {
  /** When the node itself gives up, in milliseconds. Default: 20,000. */
  timeoutMs?: number
}

export interface FindPeerOptions extends CommandOptions {
  /**
   * First closes the connections to the peer and forgets its addresses and its place in the routing table, so that the
   * answer must come from other peers. Without it a connected peer is answered from the peer store. Default: false.
   */
  fresh?: boolean
}

export interface GetOptions extends CommandOptions {
  /** How many records to gather before choosing the best; 0 runs the whole lookup. Default: Go's own. */
  quorum?: number
}

export interface FindProvidersOptions extends CommandOptions {
  /** How many providers are enough, those held by the node itself included; 0 runs the whole lookup. Default: 0. */
  count?: number
}

export interface RawOptions extends CommandOptions {
  /** Default: the node's DHT protocol. */
  protocol?: string
  /** Half-close after the bytes, as one who has nothing more to ask. Default: false. */
  closeWrite?: boolean
  /** Stop reading after so many length-prefixed messages: a server keeps the stream open for more. Default: no limit. */
  frames?: number
}

export interface RawReply {
  data: Uint8Array
  /** Why reading stopped: how the peer ended the stream, or 'timeout', or 'frames' when as many as asked for are in. */
  end: 'eof' | 'reset' | 'timeout' | 'frames'
}

export interface GoPeer {
  peer: string
  addrs: string[]
}

/** What an IPNS record says. */
export interface IpnsFields {
  /** A path: `/ipfs/…`. */
  value: string
  sequence: number
  /** When it ends: RFC 3339, to the nanosecond. */
  expires: string
}

export interface MakeIpnsOptions extends CommandOptions {
  /** With the fields and the signature of the first version, too. Default: true. */
  v1Compatible?: boolean
}

export interface IpnsRecord {
  /** The routing key that the record belongs under. */
  key: Uint8Array
  value: Uint8Array
}

/** A peer id, multiaddr or CID: as an object or as its usual string. */
export type Named = string | { toString(): string }

/**
 * Builds the node once a process, starts one and resolves when it listens. Stop it after use, or this process waits
 * for it at its end.
 */
export async function startGoNode (options: GoNodeOptions = {}): Promise<GoNode> {
  const { protocolPrefix = '/ipfs', mode = 'server' } = options

  return GoNode.start(spawn(await goBinary(), ['--protocol-prefix', protocolPrefix, '--mode', mode]))
}

export class GoNode {
  readonly peerId: string
  /** Where it listens, each with its `/p2p/` suffix. */
  readonly addrs: string[]
  /** As a libp2p protobuf: the value of its `/pk/` record. */
  readonly publicKey: Uint8Array
  /** The DHT protocol that it speaks. */
  readonly protocol: string

  private readonly remote: GoProcess

  private constructor (remote: GoProcess, ready: Ready) {
    this.remote = remote
    this.peerId = ready.peerId
    this.addrs = ready.addrs
    this.publicKey = fromBase64(ready.publicKey)
    this.protocol = ready.protocol
  }

  static async start (child: ChildProcessWithoutNullStreams): Promise<GoNode> {
    const remote = new GoProcess(child)

    return new GoNode(remote, await remote.ready)
  }

  /**
   * Resolves once identify has run on the new connections. The peers enter the routing table a little later, when they
   * have answered a FIND_NODE: wait for that with `untilInTable`.
   */
  async connect (addrs: Named[], options: CommandOptions = {}): Promise<void> {
    await this.remote.run('connect', { addrs: addrs.map(String), ...options })
  }

  /** Closes all connections to the peer; it stays in the routing table. */
  async disconnect (peer: Named, options: CommandOptions = {}): Promise<void> {
    await this.remote.run('disconnect', { peer: String(peer), ...options })
  }

  /** The peers in its routing table. */
  async table (options: CommandOptions = {}): Promise<string[]> {
    return this.remote.run('table', { ...options })
  }

  /** Resolves when all the peers are in its routing table. */
  async untilInTable (peers: Named[], options: UntilOptions = {}): Promise<void> {
    await until(`${peers.join(', ')} entered the table of ${this.peerId}`, async () => {
      const table = new Set(await this.table())

      return peers.every(peer => table.has(String(peer)))
    }, options)
  }

  /** The peers that it is connected to. */
  async peers (options: CommandOptions = {}): Promise<string[]> {
    return this.remote.run('peers', { ...options })
  }

  /** The protocols that its peer store has for the peer, as learnt by identify. */
  async protocols (peer: Named, options: CommandOptions = {}): Promise<string[]> {
    return this.remote.run('protocols', { peer: String(peer), ...options })
  }

  /** Rejects with 'routing: not found' when no peer knows it. */
  async findPeer (peer: Named, options: FindPeerOptions = {}): Promise<GoPeer> {
    return this.remote.run('findPeer', { peer: String(peer), ...options })
  }

  /** The up to k closest peers to the key that a lookup finds, nearest first. */
  async closest (key: Uint8Array | string, options: CommandOptions = {}): Promise<string[]> {
    return this.remote.run('closest', { key: toBase64(key), ...options })
  }

  /** Stores the value itself and on the closest peers. Resolves even when none of them took it, as Go's own does. */
  async put (key: Uint8Array | string, value: Uint8Array | string, options: CommandOptions = {}): Promise<void> {
    await this.remote.run('put', { key: toBase64(key), value: toBase64(value), ...options })
  }

  /** The best value found, its own included. Rejects with 'routing: not found' when there is none. */
  async get (key: Uint8Array | string, options: GetOptions = {}): Promise<Uint8Array> {
    const { value } = await this.remote.run<{ value: string }>('get', { key: toBase64(key), ...options })

    return fromBase64(value)
  }

  /** Tells the closest peers. Resolves when the messages are sent; none is answered, so it may precede their handling. */
  async provide (cid: Named, options: CommandOptions = {}): Promise<void> {
    await this.remote.run('provide', { cid: String(cid), ...options })
  }

  /** The providers found, each once, those that it holds itself first. */
  async findProviders (cid: Named, options: FindProvidersOptions = {}): Promise<GoPeer[]> {
    return this.remote.run('findProviders', { cid: String(cid), ...options })
  }

  /** The providers that it holds itself, told by others or its own. Asks nobody. */
  async localProviders (cid: Named, options: CommandOptions = {}): Promise<GoPeer[]> {
    return this.remote.run('localProviders', { cid: String(cid), ...options })
  }

  /**
   * Writes exactly these bytes on a new stream and reads until the peer ends it. A peer that says nothing more makes
   * the reply end with 'timeout'; one that refuses the protocol makes it reject.
   */
  async raw (peer: Named, bytes: Uint8Array, options: RawOptions = {}): Promise<RawReply> {
    const reply = await this.remote.run<{ data: string, end: RawReply['end'] }>('raw', {
      peer: String(peer),
      bytes: toBase64(bytes),
      ...options
    })

    return { data: fromBase64(reply.data), end: reply.end }
  }

  /** Refreshes the routing table, and resolves when that is done. */
  async refresh (options: CommandOptions = {}): Promise<void> {
    await this.remote.run('refresh', { ...options })
  }

  /** An IPNS record as Kubo makes it. It is stored nowhere. `privateKey`: as a libp2p protobuf. */
  async makeIpns (privateKey: Uint8Array, fields: IpnsFields, options: MakeIpnsOptions = {}): Promise<IpnsRecord> {
    const { v1Compatible = true, ...rest } = options
    const { key, value } = await this.remote.run<{ key: string, value: string }>('makeIpns', {
      privateKey: toBase64(privateKey),
      ...fields,
      v1Compatible,
      ...rest
    })

    return { key: fromBase64(key), value: fromBase64(value) }
  }

  /** What the best IPNS record under a routing key says, as Kubo reads it. */
  async resolveIpns (key: Uint8Array, options: CommandOptions = {}): Promise<IpnsFields> {
    return this.remote.run('resolveIpns', { key: toBase64(key), ...options })
  }

  /** Ends the process and resolves when it is gone. Commands still running reject; a second call waits like the first. */
  async stop (): Promise<void> {
    await this.remote.stop()
  }
}

function toBase64 (bytes: Uint8Array | string): string {
  return Buffer.from(bytes as string).toString('base64')
}

function fromBase64 (text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'))
}
