// The nodes of the demo: each with its own key, on TCP, noise and yamux over loopback, with LevelDB in a temporary folder.

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { LevelDatastore } from 'datastore-level'
import { passthroughMapper } from 'libp2p-kad'
import { KAD_NAMESPACE } from '../namespace.ts'
import { createNode } from '../node.ts'
import { serveFiles } from './file-exchange.ts'
import { mortalTcp } from './mortal-tcp.ts'
import { USER_NAMESPACE } from './profile.ts'
import { victimCount } from './victim-count.ts'
import type { MortalTcp } from './mortal-tcp.ts'
import type { KadNode } from '../node.ts'
import type { KadDHT } from 'libp2p-kad'

/** Kademlia's classic concurrency: with the library's 10, a small network is asked at once and no hops are to be seen. */
const ALPHA = 3

const MIN_K = 4
const MAX_K = 20

/** Starting needs much CPU for a moment; more at once would only time out together. */
const STARTING_AT_ONCE = 8

export class DemoNode {
  readonly number: number
  readonly libp2p: KadNode
  readonly folder: string
  /** paths by CID */
  readonly files: Map<string, string>
  alive = true
  readonly #datastore: LevelDatastore
  readonly #tcp: MortalTcp

  private constructor (number: number, libp2p: KadNode, folder: string, files: Map<string, string>, datastore: LevelDatastore, tcp: MortalTcp) {
    this.number = number
    this.libp2p = libp2p
    this.folder = folder
    this.files = files
    this.#datastore = datastore
    this.#tcp = tcp
  }

  static async start (number: number, size: number, parent: string): Promise<DemoNode> {
    const folder = join(parent, `node-${number}`)
    await mkdir(folder)
    const datastore = new LevelDatastore(join(folder, 'datastore'))
    await datastore.open()
    const tcp = mortalTcp()
    const files = new Map<string, string>()
    const libp2p = await createNode({
      listen: ['/ip4/127.0.0.1/tcp/0'],
      datastore,
      transport: tcp.transport,
      crowded: true,
      monitor: false,
      dht: {
        clientMode: false,
        peerInfoMapper: passthroughMapper,
        alpha: ALPHA,
        kBucketSize: kFor(size),
        validators: { ...USER_NAMESPACE.validators, ...KAD_NAMESPACE.validators },
        selectors: { ...USER_NAMESPACE.selectors, ...KAD_NAMESPACE.selectors }
      }
    })
    await serveFiles(libp2p, files)

    return new DemoNode(number, libp2p, folder, files, datastore, tcp)
  }

  get dht (): KadDHT {
    return this.libp2p.services.dht
  }

  get id (): string {
    return this.libp2p.peerId.toString()
  }

  isConnectedTo (other: DemoNode): boolean {
    return this.libp2p.getConnections(other.libp2p.peerId).length > 0
  }

  /** From one moment to the next nobody can reach it, and it reaches nobody: nothing is stopped, said or saved. */
  async kill (): Promise<void> {
    this.alive = false
    await this.#tcp.cut(this.libp2p.getConnections())
  }

  async stop (): Promise<void> {
    await this.libp2p.stop()
    await this.#datastore.close()
  }
}

/**
 * How many nodes hold a value. With the usual 20 each of 16 nodes would hold everything, and there would be nothing to find;
 * with no more than are going to die, a whole neighbourhood could be dead at once.
 */
export function kFor (size: number): number {
  return Math.min(MAX_K, Math.max(MIN_K, victimCount(size) + 1))
}

/**
 * Starts them all; each but the first dials the first, and nobody else. Those that have started are added to `nodes` at once,
 * so that they can be stopped whatever happens.
 */
export async function startNetwork (size: number, folder: string, nodes: DemoNode[], onProgress: (joined: number) => void, signal: AbortSignal): Promise<void> {
  const start = async (number: number): Promise<DemoNode> => {
    signal.throwIfAborted()
    const node = await DemoNode.start(number, size, folder)
    nodes.push(node)

    return node
  }

  const seed = await start(1)
  onProgress(1)
  let next = 2
  let joined = 1

  await allDone(Array.from({ length: STARTING_AT_ONCE }, async () => {
    while (next <= size) {
      const node = await start(next++)
      await node.libp2p.dial(seed.libp2p.getMultiaddrs(), { signal })
      // waits for the first peer in the routing table, then meets the neighbourhood
      await node.dht.getClosestPeers(node.libp2p.peerId.toMultihash().bytes, { signal })
      onProgress(++joined)
    }
  }))

  nodes.sort((a, b) => a.number - b.number)
  // the first to come have not met the last
  await Promise.all(nodes.map(async node => node.dht.refreshRoutingTable({ signal })))
}

/** Waits for all, also when one fails: what still starts would be missed by whoever cleans up. */
async function allDone (tasks: Array<Promise<void>>): Promise<void> {
  const results = await Promise.allSettled(tasks)
  const failure = results.find(result => result.status === 'rejected')

  if (failure != null) {
    throw failure.reason
  }
}
