import assert from 'node:assert/strict'
import { bytes, cidOf } from '../helpers/content.ts'
import { silent, turn } from '../helpers/hostile.ts'
import { dhtStreams } from '../helpers/leaks.ts'
import { createAcquaintedNetwork, stopAll, untilTrue } from '../helpers/network.ts'
import type { TestNode } from '../helpers/network.ts'

const SIZE = 40
const SILENT = 12

/** The adaptive time after which a request is slow: the least that is set, for the network is much faster. */
const ADAPTIVE_TIMEOUT = 2_000

/** A request is given up after ten seconds: nobody waits for two of them, one after the other. */
const GIVEN_UP = 20_000

/** How long each operation took, ms: one by each of these nodes, which read what the one before them has stored. */
async function measure (nodes: TestNode[], label: string): Promise<Map<string, number[]>> {
  const times = new Map<string, number[]>()

  for (const [i, node] of nodes.entries()) {
    const { dht } = node.services
    const reader = nodes[(i + 1) % nodes.length].services.dht
    const key = bytes(`/test/${label}-${i}`)
    const cid = await cidOf(`${label} ${i}`)
    const operations: Record<string, () => Promise<unknown>> = {
      closestPeers: async () => dht.getClosestPeers(key),
      put: async () => dht.put(key, bytes(`ok:${i}`)),
      get: async () => reader.get(key, { useCache: false }),
      provide: async () => dht.provide(cid),
      findProviders: async () => reader.findProviders(cid, { useCache: false }),
      findPeer: async () => reader.findPeer(node.peerId, { useCache: false })
    }

    for (const [name, operate] of Object.entries(operations)) {
      const begun = performance.now()
      await operate()
      times.set(name, [...times.get(name) ?? [], performance.now() - begun])
    }
  }

  return times
}

function streamsTo (node: TestNode, peers: TestNode[]): number {
  return peers.flatMap(({ peerId }) => dhtStreams(node, 'outbound', peerId)).length
}

function median (values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]
}

describe('a network of forty nodes of which three in ten fall silent', function () {
  this.timeout(180_000)

  it('ends every operation soon, though all of them are in all tables, and leaves nothing running', async () => {
    const nodes = await createAcquaintedNetwork(SIZE, { dht: { networkDialTimeout: { minTimeout: ADAPTIVE_TIMEOUT } } })
    const [mute, honest] = [nodes.slice(0, SILENT), nodes.slice(SILENT)]

    try {
      const healthy = await measure(honest.slice(0, 7), 'healthy')
      await Promise.all(mute.map(async node => turn(node, silent)))

      for (const [name, times] of await measure(honest.slice(7, 14), 'silent')) {
        const usual = 2 * median(healthy.get(name) ?? [])

        // others are asked in place of the silent before these are given up: it is one timeout, and not one after another
        assert.ok(median(times) < usual + 2 * ADAPTIVE_TIMEOUT, `${name} takes ${median(times)} ms`)
        // where this machine is so busy that the honest are late, too, fewer than k answer in time, and all of them are waited for
        assert.ok(Math.max(...times) < usual + GIVEN_UP, `${name} takes ${Math.max(...times)} ms`)
      }

      await untilTrue(() => honest.every(node => streamsTo(node, mute) === 0))
    } finally {
      await stopAll(nodes)
    }
  })
})
