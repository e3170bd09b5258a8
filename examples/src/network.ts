// A small network on loopback, in this process: nodes as those of an application, but for their addresses.

import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { identify } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { createLibp2p } from 'libp2p'
import { kadDHT, passthroughMapper } from 'libp2p-kad'
import type { Identify } from '@libp2p/identify'
import type { Libp2p, ServiceMap } from '@libp2p/interface'
import type { Ping } from '@libp2p/ping'
import type { KadDHT, KadDHTInit } from 'libp2p-kad'

interface Services extends ServiceMap {
  identify: Identify
  ping: Ping
  dht: KadDHT
}

export type Node = Libp2p<Services>

/** The nodes of it; all stop when the block ends that declares it with `await using`. */
export interface Network extends AsyncDisposable {
  nodes: Node[]
}

export async function createNetwork (size: number, init: KadDHTInit = {}): Promise<Network> {
  const nodes = await Promise.all(Array.from({ length: size }, async () => createNode(init)))
  const [first, ...others] = nodes

  for (const node of others) {
    await join(node, first)
  }

  await Promise.all(nodes.map(async ({ services }) => services.dht.refreshRoutingTable()))

  return {
    nodes,
    [Symbol.asyncDispose]: async () => { await Promise.all(nodes.map(async node => node.stop())) }
  }
}

async function createNode (init: KadDHTInit): Promise<Node> {
  return createLibp2p<Services>({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    // many nodes with one address look like an attack to libp2p
    connectionManager: { inboundConnectionThreshold: Infinity },
    services: {
      identify: identify(),
      ping: ping(),
      // on the public network both are left out: only private addresses need the mapper, and only nodes without a public address the mode
      dht: kadDHT({ clientMode: false, peerInfoMapper: passthroughMapper, ...init })
    }
  })
}

/** Where nodes are to find each other by themselves, `seeds` names those to join through. */
async function join (node: Node, other: Node): Promise<void> {
  const { routingTable } = node.services.dht
  const met = new Promise(resolve => { routingTable.addEventListener('peer:add', resolve, { once: true }) })
  await node.dial(other.getMultiaddrs())
  await met
}
