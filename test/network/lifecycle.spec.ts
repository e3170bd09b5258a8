import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { start, stop } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { LevelDatastore } from 'datastore-level'
import { CID } from 'multiformats/cid'
import { bytes, cidOf } from '../helpers/content.ts'
import { abortListeners, dhtStreams, timers } from '../helpers/leaks.ts'
import { createNetwork, createNode, stopAll, untilTrue } from '../helpers/network.ts'
import { trulyNearest } from '../helpers/truth.ts'
import type { DHTOptions, Operation } from '../../src/index.ts'
import type { TestNode } from '../helpers/network.ts'
import type { Multiaddr } from '@multiformats/multiaddr'

describe('the life of a node', function () {
  this.timeout(120_000)

  it('starts with what it can do, and stops without a trace', async () => {
    // the test runner starts its own timer when the test first waits
    await Promise.resolve()
    const before = timers()
    const nodes = await createNetwork(5)

    await nodes[0].services.dht.put(bytes('/test/x'), bytes('ok:1'))
    await nodes[1].services.dht.provide(await cidOf('x'))

    // stopping the DHT alone shows what is the DHT's
    const { dht } = nodes[2].services
    await stopService(nodes[2])
    assert.equal(dhtStreams(nodes[2]).length, 0)
    assert.ok(!nodes[2].getProtocols().includes('/ipfs/kad/1.0.0'))
    await assert.rejects(async () => dht.get(bytes('/test/x'), { useCache: false }), { name: 'NotStartedError' })
    await assert.rejects(async () => dht.refreshRoutingTable(), { name: 'NotStartedError' })

    await stopAll(nodes)
    await untilTrue(() => timers() <= before)
  })

  it('can be started again after it was stopped', async () => {
    const nodes = await createNetwork(4)

    try {
      await stopService(nodes[3])
      await startService(nodes[3])
      await untilTrue(() => nodes[3].services.dht.routingTable.size > 0)
      await nodes[3].services.dht.put(bytes('/test/again'), bytes('ok:1'))
      assert.deepEqual(await nodes[0].services.dht.get(bytes('/test/again')), bytes('ok:1'))
    } finally {
      await stopAll(nodes)
    }
  })

  it('rejects what is under way when it stops', async () => {
    const nodes = await createNetwork(6)

    try {
      const running = Promise.allSettled(operations(nodes[0], nodes[5], await cidOf('under way')).map(async operation => operation))
      await stopService(nodes[0])

      for (const result of await running) {
        assert.equal(result.status, 'rejected')
        assert.equal(result.reason.name, 'NotStartedError')
      }

      assert.equal(dhtStreams(nodes[0]).length, 0)
    } finally {
      await stopAll(nodes)
    }
  })

  it('keeps finding after a third of the nodes died abruptly', async () => {
    const nodes = await createNetwork(24)
    const dead = nodes.filter((_, i) => i % 3 === 2)
    const alive = nodes.filter(node => !dead.includes(node))

    try {
      const cid = await cidOf('survivor')
      await alive[0].services.dht.provide(cid)
      await dead[0].services.dht.put(bytes('/test/survivor'), bytes('ok:1'))

      await Promise.all(dead.map(kill))

      for (const node of alive) {
        assert.deepEqual(await node.services.dht.get(bytes('/test/survivor')), bytes('ok:1'))
        assert.ok((await node.services.dht.findProviders(cid)).some(({ id }) => id.equals(alive[0].peerId)))

        const found = await node.services.dht.getClosestPeers(bytes('/test/survivor'))
        assert.deepEqual(
          found.map(({ id }) => id.toString()),
          trulyNearest(alive, bytes('/test/survivor'), 20, node).map(({ peerId }) => peerId.toString())
        )
      }
    } finally {
      await stopAll(alive)
    }
  })

  it('keeps its key, values, announcements and table over a restart, and needs no seed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'libp2p-kad-'))
    const privateKey = await generateKeyPair('Ed25519')
    const others = await createNetwork(6)
    let store = await openStore(folder)
    let node = await createNode({ privateKey, datastore: store })

    try {
      await node.dial(others[0].getMultiaddrs())
      await untilTrue(() => node.services.dht.routingTable.size > 0)
      await node.services.dht.refreshRoutingTable()
      await node.services.dht.put(bytes('/test/kept'), bytes('ok:kept'))
      const cid = await cidOf('kept')
      await node.services.dht.provide(cid)
      await node.stop()
      await store.close()

      // the seed is gone for good
      await kill(others[0])

      store = await openStore(folder)
      node = await createNode({ privateKey, datastore: store })
      await untilTrue(() => node.services.dht.routingTable.size > 0)
      assert.deepEqual(await node.services.dht.get(bytes('/test/kept'), { useNetwork: false }), bytes('ok:kept'))
      assert.deepEqual((await node.services.dht.findProviders(cid, { useNetwork: false })).map(({ id }) => id.toString()), [node.peerId.toString()])
      await node.services.dht.refreshRoutingTable()
      assert.ok(others.slice(1).every(other => node.services.dht.routingTable.has(other.peerId)))
    } finally {
      await stopAll([node, ...others.slice(1)])
      await store.close()
      await rm(folder, { recursive: true })
    }
  })

  it('leaves no request, stream or listener behind when an operation is aborted in the middle', async () => {
    const nodes = await createNetwork(12)
    const [node] = nodes

    try {
      const names = ['get', 'put', 'provide', 'findProviders', 'findPeer', 'getClosestPeers']

      for (const [i, name] of names.entries()) {
        const controller = new AbortController()
        const { signal } = controller
        const before = timers()
        let sent = 0

        const operation = operations(node, nodes[11], await cidOf('aborted'), {
          signal,
          // in the middle: some requests are under way, none has been answered
          onProgress: ({ type }) => {
            if (type === 'kad-dht:query:send-query' && ++sent === 2) {
              controller.abort(new Error('enough'))
            }
          }
        })[i]

        await assert.rejects(async () => operation, { message: 'enough' }, name)
        assert.equal(sent, 2, `${name} went on after it was aborted`)
        assert.equal(abortListeners(signal), 0, `${name} left a listener`)
        // the other nodes in this process have short timers of their own: one that stays would be ours
        await untilTrue(() => timers() <= before)
        // what it had opened is closed or idle: the far sides see no request that is never taken back
        await untilTrue(() => dhtStreams(node, 'outbound').length <= node.getConnections().length)
      }

      // and the node is as good as before
      await node.services.dht.put(bytes('/test/after'), bytes('ok:after'))
      assert.deepEqual(await nodes[5].services.dht.get(bytes('/test/after'), { useCache: false }), bytes('ok:after'))
    } finally {
      await stopAll(nodes)
    }
  })

  it('ends an operation when its iteration is left', async () => {
    const nodes = await createNetwork(12)

    try {
      for (const operation of operations(nodes[0], nodes[11], await cidOf('left'))) {
        for await (const { name } of operation) {
          if (name === 'SEND_QUERY') {
            break
          }
        }

        await assert.rejects(async () => operation, { name: 'AbortError' })
      }
    } finally {
      await stopAll(nodes)
    }
  })

  it('does not begin what is aborted already', async () => {
    const node = await createNode()

    try {
      for (const operation of operations(node, undefined, await cidOf('never'), { signal: AbortSignal.abort(new Error('no')) })) {
        await assert.rejects(async () => operation, { message: 'no' })
      }
    } finally {
      await node.stop()
    }
  })

  it('says that there is nobody to ask, at once when told so', async () => {
    const node = await createNode({ dht: { allowQueryWithZeroPeers: true } })

    try {
      for (const operation of operations(node, undefined, await cidOf('alone'))) {
        await assert.rejects(async () => operation, { name: 'NoPeersError', message: /routing table is empty/ })
      }

      // what was to be stored is stored here all the same
      assert.deepEqual(await node.services.dht.get(bytes('/test/x')), bytes('ok:1'))
    } finally {
      await node.stop()
    }
  })

  it('waits for the first peer otherwise', async () => {
    const seed = await createNode()
    const node = await createNode()

    try {
      const closest = Promise.resolve(node.services.dht.getClosestPeers(bytes('/test/x')))
      await node.dial(seed.getMultiaddrs())
      assert.deepEqual((await closest).map(({ id }) => id.toString()), [seed.peerId.toString()])
    } finally {
      await stopAll([node, seed])
    }
  })

  it('announces what could not be announced as soon as there is somebody to tell', async () => {
    const seed = await createNode()
    const node = await createNode({ dht: { allowQueryWithZeroPeers: true } })
    const cid = await cidOf('patience')

    try {
      await assert.rejects(async () => node.services.dht.provide(cid), { name: 'NoPeersError' })
      await node.dial(seed.getMultiaddrs())
      await untilTrue(async () => (await seed.services.dht.findProviders(cid, { useNetwork: false })).length === 1)

      await node.services.dht.cancelReprovide(cid)
      assert.deepEqual(await node.services.dht.findProviders(cid, { useNetwork: false }), [])
    } finally {
      await stopAll([node, seed])
    }
  })

  it('announces only peers that answered', async () => {
    const nodes = await createNetwork(3)
    const heard: string[] = []

    try {
      const node = await createNode()
      nodes.push(node)
      node.addEventListener('peer:discovery', ({ detail }) => { heard.push(detail.id.toString()) })
      await node.dial(nodes[0].getMultiaddrs())
      await untilTrue(() => heard.length === 3)
      assert.deepEqual(heard.toSorted(), nodes.slice(0, 3).map(({ peerId }) => peerId.toString()).toSorted())
    } finally {
      await stopAll(nodes)
    }
  })

  it('answers as a server, and not as a client, from one moment to the next', async () => {
    const [server, node] = await createNetwork(2, { push: true })

    try {
      assert.equal(server.services.dht.getMode(), 'server')
      await server.services.dht.setMode('client')
      assert.equal(server.services.dht.getMode(), 'client')
      assert.equal(dhtStreams(server, 'inbound').length, 0)
      await untilTrue(() => !node.services.dht.routingTable.has(server.peerId))

      await Promise.all([server.services.dht.setMode('server'), server.services.dht.setMode('client'), server.services.dht.setMode('server')])
      assert.ok(server.getProtocols().includes('/ipfs/kad/1.0.0'))
      await untilTrue(() => node.services.dht.routingTable.has(server.peerId))
    } finally {
      await stopAll([server, node])
    }
  })

  it('drops a peer that no longer serves, also when nobody told', async () => {
    const [server, node] = await createNetwork(2)

    try {
      await server.services.dht.setMode('client')
      await assert.rejects(async () => node.services.dht.getClosestPeers(bytes('/test/x')), { name: 'NoPeersError' })
      assert.ok(!node.services.dht.routingTable.has(server.peerId))
    } finally {
      await stopAll([server, node])
    }
  })

  it('serves while it has a public address, when the mode is left to it', async () => {
    const node = await createNode({ dht: { clientMode: undefined } })

    try {
      assert.equal(node.services.dht.getMode(), 'client')
      await node.peerStore.patch(node.peerId, { multiaddrs: publicAddress() })
      await untilTrue(() => node.getProtocols().includes('/ipfs/kad/1.0.0'))
      assert.equal(node.services.dht.getMode(), 'server')
      await node.peerStore.patch(node.peerId, { multiaddrs: [] })
      await untilTrue(() => !node.getProtocols().includes('/ipfs/kad/1.0.0'))
      assert.equal(node.services.dht.getMode(), 'client')
    } finally {
      await node.stop()
    }
  })
})

