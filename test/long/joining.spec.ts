import assert from 'node:assert/strict'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { MemoryDatastore } from 'datastore-core'
import { Key } from 'interface-datastore/key'
import { equals as uint8ArrayEquals } from 'uint8arrays/equals'
import { copyOf, kill } from '../helpers/abrupt.ts'
import { bytes } from '../helpers/content.ts'
import { Doorstep } from '../helpers/doorstep.ts'
import { createAcquaintedNetwork, createNode, stopAll, untilTrue } from '../helpers/network.ts'
import { recordRequests } from '../helpers/requests.ts'
import type { TestNode, TestNodeInit } from '../helpers/network.ts'
import type { Requests } from '../helpers/requests.ts'
import type { Datastore } from 'interface-datastore'

const SIZE = 8

/** Ends a node and tells what it leaves on its disk. */
type Store = (node: TestNode, datastore: Datastore) => Promise<Datastore>

/** What a seed may receive from a joiner. */
const MOST_FROM_JOINER = 3

/** Upkeep that has its day in a second. */
const RESTLESS: TestNodeInit['dht'] = { initialQuerySelfInterval: 20, querySelfInterval: 20 }

describe('joining a network of real nodes', function () {
  this.timeout(60_000)

  const VALUE_KEY = bytes('/test/joining')
  let nodes: TestNode[]
  let others: TestNode[]
  let seed: TestNode
  let secondSeed: TestNode
  let seedRequests: Requests
  let otherRequests: Requests[]

  beforeEach(async () => {
    nodes = await createAcquaintedNetwork(SIZE);
    [seed, secondSeed, ...others] = nodes
    await others[0].services.dht.put(VALUE_KEY, bytes('ok:there'))
    seedRequests = recordRequests(seed)
    otherRequests = others.map(recordRequests)
  })

  afterEach(async () => {
    await stopAll(nodes)
  })

  /** A node of its own, stopped with the others. */
  async function createJoiner (init: TestNodeInit): Promise<TestNode> {
    const joiner = await createNode({ ...init, dht: { ...RESTLESS, ...init.dht } })
    nodes.push(joiner)

    return joiner
  }

  /** The node has met everyone; so often it has looked for its neighbourhood since, and so often it was told to refresh. */
  async function keepBusy (joiner: TestNode, acquaintances: TestNode[]): Promise<void> {
    const { dht } = joiner.services
    await untilTrue(() => acquaintances.every(({ peerId }) => dht.routingTable.has(peerId)))
    const settled = selfLookups(joiner)

    for (let i = 0; i < 3; i++) {
      await dht.refreshRoutingTable()
    }

    await untilTrue(() => selfLookups(joiner) >= settled + 10)
  }

  /** How often a node was seen to look for itself. Whoever it joined through is left in peace as a seed is. */
  function selfLookups ({ peerId }: TestNode): number {
    return Math.max(...otherRequests.map(requests => requests.from(peerId).filter(({ key }) => uint8ArrayEquals(key, peerId.toMultihash().bytes)).length))
  }

  it('costs a seed of the options no more than three requests, however long the joiner stays', async () => {
    const joiner = await createJoiner({ dht: { seeds: seed.getMultiaddrs() } })
    await keepBusy(joiner, others)

    const received = seedRequests.from(joiner.peerId)
    assert.ok(received.length > 0 && received.length <= MOST_FROM_JOINER, `the seed received ${received.length} requests`)
    assert.deepEqual(await joiner.services.dht.get(VALUE_KEY, { useCache: false }), bytes('ok:there'))
  })

  it('costs a seed that was dialled no more than three requests, however long the joiner stays', async () => {
    const joiner = await createJoiner({})
    await joiner.dial(seed.getMultiaddrs())
    await keepBusy(joiner, others)

    const received = seedRequests.from(joiner.peerId)
    assert.ok(received.length > 0 && received.length <= MOST_FROM_JOINER, `the seed received ${received.length} requests`)
  })

  it('costs each of several seeds no more than three requests', async () => {
    const secondRequests = recordRequests(secondSeed)
    const joiner = await createJoiner({ dht: { seeds: [...seed.getMultiaddrs(), ...secondSeed.getMultiaddrs()] } })
    await keepBusy(joiner, others)

    for (const received of [seedRequests, secondRequests].map(requests => requests.from(joiner.peerId))) {
      assert.ok(received.length <= MOST_FROM_JOINER, `a seed received ${received.length} requests`)
    }
  })

  it('costs a seed that is alone no more than three requests, and one for each refresh that is asked for', async () => {
    const loner = await createNode()
    nodes.push(loner)
    const requests = recordRequests(loner)
    const joiner = await createJoiner({ dht: { seeds: loner.getMultiaddrs() } })
    await untilTrue(() => joiner.services.dht.routingTable.size === 1)
    // joining is a refresh, too: this waits for its end
    await joiner.services.dht.refreshRoutingTable()
    const { length } = requests.from(joiner.peerId)
    assert.ok(length > 0 && length <= MOST_FROM_JOINER, `the seed received ${length} requests`)

    await joiner.services.dht.refreshRoutingTable()
    assert.ok(requests.from(joiner.peerId).length <= length + 1)
  })

  /** Whether all but the seeds are in its table. */
  function knowsAll ({ services }: TestNode): boolean {
    return others.every(({ peerId }) => services.dht.routingTable.has(peerId))
  }

  function describeAgain (how: string, store: Store): void {
    describe(`again, after it was ${how}`, () => {
      let before: TestNodeInit

      beforeEach(async () => {
        const privateKey = await generateKeyPair('Ed25519')
        const datastore = new MemoryDatastore()
        const dht = { seeds: [...seed.getMultiaddrs(), ...secondSeed.getMultiaddrs()] }
        const node = await createNode({ privateKey, datastore, dht })

        try {
          await untilTrue(() => knowsAll(node))
          await node.services.dht.refreshRoutingTable()
        } finally {
          before = { privateKey, dht, datastore: await store(node, datastore) }
        }
      })

      it('costs a seed that is alive no request at all', async () => {
        const secondRequests = recordRequests(secondSeed)
        seedRequests = recordRequests(seed)
        const joiner = await createJoiner(before)
        await keepBusy(joiner, others)

        assert.deepEqual(seedRequests.from(joiner.peerId), [])
        assert.deepEqual(secondRequests.from(joiner.peerId), [])
        assert.deepEqual(await joiner.services.dht.get(VALUE_KEY, { useCache: false }), bytes('ok:there'))
      })

      it('needs no seed: with all of them dead it is in the network', async () => {
        await Promise.all([seed, secondSeed].map(kill))
        const joiner = await createJoiner(before)
        const { dht } = joiner.services

        // an operation waits for the first peer
        assert.deepEqual(await dht.get(VALUE_KEY, { useCache: false }), bytes('ok:there'))
        await untilTrue(() => knowsAll(joiner))
        assert.ok(others.every(({ services }) => services.dht.routingTable.has(joiner.peerId)))
      }).timeout(20_000)
    })
  }

  describeAgain('stopped', async (node, datastore) => {
    await node.stop()

    return datastore
  })

  describeAgain('killed', async (node, datastore) => {
    await untilTrue(async () => datastore.has(new Key('/dht/routing-table')))
    const disk = await copyOf(datastore)
    await kill(node)

    return disk
  })

  it('waits for seeds that come up later, and joins then', async () => {
    const privateKey = await generateKeyPair('Ed25519')
    const doorstep = await Doorstep.open()

    try {
      const joiner = await createJoiner({ dht: { seeds: [`${doorstep.address.toString()}/p2p/${peerIdFromPrivateKey(privateKey).toString()}`] } })
      await untilTrue(() => doorstep.turnedAway > 0)
      assert.equal(joiner.services.dht.routingTable.size, 0)

      const late = await createNode({ privateKey })
      nodes.push(late)
      await late.dial(seed.getMultiaddrs())
      await untilTrue(() => late.services.dht.routingTable.size > 0)
      await doorstep.handTo(late)

      await untilTrue(() => knowsAll(joiner))
      assert.deepEqual(await joiner.services.dht.get(VALUE_KEY, { useCache: false }), bytes('ok:there'))
    } finally {
      await doorstep.close()
    }
  })
})
