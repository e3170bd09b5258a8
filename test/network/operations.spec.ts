import assert from 'node:assert/strict'
import { CID } from 'multiformats/cid'
import { identity } from 'multiformats/hashes/identity'
import { EventTypes } from '../../src/index.ts'
import { bytes, cidOf } from '../helpers/content.ts'
import { createNetwork, createNode, stopAll, untilTrue } from '../helpers/network.ts'
import { recall, trulyNearest } from '../helpers/truth.ts'
import type { QueryEvent } from '../../src/index.ts'
import type { TestNode } from '../helpers/network.ts'

const K = 20

describe('operations on 30 real nodes', function () {
  this.timeout(120_000)

  let nodes: TestNode[]

  before(async () => {
    nodes = await createNetwork(30, { dht: { networkDialTimeout: { minTimeout: 8_000 } } })
  })

  after(async () => {
    await stopAll(nodes)
  })

  it('finds the true nearest k of any key, from any node', async () => {
    for (const [i, node] of nodes.entries()) {
      const key = bytes(`/test/closest-${i}`)
      const found = await node.services.dht.getClosestPeers(key)

      assert.deepEqual(
        found.map(({ id }) => id.toString()),
        trulyNearest(nodes, key, K, node).map(({ peerId }) => peerId.toString())
      )
      assert.ok(found.every(({ multiaddrs }) => multiaddrs.length > 0), 'a peer came without addresses')
    }
  })

  it('puts a value on the nearest k, as it says, and any node gets it', async () => {
    const key = bytes('/test/put')
    const { stored, failed } = await nodes[0].services.dht.put(key, bytes('ok:1'))

    assert.equal(failed.length, 0)
    assert.equal(recall(trulyNearest(nodes, key, K, nodes[0]), stored), 1)

    for (const holder of trulyNearest(nodes, key, K, nodes[0])) {
      assert.deepEqual(await holder.services.dht.get(key, { useNetwork: false }), bytes('ok:1'))
    }

    for (const node of nodes.slice(1)) {
      assert.deepEqual(await node.services.dht.get(key, { useCache: false }), bytes('ok:1'))
    }
  })

  it('gets the best of several values, and brings the holders up to date', async () => {
    const key = bytes('/test/stale')
    const [newest, ...others] = trulyNearest(nodes, key, K)

    await Promise.all(others.map(async node => node.services.dht.put(key, bytes('ok:old'), { useNetwork: false })))
    await newest.services.dht.put(key, bytes('ok:young'), { useNetwork: false })

    const reader = nodes.find(node => !others.includes(node) && node !== newest) as TestNode
    assert.deepEqual(await reader.services.dht.get(key), bytes('ok:young'))

    for (const holder of trulyNearest(nodes, key, K, reader)) {
      await untilTrue(async () => Buffer.compare(await holder.services.dht.get(key, { useNetwork: false }), bytes('ok:young')) === 0)
    }
  })

  it('refuses an older value where a newer one is held', async () => {
    const key = bytes('/test/older')
    await nodes[1].services.dht.put(key, bytes('ok:2'))

    await assert.rejects(async () => nodes[1].services.dht.put(key, bytes('ok:1')), { name: 'InvalidRecordError' })

    // one that does not know better asks the others, who refuse
    const stranger = trulyNearest(nodes, key, nodes.length, nodes[1]).at(-1) as TestNode
    await assert.rejects(async () => stranger.services.dht.put(key, bytes('ok:1')), { name: 'QueryError', message: /None of the 20 nearest peers took it/ })
    assert.deepEqual(await nodes[2].services.dht.get(key, { useCache: false }), bytes('ok:2'))
  })

  it('finds a provider with its addresses, whoever looks', async () => {
    const cid = await cidOf('content')
    const { stored } = await nodes[3].services.dht.provide(cid)
    assert.equal(recall(trulyNearest(nodes, cid.multihash.bytes, K, nodes[3]), stored), 1)

    for (const node of nodes) {
      // an announcement has no answer: the last ones may still be on their way
      await untilTrue(async () => (await node.services.dht.findProviders(cid)).length > 0)
      const [provider, ...more] = await node.services.dht.findProviders(cid)

      assert.equal(more.length, 0)
      assert.ok(provider.id.equals(nodes[3].peerId))
      assert.deepEqual(provider.multiaddrs.map(String).sort(), nodes[3].getMultiaddrs().map(addr => addr.decapsulateCode(421).toString()).sort())
    }
  })

  it('answers with an empty list when nobody provides', async () => {
    assert.deepEqual(await nodes[4].services.dht.findProviders(await cidOf('unknown')), [])
  })

  it('finds a peer that it was never told of, also a client', async () => {
    const client = await createNode({ dht: { clientMode: true } })

    try {
      await client.dial(nodes[0].getMultiaddrs())
      await untilTrue(() => client.services.dht.routingTable.size > 0)
      await client.services.dht.refreshRoutingTable()

      const stranger = nodes.find(node => node.getConnections(client.peerId).length === 0) ?? nodes[5]
      const found = await stranger.services.dht.findPeer(client.peerId, { useCache: false })
      assert.ok(found.id.equals(client.peerId))
      assert.ok(found.multiaddrs.length > 0)
      assert.ok(nodes.every(node => !node.services.dht.routingTable.has(client.peerId)), 'a client entered a table')
    } finally {
      await client.stop()
    }
  })

  it('tells what it does by the events of @libp2p/kad-dht, the value last', async () => {
    const key = bytes('/test/events')
    await nodes[6].services.dht.put(key, bytes('ok:events'))

    const events: QueryEvent[] = []
    const progress: string[] = []

    for await (const event of nodes[7].services.dht.get(key, { useCache: false, onProgress: event => { progress.push(event.type) } })) {
      events.push(event)
    }

    const last = events.at(-1)
    assert.ok(last?.name === 'VALUE')
    assert.equal(last.type, EventTypes.VALUE)
    assert.deepEqual(last.value, bytes('ok:events'))
    assert.equal(events.filter(({ name }) => name === 'VALUE').length, 1)
    assert.equal(events.filter(({ name }) => name === 'SEND_QUERY').length, events.filter(({ name }) => name === 'PEER_RESPONSE').length)
    assert.deepEqual(progress, events.map(({ name }) => `kad-dht:query:${name.toLowerCase().replaceAll('_', '-')}`))
  })

  it('serves libp2p\'s content routing and peer routing', async () => {
    const key = bytes('/test/routing')
    const cid = await cidOf('routed')

    await nodes[8].contentRouting.put(key, bytes('ok:routing'))
    assert.deepEqual(await nodes[9].contentRouting.get(key), bytes('ok:routing'))

    await nodes[8].contentRouting.provide(cid)
    const providers = []

    for await (const { id, routing } of nodes[9].contentRouting.findProviders(cid)) {
      providers.push(`${routing} ${id.toString()}`)
    }

    assert.deepEqual(providers, [`kad-dht ${nodes[8].peerId.toString()}`])

    const found = await nodes[9].peerRouting.findPeer(nodes[10].peerId, { useCache: false })
    assert.ok(found.id.equals(nodes[10].peerId))

    const closest = []

    for await (const { id } of nodes[9].peerRouting.getClosestPeers(key)) {
      closest.push(id)
    }

    assert.equal(recall(trulyNearest(nodes, key, K, nodes[9]), closest), 1)
  })

  it('uses only what the node knows itself when told so', async () => {
    const key = bytes('/test/local')
    const cid = await cidOf('local')
    const { dht } = nodes[11].services

    await dht.put(key, bytes('ok:local'), { useNetwork: false })
    assert.deepEqual(await dht.get(key, { useNetwork: false }), bytes('ok:local'))
    await assert.rejects(async () => dht.get(key, { useCache: false }), { name: 'NotFoundError' })
    await assert.rejects(async () => nodes[12].services.dht.get(key, { useNetwork: false }), { name: 'NotFoundError' })
    assert.deepEqual(await nodes[12].services.dht.findProviders(cid, { useNetwork: false }), [])
  })

  it('ends the iteration quietly when there is no value, as @libp2p/kad-dht does', async () => {
    const names = []

    for await (const { name } of nodes[13].services.dht.get(bytes('/test/none'))) {
      names.push(name)
    }

    assert.ok(names.includes('PEER_RESPONSE'))
    assert.ok(!names.includes('VALUE'))
    await assert.rejects(async () => nodes[13].services.dht.get(bytes('/test/none')), { name: 'NotFoundError' })
  })

  it('refuses what can\'t be right, and says what would be', async () => {
    const { dht } = nodes[14].services

    await assert.rejects(async () => dht.put(bytes('/nobody/x'), bytes('1')), { name: 'InvalidParametersError', message: /no validator for the namespace "nobody".*"pk", .*"test"/ })
    await assert.rejects(async () => dht.get(bytes('/constructor/x')), { name: 'InvalidParametersError', message: /no validator for the namespace "constructor"/ })
    await assert.rejects(async () => dht.get(bytes('no-namespace')), { name: 'InvalidParametersError', message: /has no namespace/ })
    await assert.rejects(async () => dht.put(bytes('/test/x'), bytes('bad')), { name: 'InvalidRecordError', message: /does not begin with ok:/ })
    await assert.rejects(async () => dht.put(bytes('/test/x'), new Uint8Array(10_241)), { name: 'InvalidRecordError', message: /over the limit of 10240/ })
    await assert.rejects(async () => dht.findPeer(nodes[14].peerId), { name: 'InvalidParametersError' })
    // @ts-expect-error a CID is needed
    await assert.rejects(async () => dht.findProviders('bafy'), { name: 'InvalidParametersError', message: /CID\.parse/ })
    // @ts-expect-error there are two modes
    await assert.rejects(async () => dht.setMode('both'), { name: 'InvalidParametersError' })
  })

  it('sends no key that every server would refuse, and no peer loses its standing for it', async () => {
    const { dht } = nodes[15].services
    const { size } = dht.routingTable
    const inlined = CID.createV1(0x55, identity.digest(new Uint8Array(100)))

    await assert.rejects(async () => dht.getClosestPeers(new Uint8Array(1_025)), { name: 'InvalidParametersError', message: /1 to 1024 bytes/ })
    await assert.rejects(async () => dht.provide(inlined), { name: 'InvalidParametersError', message: /over the 80/ })
    assert.equal(dht.routingTable.size, size)
  })

  it('remembers what it provides without telling anyone when told so, and forgets it while it is being announced', async () => {
    const { dht } = nodes[16].services
    const cid = await cidOf('quiet')
    const { stored, messages } = await dht.provide(cid, { useNetwork: false })
    assert.deepEqual(stored, [])
    assert.equal(messages, 0)

    const cancelled: Array<Promise<void>> = []
    await dht.provide(cid, {
      onProgress: () => { cancelled.push(dht.cancelReprovide(cid)) }
    })
    await Promise.all(cancelled)
    assert.deepEqual(await dht.findProviders(cid, { useNetwork: false }), [])
  })

  it('reads the validators when they are needed', async () => {
    const late = nodes.map(({ services }) => services.dht)

    for (const dht of late) {
      dht.validators.late = () => {}
      dht.selectors.late = () => 0
    }

    await late[0].put(bytes('/late/x'), bytes('1'))
    assert.deepEqual(await late[1].get(bytes('/late/x')), bytes('1'))

    for (const dht of late) {
      delete dht.validators.late
      delete dht.selectors.late
    }
  })
})
