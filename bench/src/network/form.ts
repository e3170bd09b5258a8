// Forms a network: every node joins through the first, then looks around, then does a bit of everything.

import { setTimeout as delay } from 'node:timers/promises'
import { privateKeyFromProtobuf } from '@libp2p/crypto/keys'
import { mean } from '../statistics.ts'
import { cpuTime, untilQuiet } from './cpu.ts'
import { createNode } from './node.ts'
import { digest } from './workload.ts'
import type { Node } from './node.ts'
import type { Formed } from './protocol.ts'
import type { Subject } from '../subjects/subject.ts'

/** How long a node may take to get the seed into its table, ms. */
const JOIN_LIMIT = 20_000

/**
 * A refresh may go on after its call has resolved: the network is used when its process rests for so long. On a machine with
 * much else to do a process that works gets more than this twentieth of a processor. It has formed when its tables
 * and connections changed for the last time before that; lookups of regular upkeep that find nothing new are no part of it.
 */
const RESTING = { window: 500, cpu: 25, times: 4, limit: 60_000 }

/** A lookup of the warm-up may take so long, ms. */
const LOOKUP_LIMIT = 20_000

/** The nodes go into `nodes` as they start, so that they can be stopped whatever happens. */
export async function form (subject: Subject, keys: Uint8Array[], seed: string, nodes: Node[]): Promise<Formed> {
  const begun = performance.now()
  const cpuBefore = cpuTime()

  for (const key of keys) {
    nodes.push(await createNode(subject, privateKeyFromProtobuf(key)))
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
    await dht.closestPeers(digest(`${seed} warm-up ${i}`), { signal: AbortSignal.timeout(LOOKUP_LIMIT) })
  }
}
