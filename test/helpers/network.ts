// Real nodes in one process: TCP + noise + yamux on loopback.

import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { identify, identifyPush } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { createLibp2p } from 'libp2p'
import { kadDHT, passthroughMapper } from '../../src/index.ts'
import type { KadDHT, KadDHTInit } from '../../src/index.ts'
import type { Identify } from '@libp2p/identify'
import type { Libp2p, PrivateKey, ServiceMap } from '@libp2p/interface'
import type { Ping } from '@libp2p/ping'
import type { Datastore } from 'interface-datastore'

interface Services extends ServiceMap {
  identify: Identify
  ping: Ping
  dht: KadDHT
}

export type TestNode = Libp2p<Services>

export interface TestNodeInit {
  dht?: KadDHTInit
  datastore?: Datastore
  privateKey?: PrivateKey
  start?: boolean
  /** tell peers when what this node serves changes */
  push?: boolean
}

/** A value of the namespace `test` is valid when it begins so; the one greatest in byte order is best. As in `interop/go`. */
export const TEST_NAMESPACE: Pick<KadDHTInit, 'validators' | 'selectors'> = {
  validators: {
    test: (key, value) => {
      if (new TextDecoder().decode(value.subarray(0, 3)) !== 'ok:') {
        throw new Error('the value does not begin with ok:')
      }
    }
  },
  selectors: {
    test: (key, values) => values.reduce((best, value, i) => Buffer.compare(value, values[best]) > 0 ? i : best, 0)
  }
}

export async function createNode ({ dht, datastore, privateKey, start, push = false }: TestNodeInit = {}): Promise<TestNode> {
  return createLibp2p<Services>({
    start,
    privateKey,
    datastore,
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
    connectionManager: { inboundConnectionThreshold: Infinity, maxIncomingPendingConnections: Infinity },
    services: {
      identify: identify(),
      ping: ping(),
      ...(push ? { push: identifyPush() } : {}),
      dht: kadDHT({ clientMode: false, peerInfoMapper: passthroughMapper, ...TEST_NAMESPACE, ...dht })
    }
  })
}

/** Nodes that have all joined through the first, and know their neighbourhoods. */
export async function createNetwork (size: number, init: TestNodeInit = {}): Promise<TestNode[]> {
  const nodes = await Promise.all(Array.from({ length: size }, async () => createNode(init)))
  const [seed, ...others] = nodes

  for (const node of others) {
    await node.dial(seed.getMultiaddrs())
    await untilTrue(() => node.services.dht.routingTable.size > 0)
  }

  await Promise.all(nodes.map(async node => node.services.dht.refreshRoutingTable()))

  return nodes
}

export async function stopAll (nodes: TestNode[]): Promise<void> {
  await Promise.all(nodes.map(async node => node.stop()))
}

/** Waits for a condition that no event tells of; the test's own time limit ends it. */
export async function untilTrue (condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!await condition()) {
    await new Promise(resolve => setTimeout(resolve, 5))
    // out of the timer's own callback, so that a condition may count timers
    await new Promise(resolve => setImmediate(resolve))
  }
}
