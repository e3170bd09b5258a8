import assert from 'node:assert/strict'
import { bytes, cidOf } from '../helpers/content.ts'
import { dhtStreams } from '../helpers/leaks.ts'
import { createNetwork, stopAll, untilTrue } from '../helpers/network.ts'
import type { TestNode } from '../helpers/network.ts'

const NODES = 8

describe('the streams between real nodes', function () {
  this.timeout(60_000)

  let nodes: TestNode[]

  beforeEach(async () => {
    nodes = await createNetwork(NODES)
  })

  afterEach(async () => {
    await stopAll(nodes)
  })

  it('are no more than four from one node to another, whatever it does at once', async () => {
    const [node, ...others] = nodes
    let most = 0
    const watch = setInterval(() => {
      most = Math.max(most, ...others.map(({ peerId }) => dhtStreams(node, 'outbound', peerId).length))
    }, 1)

    try {
      const { dht } = node.services
      const cids = await Promise.all(Array.from({ length: 30 }, async (_, i) => cidOf(`streams ${i}`)))
      const done = await Promise.all(cids.flatMap((cid, i) => [
        dht.getClosestPeers(bytes(`/test/${i}`)).then(found => found.length),
        dht.put(bytes(`/test/${i}`), bytes(`ok:${i}`)).then(({ failed }) => failed.length),
        dht.provide(cid).then(({ failed }) => failed.length)
      ]))

      assert.deepEqual(done, cids.flatMap(() => [others.length, 0, 0]))
      assert.ok(most >= 1 && most <= 4, `there were ${most} streams at once`)
      await untilTrue(async () => others.every(({ peerId }) => dhtStreams(node, 'outbound', peerId).length === 1))
    } finally {
      clearInterval(watch)
    }
  })

  it('stay the same when lookups are given up in the midst of them', async () => {
    const [node, ...others] = nodes
    const { dht } = node.services
    await dht.getClosestPeers(bytes('/test/warm'))
    const before = dhtStreams(node, 'outbound').map(({ id }) => id)
    assert.equal(before.length, others.length)

    for (let i = 0; i < 10; i++) {
      const controller = new AbortController()
      const given = dht.getClosestPeers(bytes(`/test/${i}`), { signal: controller.signal }).then(() => {}, () => {})
      await new Promise(resolve => setImmediate(resolve))
      controller.abort()
      await given
    }

    assert.equal((await dht.getClosestPeers(bytes('/test/after'))).length, others.length)
    assert.deepEqual(dhtStreams(node, 'outbound').map(({ id }) => id), before)
    assert.deepEqual(dht.routingTable.buckets().flatMap(({ peers }) => peers).filter(({ failures }) => failures > 0), [])
  })

  it('that a peer ends at once are let go, and it is asked anew each time', async () => {
    const [node, abrupt] = nodes
    await abrupt.services.dht.setMode('client')
    let taken = 0
    await abrupt.handle('/ipfs/kad/1.0.0', stream => {
      taken++
      stream.close().catch(() => {})
    })

    for (let i = 0; i < 3; i++) {
      await node.services.dht.getClosestPeers(abrupt.peerId.toMultihash().bytes)
    }

    await untilTrue(() => dhtStreams(node, 'outbound', abrupt.peerId).length === 0)
    assert.ok(taken > 0)
  })
})
