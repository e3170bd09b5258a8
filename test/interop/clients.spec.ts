import assert from 'node:assert/strict'
import { publicKeyFromProtobuf } from '@libp2p/crypto/keys'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { bytes } from '../helpers/content.ts'
import { untilTrue } from '../helpers/network.ts'
import { text } from './helpers/bytes.ts'
import { CIDS } from './helpers/cids.ts'
import { nearest } from './helpers/nearest.ts'
import { addressesOf, connect, forget, idOf, idsOf, Nodes, peerIdOf, START_TIMEOUT, untilInJsTable } from './helpers/nodes.ts'
import { until } from './helpers/until.ts'
import type { TestNode } from '../helpers/network.ts'
import type { GoNode } from './helpers/go-node.ts'

describe('a client of each kind among two js and two Go servers', () => {
  const servers = new Nodes()
  const clients = new Nodes()
  let js: TestNode
  let go: GoNode

  before(async function () {
    this.timeout(START_TIMEOUT)
    await servers.startServers({ js: 2, go: 2 })
    await servers.join()
    js = await clients.startJs({ dht: { clientMode: true } })
    go = await clients.startGo({ mode: 'client' })
    await connect(js, servers.go[0])
    await go.connect(servers.js[0].getMultiaddrs())
    await untilInJsTable(js, [servers.go[0]])
    await go.untilInTable([idOf(servers.js[0])])
    await clients.refresh()
  })

  after(async () => {
    await clients.stop()
    await servers.stop()
  })

  it('the clients know all servers and no client', async () => {
    await untilInJsTable(js, servers.all)
    await go.untilInTable(servers.all.map(idOf))

    assert.deepEqual(js.services.dht.routingTable.peers().map(String).sort(), idsOf(servers.all))
    assert.deepEqual((await go.table()).sort(), idsOf(servers.all))
  })

  it('the servers answer the clients and are connected to them, but never have one in their tables', async () => {
    await js.services.dht.put(bytes('/test/by a js client'), bytes('ok:1'))
    await go.put(bytes('/test/by a Go client'), 'ok:1')
    await servers.refresh()

    for (const node of servers.js) {
      assert.ok(clients.all.every(client => node.getConnections(peerIdOf(client)).length > 0))
      assert.deepEqual(node.services.dht.routingTable.peers().map(String).sort(), idsOf(servers.others(node)))
    }

    for (const node of servers.go) {
      assert.ok((await node.peers()).includes(idOf(js)))
      assert.deepEqual((await node.table()).sort(), idsOf(servers.others(node)))
    }
  })

  it('neither client speaks the protocol to those who ask', async () => {
    await assert.rejects(servers.go[0].raw(idOf(js), new Uint8Array(0)), /protocols? not supported/)
    await assert.rejects(servers.js[0].dialProtocol(peerIdOf(go), go.protocol), { name: 'UnsupportedProtocolError' })
  })

  it('js servers find the Go client, and Go servers the js client, by its id', async () => {
    await forget(servers.js[0], go)
    const byJs = await servers.js[0].services.dht.findPeer(peerIdOf(go), { useCache: false })
    assert.deepEqual(byJs.multiaddrs.map(String).sort(), addressesOf(go))

    const byGo = await servers.go[0].findPeer(idOf(js), { fresh: true })
    assert.deepEqual(byGo.addrs.sort(), addressesOf(js))
  })

  it('the clients find one another', async () => {
    const byJs = await js.services.dht.findPeer(peerIdOf(go), { useCache: false })
    assert.deepEqual(byJs.multiaddrs.map(String).sort(), addressesOf(go))

    const byGo = await go.findPeer(idOf(js), { fresh: true })
    assert.deepEqual(byGo.addrs.sort(), addressesOf(js))
  })
})

