// Real nodes in one process: TCP + noise + yamux on loopback.

import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify, identifyPush } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { createLibp2p } from 'libp2p'
import { kadDHT, passthroughMapper } from '../../src/index.ts'
import { keyOf } from '../../src/kademlia/key.ts'
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
export async function createNetwork (size: number, init: TestNodeInit = {}, privateKeys: PrivateKey[] = []): Promise<TestNode[]> {
  const nodes = await Promise.all(Array.from({ length: size }, async (_, i) => createNode({ privateKey: privateKeys[i], ...init })))
  const [seed, ...others] = nodes

  for (const node of others) {
    await node.dial(seed.getMultiaddrs())
    await untilTrue(() => node.services.dht.routingTable.size > 0)
  }

  await Promise.all(nodes.map(async node => node.services.dht.refreshRoutingTable()))

  return nodes
}

/**
 * As many nodes on either side of the first bit: no bucket of half of them overflows, so that all of them know each
 * other, and what a lookup finds does not hang on who happens to be in whose bucket.
 */
export async function createAcquaintedNetwork (size: number, init: TestNodeInit = {}): Promise<TestNode[]> {
  const nodes = await createNetwork(size, init, await evenKeys(size))

  await untilTrue(async () => {
    const lonely = nodes.filter(({ services }) => services.dht.routingTable.size < size - 1)
    await Promise.all(lonely.map(async node => node.services.dht.refreshRoutingTable()))

    return lonely.length === 0
  })

  return nodes
}

async function evenKeys (size: number): Promise<PrivateKey[]> {
  const halves: PrivateKey[][] = [[], []]

  while (halves.some(half => half.length < size / 2)) {
    const privateKey = await generateKeyPair('Ed25519')
    const half = halves[keyOf(privateKey.publicKey.toMultihash().bytes)[0] >>> 31]

    if (half.length < size / 2) {
      half.push(privateKey)
    }
  }

  return halves[0].flatMap((key, i) => [key, halves[1][i]])
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
