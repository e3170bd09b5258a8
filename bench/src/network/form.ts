// Forms a network: every node joins through the first, then looks around, then does a bit of everything.

import { setTimeout as delay } from 'node:timers/promises'
import { privateKeyFromProtobuf } from '@libp2p/crypto/keys'
import { cpuTime, untilQuiet } from '../cpu.ts'
import { createNode } from '../node.ts'
import { mean } from '../statistics.ts'
import { JOIN_LIMIT, LOOKUP_LIMIT, RESTING } from './limits.ts'
import { lookAroundKey } from './workload.ts'
import type { Formed, FormRequest } from './protocol.ts'
import type { Node } from '../node.ts'
import type { Subject } from '../subjects/subject.ts'

/** The nodes go into `nodes` as they start, so that they can be stopped whatever happens. */
export async function form (subject: Subject, { keys, seed, transport }: FormRequest, nodes: Node[]): Promise<Formed> {
  const begun = performance.now()
  const cpuBefore = cpuTime()

  for (const key of keys) {
    nodes.push(await createNode({ subject, privateKey: privateKeyFromProtobuf(key), transport }))
  }

  for (const node of nodes.slice(1)) {
    await join(node, nodes[0])
  }

  await Promise.all(nodes.map(async ({ dht }) => dht.refresh()))
  const look = (): Formed => ({
    wallSeconds: (performance.now() - begun) / 1000,
    cpuSeconds: (cpuTime() - cpuBefore) / 1000,
    tableSize: mean(nodes.map(({ dht }) => dht.size)),
    connections: mean(nodes.map(({ libp2p }) => libp2p.getConnections().length))
  })
  let formed = look()

  await untilQuiet(RESTING, () => {
    const now = look()

    if (now.tableSize !== formed.tableSize || now.connections !== formed.connections) {
      formed = now
    }
  })

  await lookAround(nodes, seed)

  return formed
}

async function join ({ libp2p, dht }: Node, seed: Node): Promise<void> {
  const end = performance.now() + JOIN_LIMIT
  await libp2p.dial(seed.libp2p.getMultiaddrs(), { signal: AbortSignal.timeout(JOIN_LIMIT) })

  while (dht.size === 0) {
    if (performance.now() > end) {
      throw new Error(`${libp2p.peerId.toString()} has no peer in its routing table ${JOIN_LIMIT / 1000} s after it met the seed`)
    }

    await delay(5)
  }
}

/** Each node looks for some key, one after the other. */
async function lookAround (nodes: Node[], seed: string): Promise<void> {
  for (const [i, { dht }] of nodes.entries()) {
    await dht.closestPeers(lookAroundKey(seed, i), { signal: AbortSignal.timeout(LOOKUP_LIMIT) })
  }
}