describe('a Go client that knows nobody but js servers', () => {
  const servers = new Nodes()
  const clients = new Nodes()
  let first: TestNode
  let second: TestNode
  let go: GoNode

  before(async function () {
    this.timeout(START_TIMEOUT)
    go = await clients.startGo({ mode: 'client' });
    [first, second] = [await servers.startJs(), await servers.startJs()]
    await first.dial(second.getMultiaddrs())
    await servers.untilComplete()
    await go.connect(first.getMultiaddrs())
    await go.untilInTable([idOf(first)])
  })

  after(async () => {
    await clients.stop()
    await servers.stop()
  })

  it('finds a peer that the server knows', async () => {
    const { addrs } = await go.findPeer(second.peerId, { fresh: true })

    assert.deepEqual(addrs.sort(), addressesOf(second))
  })

  it('finds the closest peers', async () => {
    const key = bytes('/test/anything')

    assert.deepEqual(await go.closest(key), nearest(servers.all, key, 20))
  })

  it('gets a value that only one of them holds', async () => {
    const key = bytes('/test/held by js')
    await second.services.dht.put(key, bytes('ok:held'), { useNetwork: false })

    assert.equal(text(await go.get(key)), 'ok:held')
  })

  it('gets the newer of two values, and corrects the server that has the older', async () => {
    const key = bytes('/test/held by js twice')
    await first.services.dht.put(key, bytes('ok:1'), { useNetwork: false })
    await second.services.dht.put(key, bytes('ok:2'), { useNetwork: false })

    assert.equal(text(await go.get(key, { quorum: 0 })), 'ok:2')
    await untilTrue(async () => text(await first.services.dht.get(key, { useNetwork: false })) === 'ok:2')
  })

  it('gets the public key of a server that nobody ever put', async () => {
    const key = Buffer.concat([bytes('/pk/'), first.peerId.toMultihash().bytes])

    assert.deepEqual(peerIdFromPublicKey(publicKeyFromProtobuf(await go.get(key))).toString(), idOf(first))
  })

  it('puts a value that each of them holds', async () => {
    const key = bytes('/test/put by a Go client')
    await go.put(key, 'ok:1')

    for (const node of servers.js) {
      assert.equal(text(await node.services.dht.get(key, { useNetwork: false })), 'ok:1')
    }
  })

  Object.entries(CIDS).forEach(([name, cidOf]) => {
    it(`finds the provider of ${name}, and provides it`, async () => {
      const provided = await cidOf('by a js server')
      await second.services.dht.provide(provided)
      const [found] = await go.findProviders(provided)
      assert.deepEqual({ ...found, addrs: found.addrs.sort() }, { peer: idOf(second), addrs: addressesOf(second) })

      const providing = await cidOf('by a Go client')
      await go.provide(providing)

      for (const node of servers.js) {
        await untilTrue(async () => (await node.services.dht.findProviders(providing, { useNetwork: false })).length > 0)
        const [{ id, multiaddrs }] = await node.services.dht.findProviders(providing, { useNetwork: false })
        assert.deepEqual({ peer: id.toString(), addrs: multiaddrs.map(String).sort() }, { peer: idOf(go), addrs: addressesOf(go) })
      }
    })
  })
})

describe('a js client that knows nobody but Go servers', () => {
  const servers = new Nodes()
  const clients = new Nodes()
  let first: GoNode
  let second: GoNode
  let js: TestNode

  before(async function () {
    this.timeout(START_TIMEOUT);
    [first, second] = await Promise.all([servers.startGo(), servers.startGo()])
    js = await clients.startJs({ dht: { clientMode: true } })
    await first.connect(second.addrs)
    await servers.untilComplete()
    await connect(js, first)
    await untilInJsTable(js, [first])
  })

  after(async () => {
    await clients.stop()
    await servers.stop()
  })

  it('finds a peer that the server knows', async () => {
    const { multiaddrs } = await js.services.dht.findPeer(peerIdOf(second), { useCache: false })

    assert.deepEqual(multiaddrs.map(String).sort(), addressesOf(second))
  })

  it('finds the closest peers', async () => {
    const key = bytes('/test/anything')
    const found = await js.services.dht.getClosestPeers(key)

    assert.deepEqual(found.map(({ id }) => id.toString()), nearest(servers.all, key, 20))
  })

  it('gets a value that a Go server put', async () => {
    const key = bytes('/test/held by Go')
    await second.put(key, 'ok:held')

    assert.equal(text(await js.services.dht.get(key)), 'ok:held')
  })

  it('puts a value that each of them holds, and hears of it', async () => {
    const key = bytes('/test/put by a js client')
    const { stored, failed } = await js.services.dht.put(key, bytes('ok:1'))

    assert.deepEqual(failed, [])
    assert.deepEqual(stored.map(String).sort(), idsOf(servers.all))

    for (const node of servers.go) {
      assert.equal(text(await node.get(key)), 'ok:1')
    }
  })

  it('hears from each Go server that did not take a value, for it has a newer one', async () => {
    const key = bytes('/test/newer at Go')
    await second.put(key, 'ok:2')

    await assert.rejects(async () => js.services.dht.put(key, bytes('ok:1')), { name: 'QueryError', message: /^None of the 2 nearest peers took it/ })
    assert.equal(text(await first.get(key)), 'ok:2')
  })

  Object.entries(CIDS).forEach(([name, cidOf]) => {
    it(`finds the provider of ${name}, and provides it`, async () => {
      const provided = await cidOf('by a Go server')
      await second.provide(provided)
      const found = await until('the provider was found', async () => {
        const [found] = await js.services.dht.findProviders(provided)
        return found
      })
      assert.deepEqual({ peer: found.id.toString(), addrs: found.multiaddrs.map(String).sort() }, { peer: idOf(second), addrs: addressesOf(second) })

      const providing = await cidOf('by a js client')
      const { stored } = await js.services.dht.provide(providing)
      assert.deepEqual(stored.map(String).sort(), idsOf(servers.all))

      for (const node of servers.go) {
        const [held] = await until('the announcement arrived', async () => {
          const held = await node.localProviders(providing)
          return held.length > 0 && held
        })
        assert.deepEqual({ ...held, addrs: held.addrs.sort() }, { peer: idOf(js), addrs: addressesOf(js) })
      }
    })
  })
})