/** One of each, not begun. */
function operations (node: TestNode, peer: TestNode | undefined, cid: CID, options: DHTOptions = {}): Array<Operation<unknown>> {
  const { dht } = node.services

  return [
    dht.get(bytes('/test/get'), options),
    dht.put(bytes('/test/x'), bytes('ok:1'), options),
    dht.provide(cid, options),
    dht.findProviders(elsewhere, { useCache: false, ...options }),
    dht.findPeer(peer?.peerId ?? stranger, { useCache: false, ...options }),
    dht.getClosestPeers(bytes('/test/closest'), options)
  ]
}

/** What nobody here provides. */
const elsewhere = CID.parse('QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n')

const stranger = peerIdFromString('12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5')

function publicAddress (): Multiaddr[] {
  return [multiaddr('/ip4/1.2.3.4/tcp/4001')]
}

async function openStore (folder: string): Promise<LevelDatastore> {
  const store = new LevelDatastore(folder)
  await store.open()

  return store
}

/** Gone from one moment to the next: no goodbye to anyone. */
async function kill (node: TestNode): Promise<void> {
  for (const connection of node.getConnections()) {
    connection.abort(new Error('killed'))
  }

  await node.stop()
}

async function startService ({ services }: TestNode): Promise<void> {
  await start(services.dht)
}

async function stopService ({ services }: TestNode): Promise<void> {
  await stop(services.dht)
}
