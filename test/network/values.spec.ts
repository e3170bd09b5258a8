import assert from 'node:assert/strict'
import sinon from 'sinon'
import { NetworkSizeEstimator } from '../../src/kademlia/network-size.ts'
import { bytes } from '../helpers/content.ts'
import { createAcquaintedNetwork, stopAll, untilTrue } from '../helpers/network.ts'
import { recall, trulyNearest } from '../helpers/truth.ts'
import type { QueryEvent } from '../../src/index.ts'
import type { TestNode } from '../helpers/network.ts'

const K = 8
const SIZE = 2 * K

describe('getting and putting values on real nodes', function () {
  this.timeout(60_000)

  let nodes: TestNode[]

  before(async () => {
    nodes = await createAcquaintedNetwork(SIZE, { dht: { kBucketSize: K, networkDialTimeout: { minTimeout: 8_000 }, limits: { validatorTimeout: 60_000 }, incomingMessageTimeout: 60_000 } })
  })

  beforeEach(() => {
    nodes.forEach(({ services: { dht } }) => {
      dht.validators.slow = () => {}
      dht.selectors.slow = (_, values) => values.reduce((best, value, i) => Buffer.compare(value, values[best]) > 0 ? i : best, 0)
    })
  })

  afterEach(() => {
    sinon.restore()
  })

  after(async () => {
    await stopAll(nodes)
  })

  async function heldBy ({ services: { dht } }: TestNode, key: Uint8Array): Promise<string | undefined> {
    const value = await dht.get(key, { useNetwork: false }).catch(() => undefined)

    return value == null ? undefined : new TextDecoder().decode(value)
  }

  /** From now on the node takes long to store anything of the namespace: until it is told to go on. */
  function hang ({ services: { dht } }: TestNode): { hanging (): boolean, goOn (): void } {
    const { promise, resolve } = Promise.withResolvers<void>()
    let hanging = false

    dht.validators.slow = async () => {
      hanging = true
      await promise
    }

    return { hanging: () => hanging, goOn: resolve }
  }

  /** Of each name how many. */
  function count (events: QueryEvent[], name: QueryEvent['name']): number {
    return events.filter(event => event.name === name).length
  }

  describe('a get', () => {
    it('gives the value though a node that has none takes long to store it, which it does in the end', async () => {
      const key = bytes('/slow/repair')
      const holders = trulyNearest(nodes, key, K)
      const [behind, ...current] = holders
      const reader = nodes.find(node => !holders.includes(node)) as TestNode
      await Promise.all(current.map(async ({ services: { dht } }) => dht.put(key, bytes('1'), { useNetwork: false })))
      const { hanging, goOn } = hang(behind)

      assert.deepEqual(await reader.services.dht.get(key), bytes('1'))
      await untilTrue(hanging)
      // it has been asked to, and has not done so yet
      assert.deepEqual(await reader.services.dht.get(key), bytes('1'))
      goOn()
      await untilTrue(async () => await heldBy(behind, key) === '1')
    })

    it('is no failure when a node refuses what it should have, and brings all others up to date', async () => {
      const key = bytes('/slow/refused')
      const holders = trulyNearest(nodes, key, K)
      const [refusing, newest, ...behind] = holders
      const reader = nodes.find(node => !holders.includes(node)) as TestNode
      refusing.services.dht.validators.slow = () => { throw new Error('I will not') }
      await newest.services.dht.put(key, bytes('2'), { useNetwork: false })
      await Promise.all(behind.map(async ({ services: { dht } }) => dht.put(key, bytes('1'), { useNetwork: false })))
      const errors: QueryEvent[] = []

      const value = await reader.services.dht.get(key, {
        onProgress: ({ detail }: CustomEvent<QueryEvent>) => {
          if (detail.name === 'QUERY_ERROR') {
            errors.push(detail)
          }
        }
      })

      assert.deepEqual(value, bytes('2'))
      await untilTrue(async () => errors.length === 1 && (await Promise.all(behind.map(async node => heldBy(node, key)))).every(held => held === '2'))
      assert.ok(errors[0].name === 'QUERY_ERROR' && errors[0].from.equals(refusing.peerId))
    })

    it('that needs one answer ends with the first ones, and asks far fewer than one that needs all', async () => {
      const key = bytes('/test/quorum')
      await nodes[0].services.dht.put(key, bytes('ok:1'))
      const holders = trulyNearest(nodes, key, K)
      const reader = trulyNearest(nodes, key, SIZE)[SIZE - 1]
      const asked: Record<string, QueryEvent[]> = { one: [], all: [] }

      for (const quorum of ['one', 'all'] as const) {
        const value = await reader.services.dht.get(key, { quorum, useCache: false, onProgress: ({ detail }: CustomEvent<QueryEvent>) => { asked[quorum].push(detail) } })
        assert.deepEqual(value, bytes('ok:1'))
      }

      assert.ok(count(asked.all, 'SEND_QUERY') >= holders.length)
      // the first round of a lookup
      assert.ok(count(asked.one, 'SEND_QUERY') <= 4, `${count(asked.one, 'SEND_QUERY')} requests`)
    })
  })

  describe('a put', () => {
    it('fails when fewer nodes take the value than it should have, and says which did not and why', async () => {
      const key = bytes('/slow/few')
      const [putter] = trulyNearest(nodes, key, SIZE).slice(-1)
      const [refusing] = trulyNearest(nodes, key, K)
      refusing.services.dht.validators.slow = () => { throw new Error('I will not') }

      await assert.rejects(async () => putter.services.dht.put(key, bytes('1'), { minSuccesses: K }), (error: Error) => {
        assert.equal(error.name, 'QueryError')
        assert.ok(error.message.startsWith(`Only ${K - 1} of the ${K} nearest peers took it, and ${K} should have: ${refusing.peerId.toString()}: `), error.message)

        return true
      })

      const { stored, failed } = await putter.services.dht.put(key, bytes('1'), { minSuccesses: K - 1 })
      assert.equal(stored.length, K - 1)
      assert.deepEqual(failed.map(({ peer }) => peer.toString()), [refusing.peerId.toString()])
    })

    it('that is optimistic is over when enough have the value, though one takes long, and in the end all of the nearest have it', async () => {
      const key = bytes('/slow/optimistic')
      // what many lookups would tell in a network of a hundred nodes; in one this small none can
      sinon.stub(NetworkSizeEstimator.prototype, 'estimate').returns({ peers: SIZE, error: 0.05 })
      const { dht } = trulyNearest(nodes, key, SIZE)[SIZE - 1].services
      const holders = trulyNearest(nodes, key, K)
      const slow = hang(holders[0])
      const { stored } = await dht.put(key, bytes('1'), { optimistic: true })
      assert.ok(stored.length >= 3 / 4 * K && stored.length < K)
      await untilTrue(slow.hanging)
      assert.equal(recall([holders[0]], stored), 0)
      slow.goOn()

      await untilTrue(async () => (await Promise.all(holders.map(async node => heldBy(node, key)))).every(held => held === '1'))
    })
  })
})
