import assert from 'node:assert/strict'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerDiscoverySymbol } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { MemoryDatastore } from 'datastore-core'
import sinon from 'sinon'
import { equals as uint8ArrayEquals } from 'uint8arrays/equals'
import { kill } from '../helpers/abrupt.ts'
import { hashedId, peerIdOf } from '../helpers/contacts.ts'
import { bytes, cidOf } from '../helpers/content.ts'
import { silent, turn } from '../helpers/hostile.ts'
import { dhtStreams } from '../helpers/leaks.ts'
import { createAcquaintedNetwork, createNetwork, createNode, stopAll, untilTrue } from '../helpers/network.ts'
import { recordWrites, taggedBy, tagsOf } from '../helpers/peer-store.ts'
import { privateKeysIn } from '../helpers/private-keys.ts'
import { recordRequests } from '../helpers/requests.ts'
import { trulyNearest } from '../helpers/truth.ts'
import type { TestNode, TestNodeInit } from '../helpers/network.ts'
import type { PeerDiscovery, PeerDiscoveryProvider, PeerId } from '@libp2p/interface'
import type { AddressManager } from '@libp2p/interface-internal'

const PROTOCOL = '/ipfs/kad/1.0.0'
const KEEP_ALIVE = 'keep-alive-kad-dht'
const PUBLIC = multiaddr('/ip4/1.2.3.4/tcp/4001')
const ALL_TAGS = [KEEP_ALIVE, 'kad-close', 'kad-peer'].sort()

/** After so many changes of its own accord, automatic mode waits for a minute to be over. */
const DAMPING = 60_000

/** After the test, ms. */
const LATER = 600_000

