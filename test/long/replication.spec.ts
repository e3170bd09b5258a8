import assert from 'node:assert/strict'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { Key } from 'interface-datastore/key'
import sinon from 'sinon'
import { nameOf } from '../../src/values/record-name.ts'
import { decodeMarker } from '../../src/values/store/marker.ts'
import { MessageType } from '../../src/wire/message.ts'
import { bytes } from '../helpers/content.ts'
import { createAcquaintedNetwork, createNode, stopAll, untilTrue } from '../helpers/network.ts'
import { recordRequests } from '../helpers/requests.ts'
import { keyFor, signedBy } from '../helpers/signed-records.ts'
import { trulyNearest } from '../helpers/truth.ts'
import type { Marker } from '../../src/values/store/marker.ts'
import type { TestNode, TestNodeInit } from '../helpers/network.ts'
import type { PeerId, PrivateKey } from '@libp2p/interface'
import type { Datastore } from 'interface-datastore'

const K = 4
const SIZE = 2 * K
const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

const INIT: TestNodeInit['dht'] = { kBucketSize: K, networkDialTimeout: { minTimeout: 8_000 } }

/** How long a value is held. */
const LIFE = 48 * HOUR

describe('replication on real nodes', function () {
  this.timeout(90_000)

  let clock: sinon.SinonFakeTimers
  let nodes: TestNode[]

  /** What is done in intervals is done when the test says so, and the time of day passes then. */
  async function start (dht: TestNodeInit['dht'] = {}): Promise<void> {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ['Date', 'setInterval', 'clearInterval'] })
    nodes = await createAcquaintedNetwork(SIZE, { dht: { ...INIT, ...dht } })
  }

  afterEach(async () => {
    await stopAll(nodes)
    clock.restore()
  })

  async function join (privateKey?: PrivateKey, dht: TestNodeInit['dht'] = {}): Promise<TestNode> {
    const node = await createNode({ privateKey, dht: { ...INIT, ...dht } })
    await node.dial(nodes[0].getMultiaddrs())
    nodes.push(node)
    await untilTrue(() => node.services.dht.routingTable.size > 0)
    await node.services.dht.refreshRoutingTable()

    return node
  }

  async function stop (node: TestNode): Promise<void> {
    nodes.splice(nodes.indexOf(node), 1)
    await node.stop()
  }

  /** Each minute everybody looks for what is to be put to others. */
  async function untilReplicated (condition: () => Promise<boolean>): Promise<void> {
    await untilTrue(async () => {
      await clock.tickAsync(MINUTE)

      return condition()
    })
  }

  async function isWhereItShouldBe (key: Uint8Array): Promise<boolean> {
    const held = await Promise.all(trulyNearest(nodes, key, K).map(async node => heldBy(node, key)))

    return held.every(value => value != null)
  }

  it('keeps a value where it should be, though its publisher and all that held it first have gone, and others have come', async () => {
    const dht = { replicate: { interval: 1 } }
    await start(dht)
    const key = bytes('/test/survives')
    const publisher = trulyNearest(nodes, key, SIZE)[SIZE - 1]
    await publisher.services.dht.put(key, bytes('ok:still here'))
    const first = trulyNearest(nodes, key, K)
    await stop(publisher)

    for (const holder of first) {
      await stop(holder)
      await join(undefined, dht)

      await untilReplicated(async () => isWhereItShouldBe(key))
    }

    assert.ok(first.every(holder => !nodes.includes(holder)))

    for (const { services } of nodes) {
      assert.deepEqual(await services.dht.get(key), bytes('ok:still here'))
    }
  })

  it('hands a value to a newcomer that is nearest to it, once, without anyone asking for it', async () => {
    await start()
    const key = bytes('/test/handed')
    await trulyNearest(nodes, key, SIZE)[SIZE - 1].services.dht.put(key, bytes('ok:1'))
    const before = [...nodes]
    const newcomer = await createNode({ privateKey: await keyAt(0, key, nodes), dht: INIT })
    nodes.push(newcomer)
    const requests = recordRequests(newcomer)
    await newcomer.dial(nodes[0].getMultiaddrs())
    await untilTrue(() => newcomer.services.dht.routingTable.size > 0)
    await newcomer.services.dht.refreshRoutingTable()

    await untilTrue(async () => await heldBy(newcomer, key) != null)
    const [nearest] = trulyNearest(before, key, 1)
    const puts = before.filter(node => requests.from(node.peerId).some(({ type }) => type === MessageType.PUT_VALUE))
    assert.deepEqual(puts.map(({ peerId }) => peerId.toString()), [nearest.peerId.toString()])
  })

  it('leaves a newcomer alone that others are nearer than', async () => {
    await start()
    const key = bytes('/test/far')
    await trulyNearest(nodes, key, SIZE)[SIZE - 1].services.dht.put(key, bytes('ok:1'))
    const newcomer = await join(await keyAt(SIZE, key, nodes))
    const near = await join(await keyAt(0, key, nodes))

    // whoever serves newcomers serves both
    await untilTrue(async () => await heldBy(near, key) != null)
    assert.equal(await heldBy(newcomer, key), undefined)
  })

  it('does not make a value live longer, whoever passes it on: it ends 48 hours after its publisher put it', async () => {
    await start()
    const key = bytes('/test/ends')
    const publisher = trulyNearest(nodes, key, SIZE)[SIZE - 1]
    const putAt = Date.now()
    await publisher.services.dht.put(key, bytes('ok:1'))
    const holders = trulyNearest(nodes, key, K)
    await stop(publisher)

    for (let time = 5 * HOUR; time < LIFE; time += 5 * HOUR) {
      clock.setSystemTime(putAt + time)
      // one puts it again, and all others get it
      await untilReplicated(async () => (await Promise.all(holders.map(async holder => markerOf(holder, key)))).filter(({ received }) => received >= putAt + time).length >= K - 1)

      for (const holder of holders) {
        const { expires } = await markerOf(holder, key)
        assert.ok(expires <= putAt + LIFE, `it ends ${(expires - putAt - LIFE) / SECOND} s late`)
        // a second is lost with each that passes it on at the most, and what a test takes
        assert.ok(expires > putAt + LIFE - MINUTE, `it ends ${(putAt + LIFE - expires) / SECOND} s early`)
      }
    }

    clock.setSystemTime(putAt + LIFE)

    for (const { services: { dht } } of nodes) {
      await assert.rejects(async () => dht.get(key), { name: 'NotFoundError' })
    }
  })

  it('ends a signed record when its owner says, on every node that it was passed on to', async () => {
    await start()
    const owner = await generateKeyPair('Ed25519')
    const key = keyFor(owner)
    const begun = Date.now()
    const expires = begun + 3 * HOUR
    // one that is far from it: what a node has published itself it does not hand over
    await trulyNearest(nodes, key, SIZE)[SIZE - 1].services.dht.put(key, await signedBy(owner, { expires }))
    const newcomer = await join(await keyAt(0, key, nodes))
    await untilTrue(async () => await heldBy(newcomer, key) != null)
    assert.ok((await markerOf(newcomer, key)).expires <= expires)

    clock.setSystemTime(expires - MINUTE)
    assert.ok(await heldBy(newcomer, key) != null)
    clock.setSystemTime(expires)

    for (const { services: { dht } } of nodes) {
      await assert.rejects(async () => dht.get(key), { name: 'NotFoundError' })
    }
  })
})

async function heldBy ({ services: { dht } }: TestNode, key: Uint8Array): Promise<Uint8Array | undefined> {
  return dht.get(key, { useNetwork: false }).catch(() => undefined)
}

/** What stands in the node's datastore beside a value that it holds for others. */
async function markerOf (node: TestNode, key: Uint8Array): Promise<Marker> {
  const { datastore } = (node as unknown as { components: { datastore: Datastore } }).components
  const marker = decodeMarker(await datastore.get(new Key(`/dht/received/${nameOf(key)}`, false)))
  assert.ok(marker != null)

  return marker
}

/** The key of a node that would have this place among these, counted from the one nearest to `key`. */
async function keyAt (place: number, key: Uint8Array, nodes: TestNode[]): Promise<PrivateKey> {
  for (;;) {
    const privateKey = await generateKeyPair('Ed25519')
    const candidate = { peerId: peerIdFromPrivateKey(privateKey) }

    if (trulyNearest<{ peerId: PeerId }>([candidate, ...nodes], key, nodes.length + 1)[place] === candidate) {
      return privateKey
    }
  }
}
