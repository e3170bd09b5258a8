import assert from 'node:assert/strict'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { encodePayload } from '../../src/values/signed/payload.ts'
import { compareSigned } from '../../src/values/signed/selector.ts'
import { bytes } from '../helpers/content.ts'
import { createAcquaintedNetwork, createNode, stopAll, untilTrue } from '../helpers/network.ts'
import { keyFor, recordOf, sealed, signedBy } from '../helpers/signed-records.ts'
import { trulyNearest } from '../helpers/truth.ts'
import type { TestNode } from '../helpers/network.ts'
import type { PrivateKey } from '@libp2p/interface'

const K = 5
const SIZE = 2 * K
const HOUR = 3_600_000

describe('signed records on real nodes', function () {
  this.timeout(60_000)

  let nodes: TestNode[]

  before(async () => {
    nodes = await createAcquaintedNetwork(SIZE, { dht: { kBucketSize: K, networkDialTimeout: { minTimeout: 8_000 } } })
  })

  after(async () => {
    await stopAll(nodes)
  })

  /** What the node holds itself. */
  async function heldBy (node: TestNode, key: Uint8Array): Promise<Uint8Array | undefined> {
    return node.services.dht.get(key, { useNetwork: false }).catch(() => undefined)
  }

  /** An owner that is none of the nodes, and who holds its record. */
  async function stranger (): Promise<{ owner: PrivateKey, key: Uint8Array, holders: TestNode[] }> {
    const owner = await generateKeyPair('Ed25519')
    const key = keyFor(owner)

    return { owner, key, holders: trulyNearest(nodes, key, K) }
  }

  it('are read by every node as their owner last left them', async () => {
    const [owner, ...others] = nodes
    const { records } = owner.services.dht
    const published = await records.publish('profile', bytes('one'))
    assert.equal(published.failed.length, 0)
    assert.equal(published.stored.length, K)

    const updated = await records.update('profile', value => bytes(`${new TextDecoder().decode(value)}, two`))
    assert.ok(updated != null && updated.seq > published.seq)

    for (const { services: { dht } } of others) {
      const found = await dht.records.resolve(owner.peerId, 'profile')
      assert.deepEqual([found.value, found.seq, found.expires], [bytes('one, two'), updated.seq, updated.expires])
      assert.ok(found.owner.equals(owner.peerId))
    }
  })

  it('are gone for every node when they were removed, until they are published again with a higher sequence number', async () => {
    const [, owner, ...others] = nodes
    const { records } = owner.services.dht
    const before = await records.publish('removed', bytes('one'))
    await records.remove('removed')

    for (const { services: { dht } } of nodes) {
      await assert.rejects(async () => dht.records.resolve(owner.peerId, 'removed'), { name: 'NotFoundError' })
    }

    const after = await records.publish('removed', bytes('two'))
    // the tombstone has one in between
    assert.ok(after.seq > before.seq + 1n)

    for (const { services: { dht } } of others) {
      assert.deepEqual((await dht.records.resolve(owner.peerId, 'removed')).value, bytes('two'))
    }
  })

  it('do not come back as what they were when somebody puts the older envelope again', async () => {
    const { owner, key, holders } = await stranger()
    const [older, newer] = [await envelope(owner, 1n, 'older'), await envelope(owner, 2n, 'newer')]
    const hostile = trulyNearest(nodes, key, SIZE)[SIZE - 1]
    await holders[0].services.dht.put(key, older)
    await holders[1].services.dht.put(key, newer)

    await assert.rejects(async () => hostile.services.dht.put(key, older), { name: 'QueryError', message: /None of the 5 nearest peers took it/ })

    for (const holder of trulyNearest(nodes, key, K, hostile)) {
      assert.deepEqual(await heldBy(holder, key), newer)
    }

    for (const { services: { dht } } of nodes.filter(node => node !== hostile)) {
      assert.deepEqual(await dht.get(key), newer)
    }
  })

  it('can\'t be changed by anybody else', async () => {
    const { owner, key } = await stranger()
    const forged = await sealed(await generateKeyPair('Ed25519'), encodePayload(recordOf(owner, { seq: 2n, expires: Date.now() + HOUR })))
    await nodes[0].services.dht.put(key, await envelope(owner, 1n, 'true'))

    await assert.rejects(async () => nodes[1].services.dht.put(key, forged), { name: 'InvalidRecordError', message: /signed by somebody else/ })
  })

  describe('two of the same sequence number that are not the same', () => {
    const told = new Map<TestNode, Array<{ key: Uint8Array, values: [Uint8Array, Uint8Array] }>>()

    before(() => {
      for (const node of nodes) {
        const list: Array<{ key: Uint8Array, values: [Uint8Array, Uint8Array] }> = []
        told.set(node, list)
        node.services.dht.addEventListener('record:contradiction', ({ detail }) => { list.push(detail) })
      }
    })

    /** The two, that which holds last. */
    async function contradiction (owner: PrivateKey): Promise<[Uint8Array, Uint8Array]> {
      const pair = [await envelope(owner, 3n, 'one'), await envelope(owner, 3n, 'other')].sort(compareSigned)

      return [pair[0], pair[1]]
    }

    function toldOf (key: Uint8Array, node: TestNode): Array<[Uint8Array, Uint8Array]> {
      return (told.get(node) ?? []).filter(detail => Buffer.compare(detail.key, key) === 0).map(({ values }) => values)
    }

    /** Puts them in that order, and looks at what all holders have then, and have told of. */
    async function putIn (order: string): Promise<void> {
      const { owner, key, holders } = await stranger()
      const [lower, higher] = await contradiction(owner)
      const [a, b] = nodes.filter(node => !holders.includes(node)).map(({ services }) => services.dht)
      // whoever has the lower one may learn that nobody took it
      const puts = [async () => a.put(key, lower).catch(refused), async () => b.put(key, higher)]

      if (order === 'at once') {
        await Promise.all(puts.map(async put => put()))
      } else {
        for (const put of order === 'the lower one first' ? puts : puts.reverse()) {
          await put()
        }
      }

      for (const holder of holders) {
        assert.deepEqual(await heldBy(holder, key), higher)
        const [values] = toldOf(key, holder)
        assert.deepEqual([...values].sort(compareSigned), [lower, higher])
      }

      assert.deepEqual(await nodes[0].services.dht.get(key, { useCache: false }), higher)
    }

    for (const order of ['the lower one first', 'the higher one first', 'at once']) {
      it(`are told of by holders, and all of them end with the same one, put ${order}`, async () => {
        await putIn(order)
      })
    }

    it('are not told of where one is only sent again', async () => {
      const { owner, key, holders } = await stranger()
      const once = await envelope(owner, 3n, 'once')
      await nodes[0].services.dht.put(key, once)
      await nodes[1].services.dht.put(key, once)

      assert.ok(holders.every(holder => toldOf(key, holder).length === 0))
    })
  })

  it('are remembered by a node that has read them, for as long as they say, and never taken for the present ones when it writes itself', async () => {
    const { owner: privateKey, key } = await stranger()
    const owner = peerIdFromPrivateKey(privateKey)
    const remembering = await createNode({ dht: { kBucketSize: K, networkDialTimeout: { minTimeout: 8_000 }, clientMode: true, readCache: 100 } })

    try {
      await remembering.dial(nodes[0].getMultiaddrs())
      await untilTrue(() => remembering.services.dht.routingTable.size > 0)
      const { records } = remembering.services.dht
      const { seq } = await nodes[0].services.dht.records.publish('name', bytes('1'), { privateKey, republish: false })
      assert.deepEqual((await records.resolve(owner, 'name')).value, bytes('1'))
      await nodes[0].services.dht.records.publish('name', bytes('2'), { privateKey, republish: false })
      assert.deepEqual((await records.resolve(owner, 'name')).value, bytes('1'))

      const seen: Array<Uint8Array | undefined> = []
      await records.update('name', value => {
        seen.push(value)

        return bytes('3')
      }, { privateKey, republish: false })
      assert.deepEqual(seen, [bytes('2')])
      assert.deepEqual((await records.resolve(owner, 'name')).value, bytes('3'))

      const published = await records.publish('name', bytes('4'), { privateKey, republish: false })
      assert.equal(published.seq, seq + 3n)
      assert.deepEqual((await records.resolve(owner, 'name')).value, bytes('4'))
      await records.remove('name', { privateKey })
      await assert.rejects(async () => records.resolve(owner, 'name'), { name: 'NotFoundError' })
      assert.ok(await nodes[1].services.dht.get(key) != null)
    } finally {
      await remembering.stop()
    }
  })

  it('come to a node that has none of them yet, when somebody reads', async () => {
    const { owner, key, holders } = await stranger()
    const [first, ...others] = holders
    const value = await envelope(owner, 1n, 'lonely')
    await first.services.dht.put(key, value, { useNetwork: false })
    const reader = nodes.find(node => !holders.includes(node)) as TestNode
    assert.deepEqual(await reader.services.dht.get(key), value)

    await untilTrue(async () => (await Promise.all(others.map(async holder => heldBy(holder, key)))).every(held => held != null && Buffer.compare(held, value) === 0))
  })
})

async function envelope (owner: PrivateKey, seq: bigint, value: string): Promise<Uint8Array> {
  return signedBy(owner, { seq, value: bytes(value), expires: Math.floor(Date.now() / HOUR) * HOUR + 2 * HOUR })
}

function refused (error: Error): void {
  assert.equal(error.name, 'QueryError')
}