describe('the upkeep of the table on real nodes', function () {
  this.timeout(60_000)

  let nodes: TestNode[] = []

  afterEach(async () => {
    sinon.restore()
    await stopAll(nodes)
    nodes = []
  })

  /** A node of its own, stopped with the others. */
  async function add (init: TestNodeInit = {}): Promise<TestNode> {
    const node = await createNode(init)
    nodes.push(node)

    return node
  }

  /** The node has met all others. */
  async function join (node: TestNode, others: TestNode[]): Promise<void> {
    const { dht } = node.services
    await node.dial(others[0].getMultiaddrs())
    await untilTrue(() => dht.routingTable.size > 0)
    await untilTrue(async () => {
      await dht.refreshRoutingTable()

      return others.every(({ peerId }) => dht.routingTable.has(peerId))
    })
  }

  describe('tags', () => {
    const K = 5
    const SIZE = 2 * K

    /** The node keeps alive exactly the nearest of these. */
    async function untilKept (node: TestNode, alive: TestNode[]): Promise<void> {
      const nearest = idsOf(trulyNearest(alive, node.peerId.toMultihash().bytes, K, node).map(({ peerId }) => peerId))

      await untilTrue(async () => idsOf(await taggedBy(node, KEEP_ALIVE)).join() === nearest.join())
      assert.deepEqual(idsOf(await taggedBy(node, 'kad-close')), nearest)
    }

    it('keep the nearest k alive, and tell the connection manager of all others in the table', async () => {
      nodes = await createAcquaintedNetwork(SIZE, { dht: { kBucketSize: K } })

      for (const node of nodes) {
        await untilKept(node, nodes)

        for (const { peerId } of nodes.filter(other => other !== node)) {
          assert.ok((await tagsOf(node, peerId)).includes('kad-peer'))
        }
      }
    })

    it('go from a peer that died to the next one', async () => {
      nodes = await createAcquaintedNetwork(SIZE, { dht: { kBucketSize: K } })
      const [node, ...others] = nodes
      await untilKept(node, nodes)
      const [first, , third] = trulyNearest(others, node.peerId.toMultihash().bytes, K)

      for (const dead of [third, first]) {
        await kill(dead)
        nodes.splice(nodes.indexOf(dead), 1)
        // a lookup is what finds out
        await node.services.dht.getClosestPeers(dead.peerId.toMultihash().bytes)
        await untilKept(node, nodes)
      }
    })

    it('go to a peer that comes and is nearer, and from the one that it pushes out', async () => {
      const self = await generateKeyPair('Ed25519')
      const node = await add({ privateKey: self, dht: { kBucketSize: 2 } })
      const far = await Promise.all((await privateKeysIn(self, 0, 2)).map(async privateKey => add({ privateKey, dht: { kBucketSize: 2 } })))
      await Promise.all(far.map(async peer => peer.dial(node.getMultiaddrs())))
      const farIds = idsOf(far.map(({ peerId }) => peerId)).join()
      await untilTrue(async () => idsOf(await taggedBy(node, KEEP_ALIVE)).join() === farIds)

      const near = await add({ privateKey: (await privateKeysIn(self, 1, 1))[0], dht: { kBucketSize: 2 } })
      await near.dial(node.getMultiaddrs())
      await untilTrue(() => node.services.dht.routingTable.has(near.peerId))
      const [nearer, farther] = trulyNearest(far, node.peerId.toMultihash().bytes, 2)

      await untilTrue(async () => idsOf(await taggedBy(node, KEEP_ALIVE)).join() === idsOf([near.peerId, nearer.peerId]).join())
      assert.deepEqual(await tagsOf(node, farther.peerId), ['kad-peer'])
      assert.deepEqual(await tagsOf(node, near.peerId), ALL_TAGS)
    })

    it('of the nearest go from a peer that does not answer, and come back when it does', async () => {
      const node = await add({ dht: { networkDialTimeout: { minTimeout: 50, maxTimeout: 200 } } })
      const peer = await add()
      await join(node, [peer])
      await untilTrue(async () => (await tagsOf(node, peer.peerId)).includes(KEEP_ALIVE))

      await turn(peer, silent)
      await assert.rejects(async () => node.services.dht.getClosestPeers(bytes('/test/x')), { name: 'NoPeersError' })
      await untilTrue(async () => (await tagsOf(node, peer.peerId)).join() === 'kad-peer')
      assert.ok(node.services.dht.routingTable.has(peer.peerId), 'one failure cost it its place')

      await peer.unhandle(PROTOCOL)
      await peer.services.dht.setMode('server')
      await node.services.dht.getClosestPeers(bytes('/test/x'))
      await untilTrue(async () => (await tagsOf(node, peer.peerId)).join() === ALL_TAGS.join())
    })

    it('of the last time are cleared when the node starts, and nothing else that was noted', async () => {
      const stranger = peerIdOf(hashedId(1))
      const datastore = new MemoryDatastore()
      const node = await add({ start: false, datastore })
      const tags = Object.fromEntries([...ALL_TAGS, 'mine', 'keep-alive-mine'].map(tag => [tag, { value: 1 }]))
      await node.peerStore.merge(stranger, { multiaddrs: [multiaddr('/ip4/127.0.0.1/tcp/9')], tags })

      await node.start()
      await untilTrue(async () => (await tagsOf(node, stranger)).join() === 'keep-alive-mine,mine')
      assert.equal((await node.peerStore.get(stranger)).addresses.length, 1)
    })

    it('of those who died while the node was away are gone after its restart, and of the others are not', async () => {
      const privateKey = await generateKeyPair('Ed25519')
      const datastore = new MemoryDatastore()
      const others = await Promise.all([add(), add(), add()])
      const node = await createNode({ privateKey, datastore })

      try {
        await others[1].dial(others[0].getMultiaddrs())
        await others[2].dial(others[0].getMultiaddrs())
        await join(node, others)
        await untilTrue(async () => (await taggedBy(node, KEEP_ALIVE)).length === 3)
      } finally {
        await node.stop()
      }

      assert.equal((await taggedBy(node, KEEP_ALIVE)).length, 3, 'a stop is no reason to forget')
      await kill(others[1])
      const again = await add({ privateKey, datastore })
      const alive = [others[0], others[2]]
      const aliveIds = idsOf(alive.map(({ peerId }) => peerId)).join()
      await untilTrue(async () => idsOf(await taggedBy(again, KEEP_ALIVE)).join() === aliveIds)
      assert.deepEqual(await tagsOf(again, others[1].peerId), [])
    })
  })

  describe('the peer store', () => {
    it('is written by nobody during lookups in a warm network', async () => {
      // so few that all of them are asked each time, and no request is taken back; and one lookup at a time, for two at once
      // need two streams a peer
      nodes = await createNetwork(8, { dht: { initialQuerySelfInterval: LATER, querySelfInterval: LATER } })
      // tags are written up to a second after the table has changed
      await Promise.all(nodes.map(async node => untilTagged(node, nodes.length - 1)))

      const writes = nodes.map(recordWrites)
      const count = (): number => writes.flat().length

      /** Every operation that looks up, from every node. */
      const lookUp = async (round: number): Promise<void> => {
        for (const { services: { dht } } of nodes) {
          await dht.getClosestPeers(bytes(`/test/${round}`))
          await dht.findProviders(await cidOf(`${round}`), { useCache: false })
          await assert.rejects(async () => dht.get(bytes(`/test/${round}`), { useCache: false }), { name: 'NotFoundError' })
        }
      }

      // the first streams cost libp2p writes: whoever opens one, and whoever takes it, notes what the peer speaks
      for (let before = -1, round = 0; before !== count(); round++) {
        before = count()
        await lookUp(round)
      }

      const before = count()

      for (let round = 0; round < 5; round++) {
        await lookUp(100 + round)
      }

      assert.equal(count() - before, 0)
    })

    it('is written by us only for peers that enter or leave the table, or are nearest no more', async () => {
      nodes = await createAcquaintedNetwork(16, { dht: { kBucketSize: 8 } })
      const [node] = nodes
      const ours = recordWrites(node)
      const { dht } = node.services
      // what the last refresh has brought may still be on its way
      await dht.refreshRoutingTable()
      await untilTrue(async () => (await taggedBy(node, KEEP_ALIVE)).length === 8 && (await taggedBy(node, 'kad-peer')).length === 15)
      ours.length = 0

      for (let i = 0; i < 30; i++) {
        await dht.getClosestPeers(bytes(`/test/${i}`))
        await dht.put(bytes(`/test/${i}`), bytes('ok:1'))
        await dht.provide(await cidOf(`${i}`))
      }

      // what opening a stream costs is libp2p's: it notes the protocol
      assert.deepEqual(ours.filter(({ data }) => Object.keys(data).join() !== 'protocols'), [])

      const dead = nodes.pop() as TestNode
      await kill(dead)
      await dht.getClosestPeers(dead.peerId.toMultihash().bytes)
      await untilTrue(async () => !(await tagsOf(node, dead.peerId)).includes(KEEP_ALIVE))
      const tagged = ours.filter(({ data }) => data.tags != null)
      assert.ok(tagged.length <= 2, `the death of one peer cost ${tagged.length} writes of tags`)
    })
  })

  describe('who is in the table', () => {
    it('is who speaks the protocol: whoever drops it leaves at once, and comes back with it', async () => {
      nodes = await createNetwork(4, { push: true })
      const [peer, ...others] = nodes
      await untilTrue(async () => (await Promise.all(others.map(async other => tagsOf(other, peer.peerId)))).every(tags => tags.join() === ALL_TAGS.join()))

      await peer.services.dht.setMode('client')
      await untilTrue(() => others.every(({ services }) => !services.dht.routingTable.has(peer.peerId)))
      await untilTrue(async () => (await Promise.all(others.map(async other => tagsOf(other, peer.peerId)))).every(tags => tags.length === 0))

      await peer.services.dht.setMode('server')
      await untilTrue(() => others.every(({ services }) => services.dht.routingTable.has(peer.peerId)))
      await untilTrue(async () => (await Promise.all(others.map(async other => tagsOf(other, peer.peerId)))).every(tags => tags.join() === ALL_TAGS.join()))
    })

    it('is everyone who is alive, however many lookups a node makes at once', async () => {
      nodes = await createNetwork(8)
      const [{ services: { dht } }, ...others] = nodes
      const found = await Promise.all(Array.from({ length: 100 }, async (_, i) => dht.getClosestPeers(bytes(`/test/${i}`))))

      assert.deepEqual(found.filter(peers => peers.length !== others.length), [])
      assert.deepEqual(dht.routingTable.buckets().flatMap(({ peers }) => peers).filter(({ failures }) => failures > 0), [])
      assert.equal(dht.routingTable.size, others.length)
    })

    it('is no client, whatever it does, and nobody who is only named', async () => {
      nodes = await createNetwork(6, { push: true })
      const servers = [...nodes]
      const client = await add({ push: true, dht: { clientMode: true } })
      const { dht } = client.services
      const entered: PeerId[] = []

      for (const { services } of servers) {
        services.dht.routingTable.addEventListener('peer:add', ({ detail }) => { entered.push(detail) })
      }

      await join(client, servers)
      await Promise.all(servers.map(async server => client.dial(server.getMultiaddrs())))
      await Promise.all(servers.map(async server => server.dial(client.getMultiaddrs())))
      await dht.put(bytes('/test/client'), bytes('ok:1'))
      await dht.provide(await cidOf('client'))
      await dht.refreshRoutingTable()

      for (const server of servers) {
        // others name the client: as who is looked for, and as a provider
        assert.ok((await server.services.dht.findPeer(client.peerId, { useCache: false })).id.equals(client.peerId))
        await untilTrue(async () => (await server.services.dht.findProviders(await cidOf('client'), { useCache: false })).length === 1)
        await server.services.dht.getClosestPeers(client.peerId.toMultihash().bytes)
        await server.services.dht.refreshRoutingTable()
      }

      assert.deepEqual(entered, [])

      for (const { services } of servers) {
        assert.ok(!services.dht.routingTable.has(client.peerId))
        assert.deepEqual(services.dht.routingTable.buckets().flatMap(({ candidates }) => candidates).filter(id => id.equals(client.peerId)), [])
      }

      for (const server of servers) {
        await untilTrue(async () => isUntagged(await tagsOf(server, client.peerId)))
      }
    })
  })

  describe('a node that serves while it has a public address', () => {
    it('is a server for all others, a client for all others, and a server again, each at once', async () => {
      nodes = await createNetwork(3, { push: true })
      const others = [...nodes]
      const node = await add({ push: true, dht: { clientMode: undefined } })
      const { dht } = node.services
      await join(node, others)
      assert.equal(dht.getMode(), 'client')
      assert.ok(others.every(({ services }) => !services.dht.routingTable.has(node.peerId)))

      await setReachable(node, true)
      assert.equal(dht.getMode(), 'server')
      await untilTrue(() => node.getProtocols().includes(PROTOCOL))
      await untilTrue(() => others.every(({ services }) => services.dht.routingTable.has(node.peerId)))
      // they ask it, and it answers
      const requests = recordRequests(node)
      assert.ok(idsOf((await others[0].services.dht.getClosestPeers(bytes('/test/x'))).map(({ id }) => id)).includes(node.peerId.toString()))
      assert.ok(dhtStreams(node, 'inbound').length > 0)

      await setReachable(node, false)
      assert.equal(dht.getMode(), 'client')
      await untilTrue(() => !node.getProtocols().includes(PROTOCOL))
      assert.deepEqual(dhtStreams(node, 'inbound'), [])
      await untilTrue(() => others.every(other => dhtStreams(other, 'outbound', node.peerId).length === 0))
      await untilTrue(() => others.every(({ services }) => !services.dht.routingTable.has(node.peerId)))
      const { length } = others.flatMap(({ peerId }) => requests.from(peerId))

      for (const other of others) {
        assert.ok(!idsOf((await other.services.dht.getClosestPeers(bytes('/test/x'))).map(({ id }) => id)).includes(node.peerId.toString()))
      }

      assert.equal(others.flatMap(({ peerId }) => requests.from(peerId)).length, length)

      // what follows would be flapping if it came within the minute
      const { now } = Date
      sinon.stub(Date, 'now').callsFake(() => now() + DAMPING)
      await setReachable(node, true)
      assert.equal(dht.getMode(), 'server')
      await untilTrue(() => others.every(({ services }) => services.dht.routingTable.has(node.peerId)))
    })

    it('does not flap with its address', async () => {
      const node = await add({ dht: { clientMode: undefined } })
      const { dht } = node.services
      const modes: string[] = []

      for (let i = 0; i < 6; i++) {
        await setReachable(node, i % 2 === 0)
        modes.push(dht.getMode())
      }

      assert.deepEqual(modes, ['server', 'client', 'client', 'client', 'client', 'client'])
      await untilTrue(() => !node.getProtocols().includes(PROTOCOL))
    })
  })

  it('tells of peers that are added, removed and promoted', async () => {
    const self = await generateKeyPair('Ed25519')
    const keys = await privateKeysIn(self, 0, 3)
    const init: TestNodeInit = { push: true, dht: { kBucketSize: 2 } }
    const node = await add({ ...init, privateKey: self })
    const { routingTable } = node.services.dht
    const events: string[] = []

    for (const type of ['peer:add', 'peer:remove', 'peer:promote'] as const) {
      routingTable.addEventListener(type, ({ detail }) => { events.push(`${type} ${detail.toString()}`) })
    }

    const [first, second, third] = await Promise.all(keys.map(async privateKey => add({ ...init, privateKey })))

    for (const peer of [first, second]) {
      await node.dial(peer.getMultiaddrs())
      await untilTrue(() => routingTable.has(peer.peerId))
    }

    await node.dial(third.getMultiaddrs())
    await untilTrue(() => routingTable.buckets().some(({ candidates }) => candidates.some(id => id.equals(third.peerId))))
    assert.deepEqual(events, [`peer:add ${first.peerId.toString()}`, `peer:add ${second.peerId.toString()}`])

    await first.services.dht.setMode('client')
    await untilTrue(() => events.length >= 5)
    assert.deepEqual(events.slice(2).sort(), [`peer:add ${third.peerId.toString()}`, `peer:promote ${third.peerId.toString()}`, `peer:remove ${first.peerId.toString()}`])
    assert.deepEqual(idsOf(routingTable.peers()), idsOf([second.peerId, third.peerId]))
  })

  it('announces each peer that answered to libp2p\'s peer discovery, and only once', async () => {
    nodes = await createNetwork(8)
    const others = [...nodes]
    const dead = others.pop() as TestNode
    await kill(dead)
    const requests = recordRequests(others[0])
    const node = await add({ start: false, dht: { randomWalk: { enabled: true, interval: 10, queriesPerPeriod: 2 } } })
    const discovered: PeerId[] = []
    discoveryOf(node).addEventListener('peer', ({ detail }) => { discovered.push(detail.id) })
    await node.start()
    await node.dial(others[0].getMultiaddrs())

    const walks = (): number => requests.from(node.peerId).filter(({ key }) => key.byteLength === 32).length
    await untilTrue(() => walks() >= 50 && discovered.length >= others.length)

    assert.deepEqual(idsOf(discovered), idsOf(others.map(({ peerId }) => peerId)))
    assert.ok(requests.from(node.peerId).some(({ key }) => !uint8ArrayEquals(key, node.peerId.toMultihash().bytes)))
  })
})

