import assert from 'node:assert/strict'
import { passthroughMapper } from '../../src/wire/address-mappers.ts'
import { encodePeer, fromPeerId, toPeerInfo } from '../../src/wire/peer.ts'
import { PING_PROTOCOL } from '../../src/wire/ping.ts'
import { address, contactOf, hashedId } from '../helpers/contacts.ts'
import { cidOf } from '../helpers/content.ts'
import { lying, turn } from '../helpers/hostile.ts'
import { abortListeners, timers } from '../helpers/leaks.ts'
import { createAcquaintedNetwork, createNode, stopAll, untilTrue } from '../helpers/network.ts'
import { trulyNearest } from '../helpers/truth.ts'
import type { FindProvidersOptions } from '../../src/index.ts'
import type { TestNode } from '../helpers/network.ts'
import type { PeerId, Stream } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'

const SIZE = 10

describe('finding providers among real nodes', function () {
  this.timeout(120_000)

  let nodes: TestNode[]
  let clients: TestNode[]

  beforeEach(async () => {
    nodes = await createAcquaintedNetwork(SIZE, { dht: { networkDialTimeout: { minTimeout: 8_000 } } })
    clients = await Promise.all(Array.from({ length: 3 }, async () => createNode({ dht: { clientMode: true } })))

    for (const client of clients) {
      await client.dial(nodes[0].getMultiaddrs())
      await untilTrue(() => client.services.dht.routingTable.size > 0)
      await client.services.dht.refreshRoutingTable()
    }
  })

  afterEach(async () => {
    await stopAll([...nodes, ...clients])
  })

  /** Each of them announces that it provides it, and everyone else has heard of it. */
  async function provide (cid: CID, providers: TestNode[]): Promise<void> {
    await Promise.all(providers.map(async ({ services }) => services.dht.provide(cid)))

    for (const { services } of nodes) {
      await untilTrue(async () => (await services.dht.findProviders(cid, { useNetwork: false })).length === providers.length)
    }
  }

  function names (ids: Array<{ id: PeerId }>): string[] {
    return ids.map(({ id }) => id.toString())
  }

  function idsOf (nodes: TestNode[]): string[] {
    return nodes.map(({ peerId }) => peerId.toString())
  }

  /** Answers pings after so many ms, or never. */
  async function pingTakes (node: TestNode, ms: number): Promise<void> {
    await node.unhandle(PING_PROTOCOL)
    await node.handle(PING_PROTOCOL, stream => {
      stream.addEventListener('message', ({ data }) => {
        if (ms !== Infinity) {
          setTimeout(() => { stream.send(data) }, ms)
        }
      })
      stream.addEventListener('remoteCloseWrite', () => { void stream.close() })
    })
  }

  function pings (node: TestNode): Stream[] {
    return node.getConnections().flatMap(({ streams }) => streams).filter(({ protocol }) => protocol === PING_PROTOCOL)
  }

  it('returns the true provider though the two nearest holders make many up, and asks fewer when it is to be fast', async () => {
    const cid = await cidOf('lied about')
    await provide(cid, [clients[0]])
    const [reader, ...others] = trulyNearest(nodes, cid.multihash.bytes, SIZE).reverse()
    const liars = others.slice(-2)
    const invented = Array.from({ length: 30 }, (_, i) => encodePeer(hashedId(i), [address('/ip4/127.0.0.1/tcp/9')]))
    await Promise.all(liars.map(async liar => turn(liar, lying(() => ({ providers: invented })))))
    const { dht } = reader.services

    const asked = async (options: FindProvidersOptions): Promise<{ found: string[], requests: number }> => {
      let requests = 0
      const found = await dht.findProviders(cid, {
        ...options,
        useCache: false,
        onProgress: ({ type }) => { requests += type === 'kad-dht:query:send-query' ? 1 : 0 }
      })

      return { found: names(found), requests }
    }

    const sure = await asked({ count: 1 })
    const fast = await asked({ fast: true })
    assert.deepEqual(sure.found, idsOf([clients[0]]))
    assert.equal(fast.found.length, 1)
    assert.ok(fast.requests < sure.requests, `${fast.requests} requests are not fewer than ${sure.requests}`)
    assert.equal((await asked({})).found.length, 31)

    // what this node holds is enough for whoever is in a hurry
    assert.deepEqual(names(await dht.findProviders(cid, { fast: true, onProgress: ({ type }) => { assert.notEqual(type, 'kad-dht:query:send-query') } })), idsOf([clients[0]]))
  })

  it('finds the addresses of a provider that was named without any', async () => {
    const cid = await cidOf('without addresses')
    const [reader, holder] = nodes.slice(1)
    const unreachable = contactOf(hashedId(7))
    const named = [fromPeerId(clients[0].peerId), unreachable].map(({ multihash }) => encodePeer(multihash, []))
    await turn(holder, lying(({ type }) => type === 'GET_PROVIDERS' ? { providers: named } : {}))
    await reader.hangUp(clients[0].peerId)
    const told: string[] = []

    for await (const { id, multiaddrs, routing } of reader.contentRouting.findProviders(cid, { useCache: false })) {
      assert.equal(routing, 'kad-dht')
      assert.ok(multiaddrs.length > 0)
      told.push(id.toString())
    }

    assert.deepEqual(told, idsOf([clients[0]]))
    // it can be reached there
    const [{ multiaddrs }] = await reader.services.dht.findProviders(cid, { useCache: false })
    await reader.dial(multiaddrs.map(addr => addr.encapsulate(`/p2p/${clients[0].peerId.toString()}`)))

    // and now that the peer store knows it, nobody need be asked
    const [{ id }] = await reader.services.dht.findProviders(cid, { fast: true })
    assert.ok(id.equals(clients[0].peerId))
    assert.ok((await reader.services.dht.findProviders(cid)).every(({ id }) => !id.equals(toPeerInfo(unreachable, passthroughMapper).id)))
  })

  it('returns and tells of the nearest first, as measured by a ping, and leaves no stream', async () => {
    const cid = await cidOf('near and far')
    const [far, near, middle] = clients
    await pingTakes(far, 800)
    await pingTakes(middle, 400)
    await provide(cid, clients)
    const reader = nodes[3]
    // it has to dial them
    await Promise.all(clients.map(async ({ peerId }) => reader.hangUp(peerId)))

    assert.deepEqual(names(await reader.services.dht.findProviders(cid, { prefer: 'nearest' })), idsOf([near, middle, far]))
    assert.deepEqual(names(await reader.services.dht.findProviders(cid, { prefer: 'nearest', count: 1 })), idsOf([near]))
    await untilTrue(() => pings(reader).length === 0)

    const told = []
    const options: FindProvidersOptions = { prefer: 'nearest' }

    for await (const { id } of reader.contentRouting.findProviders(cid, options)) {
      told.push(id.toString())
    }

    assert.deepEqual(told, idsOf([near, middle, far]))

    // one that provides it itself is nearest to itself
    await reader.services.dht.provide(cid)
    assert.deepEqual(names(await reader.services.dht.findProviders(cid, { prefer: 'nearest' })), idsOf([reader, near, middle, far]))
  })

  it('puts those last that are gone, or answer no ping', async () => {
    const cid = await cidOf('some are gone')
    const [gone, deaf, alive] = clients
    await provide(cid, clients)
    await gone.stop()
    await deaf.unhandle(PING_PROTOCOL)
    const [first, ...others] = await nodes[3].services.dht.findProviders(cid, { prefer: 'nearest' })

    assert.ok(first.id.equals(alive.peerId))
    assert.deepEqual(names(others).sort(), idsOf([gone, deaf]).sort())
  })

  it('ends a ping that is not answered when it is aborted, and when the node stops', async () => {
    const cid = await cidOf('never measured')
    await Promise.all(clients.map(async client => pingTakes(client, Infinity)))
    await provide(cid, clients)
    const reader = nodes[3]
    const before = timers()
    const controller = new AbortController()

    const aborted = reader.services.dht.findProviders(cid, { prefer: 'nearest', signal: controller.signal }).catch((error: Error) => error.message)
    await untilTrue(() => pings(reader).length === 3)
    controller.abort(new Error('enough'))
    assert.equal(await aborted, 'enough')
    await untilTrue(() => pings(reader).length === 0)
    assert.equal(abortListeners(controller.signal), 0)
    await untilTrue(() => timers() <= before)

    const stopped = reader.services.dht.findProviders(cid, { prefer: 'nearest' }).catch((error: Error) => error.name)
    await untilTrue(() => pings(reader).length === 3)
    await reader.stop()
    assert.equal(await stopped, 'NotStartedError')
  })

  it('refuses options that it does not have', async () => {
    const { dht } = nodes[0].services
    const cid = await cidOf('refused')

    await assert.rejects(async () => dht.findProviders(cid, { count: 0 }), { name: 'InvalidParametersError', message: /whole number from 1/ })
    // @ts-expect-error there is only one
    await assert.rejects(async () => dht.findProviders(cid, { prefer: 'cheapest' }), { name: 'InvalidParametersError', message: /takes 'nearest'/ })
  })
})
