// A process of nodes: does as it is told. Forked by `nodes-process.ts`; when that kills it, nobody is told.

import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { bytes, cidOf } from '../helpers/content.ts'
import { createNode, stopAll, untilTrue } from '../helpers/network.ts'
import { EventListeners } from './event-listeners.ts'
import { footprint } from './footprint.ts'
import type { CallMessage, CallName, Calls, Read, ReadResult, ReplyMessage } from './calls.ts'
import type { KadDHTInit } from '../../src/index.ts'
import type { TestNode } from '../helpers/network.ts'

const SECOND = 1000
const HOUR = 3600 * SECOND

/** Reads of this process at once. */
const AT_ONCE = 8

/**
 * A third of the network gone each minute is a day's churn in a minute: announcements, which are made again each day, are made
 * again each half minute here.
 */
const DHT: KadDHTInit = {
  reprovide: { interval: 10 * SECOND, validity: 48 * HOUR, threshold: 48 * HOUR - 20 * SECOND }
}

const nodes = new Map<string, TestNode>()
const listeners = new EventListeners()
let operations = 0

listeners.watch()

const calls: { [N in CallName]: (request: Parameters<Calls[N]>[0]) => Promise<ReturnType<Calls[N]>> } = {
  async start ({ keys, through }) {
    const started = await Promise.all(keys.map(async key => createNode({
      privateKey: await generateKeyPairFromSeed('Ed25519', key),
      dht: { ...DHT, seeds: through }
    })))

    for (const node of started) {
      nodes.set(node.peerId.toString(), node)
    }

    if (through.length > 0) {
      await untilTrue(() => started.every(({ services }) => services.dht.routingTable.size > 0))
      // joining is a refresh: this waits for its end
      await Promise.all(started.map(async ({ services }) => services.dht.refreshRoutingTable()))
    }

    return started.map(node => ({ id: node.peerId.toString(), addresses: node.getMultiaddrs().map(String) }))
  },

  async put ({ node, key, value }) {
    operations++
    await nodeOf(node).services.dht.put(bytes(key), bytes(value))
  },

  async provide ({ node, text }) {
    operations++
    await nodeOf(node).services.dht.provide(await cidOf(text))
  },

  async held ({ keys }) {
    const held = await Promise.all(keys.map(async key => {
      const holders = await Promise.all([...nodes.values()].map(async node => holds(node, key)))

      return holders.includes(true)
    }))

    return keys.filter((_, i) => held[i])
  },

  async read ({ reads }) {
    const results: ReadResult[] = []
    const waiting = reads.entries()

    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      for (const [i, one] of waiting) {
        operations++
        results[i] = await read(one)
      }
    }))

    return results
  },

  async tables () {
    return [...nodes].map(([id, node]) => ({
      node: id,
      peers: node.services.dht.routingTable.peers().map(String),
      connectedTo: node.getPeers().map(String)
    }))
  },

  async seek ({ peers }) {
    for (const { services: { dht } } of nodes.values()) {
      for (const peer of dht.routingTable.peers().filter(peer => peers.includes(peer.toString()))) {
        await dht.getClosestPeers(peer.toMultihash().bytes)
      }
    }
  },

  async footprint () {
    return footprint([...nodes.values()], listeners, operations)
  },

  async stop () {
    await stopAll([...nodes.values()])
  }
}

function nodeOf (id: string): TestNode {
  const node = nodes.get(id)

  if (node == null) {
    throw new Error(`${id} is not in this process`)
  }

  return node
}

async function holds ({ services }: TestNode, key: string): Promise<boolean> {
  try {
    await services.dht.get(bytes(key), { useNetwork: false })
    return true
  } catch (error: any) {
    if (error.name === 'NotFoundError') {
      return false
    }

    throw error
  }
}

/** What the node does not know itself, the network has to tell. */
async function read ({ kind, node, of }: Read): Promise<ReadResult> {
  const { dht } = nodeOf(node).services

  try {
    if (kind === 'get') {
      return { found: [new TextDecoder().decode(await dht.get(bytes(of), { useCache: false }))] }
    }

    const peers = kind === 'find' ? await dht.findProviders(await cidOf(of), { useCache: false }) : await dht.getClosestPeers(bytes(of))

    return { found: peers.map(({ id }) => id.toString()) }
  } catch (error: any) {
    return { error: `${error.name}: ${error.message}` }
  }
}

function send (message: ReplyMessage): void {
  process.send?.(message)
}

async function answer <N extends CallName> ({ id, name, request }: CallMessage<N>): Promise<void> {
  try {
    send({ id, result: await calls[name](request) })
  } catch (error: any) {
    send({ id, error: error.stack ?? String(error) })
  }

  if (name === 'stop') {
    process.removeListener('disconnect', end)
    process.disconnect()
  }
}

/** Nobody is there to be told. */
function end (): void {
  process.exit(1)
}

process.on('message', (message: CallMessage) => { void answer(message) })
process.on('disconnect', end)
process.on('warning', ({ name, message, stack }) => { send({ warning: `${name}: ${message}\n${stack ?? ''}` }) })