function idsOf (peers: PeerId[]): string[] {
  return peers.map(String).sort()
}

function discoveryOf ({ services }: TestNode): PeerDiscovery {
  return (services.dht as unknown as PeerDiscoveryProvider)[peerDiscoverySymbol] as PeerDiscovery
}

/** What AutoNAT tells libp2p when others could reach the node, or could not. Resolves when the DHT has heard of it. */
async function setReachable (node: TestNode, reachable: boolean): Promise<void> {
  const { addressManager } = (node as unknown as { components: { addressManager: AddressManager } }).components

  if (reachable) {
    addressManager.confirmObservedAddr(PUBLIC, { type: 'observed' })
  } else {
    addressManager.removeObservedAddr(PUBLIC)
  }

  await untilTrue(async () => (await node.peerStore.get(node.peerId)).addresses.some(({ multiaddr }) => multiaddr.equals(PUBLIC)) === reachable)
}

/** Whether none of the tags is one of the DHT's. */
function isUntagged (tags: string[]): boolean {
  return !tags.some(tag => ALL_TAGS.includes(tag))
}

/** So many peers of the node are kept connected. */
async function untilTagged (node: TestNode, count: number): Promise<void> {
  await untilTrue(async () => (await taggedBy(node, KEEP_ALIVE)).length === count)
}
