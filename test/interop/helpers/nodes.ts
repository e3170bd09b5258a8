// Nodes of both kinds in one network, stopped together.

import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { createNode, untilTrue } from '../../helpers/network.ts'
import { startGoNode } from './go-node.ts'
import { until } from './until.ts'
import type { GoNode, GoNodeOptions } from './go-node.ts'
import type { TestNode, TestNodeInit } from '../../helpers/network.ts'
import type { PeerId } from '@libp2p/interface'

/** For hooks that start nodes: the first one compiles the Go node, which takes a minute when nothing is cached. */
export const START_TIMEOUT = 180_000

/** How long peers that have met may take to find room in one another's tables, on a busy machine. */
const TABLE_TIMEOUT = 30_000

/** How long Go may look for its peers, on a busy machine. */
const REFRESH_TIMEOUT = 60_000

/** A node of either kind. */
export type AnyNode = TestNode | GoNode

export class Nodes {
  readonly js: TestNode[] = []
  readonly go: GoNode[] = []

  /** All of them; servers and clients. */
  get all (): AnyNode[] {
    return [...this.js, ...this.go]
  }

  async startJs (init?: TestNodeInit): Promise<TestNode> {
    const node = await createNode(init)
    this.js.push(node)

    return node
  }

  async startGo (options?: GoNodeOptions): Promise<GoNode> {
    const node = await startGoNode(options)
    this.go.push(node)

    return node
  }

  /** Starts so many servers of each kind. Go comes first: without it there is nothing to test. */
  async startServers (count: { js: number, go: number }): Promise<void> {
    await Promise.all(Array.from({ length: count.go }, async () => this.startGo()))
    await Promise.all(Array.from({ length: count.js }, async () => this.startJs()))
  }

  /**
   * Joins the servers to one network through the first of each kind, all others through the one that is *not* of their
   * own, and resolves when each has all others in its table.
   */
  async join (): Promise<void> {
    const [jsSeed, ...js] = this.js
    const [goSeed, ...go] = this.go

    await Promise.all([
      ...this.go.map(async node => node.connect(jsSeed.getMultiaddrs())),
      ...js.map(async node => connect(node, goSeed))
    ])
    await goSeed.untilInTable(this.js.map(idOf))
    await untilInJsTable(jsSeed, go)
    await this.refresh()
    await this.untilComplete()
  }

  /** Has every node look for the others, one after another: all at once would dial one another at the same moment. */
  async refresh (): Promise<void> {
    for (const node of this.js) {
      await node.services.dht.refreshRoutingTable()
    }

    for (const node of this.go) {
      await node.refresh({ timeoutMs: REFRESH_TIMEOUT })
    }
  }

  /** Resolves when every node has all others in its routing table; says who lacks whom if that takes too long. */
  async untilComplete (): Promise<void> {
    await Promise.all([
      ...this.js.map(async node => untilInJsTable(node, this.others(node))),
      ...this.go.map(async node => node.untilInTable(this.others(node).map(idOf), { timeoutMs: TABLE_TIMEOUT }))
    ])
  }

  others (node: AnyNode): AnyNode[] {
    return this.all.filter(other => other !== node)
  }

  async stop (): Promise<void> {
    await Promise.all(this.all.map(async node => node.stop()))
  }
}

export function idOf (node: AnyNode): string {
  return node.peerId.toString()
}

export function idsOf (nodes: AnyNode[]): string[] {
  return nodes.map(idOf).sort()
}

export function peerIdOf (node: AnyNode): PeerId {
  return peerIdFromString(idOf(node))
}

/** Where the node listens, without its id, as a DHT tells it. */
export function addressesOf (node: AnyNode): string[] {
  const addrs = 'addrs' in node ? node.addrs : node.getMultiaddrs().map(String)

  return addrs.map(addr => addr.replace(`/p2p/${idOf(node)}`, '')).sort()
}

/** A js node dials a Go node. */
export async function connect (js: TestNode, go: GoNode): Promise<void> {
  await js.dial(go.addrs.map(addr => multiaddr(addr)))
}

export async function untilInJsTable (js: TestNode, peers: AnyNode[]): Promise<void> {
  const missing = (): AnyNode[] => peers.filter(peer => !js.services.dht.routingTable.has(peerIdOf(peer)))

  await until(`${peers.length} peers entered the table of ${idOf(js)}`, async () => missing().length === 0, { timeoutMs: TABLE_TIMEOUT })
    .catch((err: Error) => { throw new Error(`${err.message}: it lacks ${missing().map(idOf).join(', ')}`) })
}

/** The js node knows nothing of the other any more, except that its place in the routing table is left to it. */
export async function forget (js: TestNode, other: AnyNode): Promise<void> {
  await js.hangUp(peerIdOf(other))
  await untilTrue(() => js.getConnections(peerIdOf(other)).length === 0)
  await js.peerStore.delete(peerIdOf(other))
}
