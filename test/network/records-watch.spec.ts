import assert from 'node:assert/strict'
import sinon from 'sinon'
import { signedKey } from '../../src/values/signed/signed-key.ts'
import { MessageType } from '../../src/wire/message.ts'
import { kill } from '../helpers/abrupt.ts'
import { bytes } from '../helpers/content.ts'
import { countListeners } from '../helpers/count-listeners.ts'
import { createAcquaintedNetwork, createNode, stopAll, untilTrue } from '../helpers/network.ts'
import { recordRequests } from '../helpers/requests.ts'
import { trulyNearest } from '../helpers/truth.ts'
import type { TestNode, TestNodeInit } from '../helpers/network.ts'
import type { Requests } from '../helpers/requests.ts'

const K = 4
const SIZE = 2 * K
const INIT: TestNodeInit = { dht: { kBucketSize: K, networkDialTimeout: { minTimeout: 8_000 } } }

/** A pause that nothing else makes, ms: by it the pauses of a watch are told from other timers. */
const PAUSE = 37.25
const POLLING = { minInterval: PAUSE, maxInterval: PAUSE }

describe('watching a signed record on real nodes', function () {
  this.timeout(60_000)

  let nodes: TestNode[]
  let requests: Map<TestNode, Requests>
  let watcher: TestNode
  let setTimeouts: sinon.SinonSpy<Parameters<typeof setTimeout>, ReturnType<typeof setTimeout>>
  let clearTimeouts: sinon.SinonSpy<Parameters<typeof clearTimeout>, ReturnType<typeof clearTimeout>>

  beforeEach(async () => {
    nodes = await createAcquaintedNetwork(SIZE, INIT)
    requests = new Map(nodes.map(node => [node, recordRequests(node)]))
    watcher = await createNode({ dht: { ...INIT.dht, clientMode: true } })
    await watcher.dial(nodes[0].getMultiaddrs())
    await untilTrue(async () => {
      await watcher.services.dht.refreshRoutingTable()

      return nodes.every(({ peerId }) => watcher.services.dht.routingTable.has(peerId))
    })
    setTimeouts = sinon.spy(globalThis, 'setTimeout') as unknown as typeof setTimeouts
    clearTimeouts = sinon.spy(globalThis, 'clearTimeout')
  })

  afterEach(async () => {
    sinon.restore()
    await stopAll([...nodes, watcher])
  })

  /** Pauses that the watch has begun. */
  function pauses (): Array<ReturnType<typeof setTimeout>> {
    return setTimeouts.getCalls().filter(({ args: [, ms] }) => ms === PAUSE).map(({ returnValue }) => returnValue)
  }

  /** Pauses that have not ended. */
  function pausing (): number {
    return pauses().filter(timer => !clearTimeouts.getCalls().some(({ args: [cleared] }) => cleared === timer)).length
  }

  /** How often the watcher has asked each node for the record. */
  function asked (key: Uint8Array): number[] {
    return nodes.map(node => requests.get(node)?.from(watcher.peerId).filter(({ type, key: other }) => type === MessageType.GET_VALUE && Buffer.compare(other, key) === 0).length ?? 0)
  }

  function sum (counts: number[]): number {
    return counts.reduce((a, b) => a + b, 0)
  }

  function keyOf (owner: TestNode, name: string): Uint8Array {
    return signedKey(owner.peerId.toMultihash().bytes, name)
  }

  it('gives the version that there is, each newer one as it comes, and that the record was removed', async () => {
    const [owner] = nodes
    const { records } = owner.services.dht
    await records.publish('news', bytes('1'))
    const seen: string[] = []
    const changes = [async () => records.publish('news', bytes('2')), async () => records.remove('news'), async () => records.publish('news', bytes('3'))]

    for await (const { value, removed, owner: by } of watcher.services.dht.records.watch(owner.peerId, 'news', POLLING)) {
      assert.ok(by.equals(owner.peerId))
      seen.push(removed ? 'removed' : new TextDecoder().decode(value))

      const change = changes.shift()

      if (change == null) {
        break
      }

      await change()
    }

    assert.deepEqual(seen, ['1', '2', 'removed', '3'])
    assert.equal(pausing(), 0)
  })

  it('finds a record that is published only later', async () => {
    const [owner] = nodes
    const watch = watcher.services.dht.records.watch(owner.peerId, 'later', POLLING)[Symbol.asyncIterator]()
    const first = watch.next()
    await untilTrue(() => pauses().length > 2)
    await owner.services.dht.records.publish('later', bytes('1'))

    assert.deepEqual((await first).value.value, bytes('1'))
    await watch.return?.()
    assert.equal(pausing(), 0)
  })

  it('asks one holder a look, each in its turn, and makes no lookup while nothing changes', async () => {
    const [owner] = nodes
    const key = keyOf(owner, 'still')
    const { stored } = await owner.services.dht.records.publish('still', bytes('1'))
    const end = new AbortController()
    const watch = watcher.services.dht.records.watch(owner.peerId, 'still', { ...POLLING, signal: end.signal })[Symbol.asyncIterator]()
    await watch.next()
    const before = asked(key)
    const next = watch.next().catch((error: Error) => error)

    await untilTrue(() => pauses().length > 5 * stored.length)
    end.abort()
    await next
    const looks = asked(key).map((count, i) => count - before[i])

    // before the first pause there was no look, and the last one may have ended it
    assert.ok(Math.abs(sum(looks) - pauses().length) <= 1, `${sum(looks)} requests for ${pauses().length} pauses`)
    assert.ok(sum(looks) >= 5 * stored.length - 1)
    const perHolder = looks.filter(count => count > 0)
    assert.ok(Math.max(...perHolder) - Math.min(...perHolder) <= 1, `not in turn: ${perHolder.join()}`)
  })

  it('goes on with the other holders when one dies, and with new ones when all have', async () => {
    const owner = trulyNearest(nodes, bytes('anywhere'), SIZE)[0]
    const key = keyOf(owner, 'lasting')
    await owner.services.dht.records.publish('lasting', bytes('1'))
    const watch = watcher.services.dht.records.watch(owner.peerId, 'lasting', POLLING)[Symbol.asyncIterator]()
    assert.deepEqual((await watch.next()).value.value, bytes('1'))

    const next = watch.next()
    const dead = trulyNearest(nodes, key, K, owner)
    await Promise.all(dead.map(kill))
    nodes = nodes.filter(node => !dead.includes(node))
    await owner.services.dht.records.publish('lasting', bytes('2'))

    assert.deepEqual((await next).value.value, bytes('2'))
    await watch.return?.()
  })

  it('ends when it is aborted, in the middle of a pause, and leaves nothing behind', async () => {
    const [owner] = nodes
    await owner.services.dht.records.publish('ended', bytes('1'))
    const end = new AbortController()
    const listeners = countListeners(end.signal)
    const watch = watcher.services.dht.records.watch(owner.peerId, 'ended', { ...POLLING, signal: end.signal })[Symbol.asyncIterator]()
    await watch.next()
    const next = watch.next()
    await untilTrue(() => pausing() === 1)
    end.abort()

    await assert.rejects(next, { name: 'AbortError' })
    assert.equal(pausing(), 0)
    assert.equal(listeners(), 0)
    assert.deepEqual(await watch.next(), { done: true, value: undefined })
  })

  it('ends when the node stops, and leaves nothing behind', async () => {
    const [owner] = nodes
    await owner.services.dht.records.publish('stopped', bytes('1'))
    const watch = watcher.services.dht.records.watch(owner.peerId, 'stopped', POLLING)[Symbol.asyncIterator]()
    await watch.next()
    const next = watch.next()
    await untilTrue(() => pausing() === 1)
    const ended = assert.rejects(next, { name: 'NotStartedError' })
    await watcher.stop()

    await ended
    assert.equal(pausing(), 0)
  })
})
