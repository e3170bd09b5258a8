import assert from 'node:assert/strict'
import { start, stop } from '@libp2p/interface'
import { bytes, cidOf } from './helpers/content.ts'
import { createNode, stopAll, untilTrue } from './helpers/network.ts'
import type { TestNode } from './helpers/network.ts'
import type { Registrar } from '@libp2p/interface-internal'

const PROTOCOL = '/ipfs/kad/1.0.0'

describe('the service, started and stopped in any order', function () {
  this.timeout(20_000)

  let node: TestNode
  let other: TestNode

  beforeEach(async () => {
    [node, other] = await Promise.all([createNode(), createNode()])
    await stop(node.services.dht)
  })

  afterEach(async () => {
    await stopAll([node, other])
  })

  function serves (): boolean {
    return node.getProtocols().includes(PROTOCOL)
  }

  it('runs, all of it, when it was stopped and started again while it started', async () => {
    const { dht } = node.services
    await Promise.all([start(dht), stop(dht), start(dht)])

    assert.ok(serves())
    await node.dial(other.getMultiaddrs())
    await untilTrue(() => dht.routingTable.size > 0 && other.services.dht.routingTable.size > 0)
    await dht.put(bytes('/test/order'), bytes('ok:1'))
    assert.deepEqual(await other.services.dht.get(bytes('/test/order'), { useCache: false }), bytes('ok:1'))
  })

  it('is stopped, all of it, when it was started and stopped again while it stopped', async () => {
    const { dht } = node.services
    await start(dht)
    await Promise.all([stop(dht), start(dht), stop(dht)])

    assert.ok(!serves())
    await assert.rejects(async () => dht.get(bytes('/test/order'), { useCache: false }), { name: 'NotStartedError' })
    await assert.rejects(async () => dht.provide(await cidOf('order')), { name: 'NotStartedError' })
  })

  it('has stopped when a stop during its start has resolved', async () => {
    const { dht } = node.services
    const starting = start(dht)
    await stop(dht)

    assert.ok(!serves())
    await starting
    assert.ok(!serves())
  })

  it('says that libp2p refused, and can be stopped and started then', async () => {
    const { dht } = node.services
    const { registrar } = (node as unknown as { components: { registrar: Registrar } }).components
    await registrar.handle(PROTOCOL, stream => { stream.abort(new Error('not ours')) })

    await assert.rejects(async () => start(dht), { name: 'DuplicateProtocolHandlerError' })
    await stop(dht)
    await registrar.unhandle(PROTOCOL)
    await start(dht)
    assert.ok(serves())
  })
})
