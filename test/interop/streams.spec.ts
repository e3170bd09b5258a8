import assert from 'node:assert/strict'
import { bytes } from '../helpers/content.ts'
import { untilTrue } from '../helpers/network.ts'
import { text } from './helpers/bytes.ts'
import { CIDS } from './helpers/cids.ts'
import { connect, idOf, Nodes, peerIdOf, START_TIMEOUT, untilInJsTable } from './helpers/nodes.ts'
import type { TestNode } from '../helpers/network.ts'
import type { GoNode } from './helpers/go-node.ts'
import type { Stream } from '@libp2p/interface'

describe('streams between a js and a Go server', () => {
  let nodes: Nodes
  let js: TestNode
  let go: GoNode

  beforeEach(async function () {
    this.timeout(START_TIMEOUT)
    nodes = new Nodes()
    go = await nodes.startGo()
    js = await nodes.startJs()
    await connect(js, go)
    await go.untilInTable([idOf(js)])
    await untilInJsTable(js, [go])
  })

  afterEach(async () => { await nodes.stop() })

  function streams (direction: 'inbound' | 'outbound'): Stream[] {
    return js.getConnections(peerIdOf(go))
      .flatMap(({ streams }) => streams)
      .filter(stream => stream.protocol === go.protocol && stream.direction === direction)
  }

  it('Go sends requests of all kinds over one stream, which js serves one after another', async () => {
    await go.closest('first')
    const [stream, ...more] = streams('inbound')
    assert.ok(stream != null)
    assert.deepEqual(more, [])

    for (let i = 0; i < 10; i++) {
      await go.put(`/test/${i}`, 'ok:1')
      await go.get(`/test/${i}`, { quorum: 0 })
      await go.provide(await CIDS['a CIDv0'](`${i}`))
      await go.findProviders(await CIDS['a CIDv0'](`${i}`))
      await go.closest(`${i}`)
      assert.deepEqual(streams('inbound').map(({ id }) => id), [stream.id])
    }

    for (let i = 0; i < 10; i++) {
      assert.equal(text(await js.services.dht.get(bytes(`/test/${i}`), { useNetwork: false })), 'ok:1')
    }
  })

  it('js sends requests of all kinds over one stream, which it keeps warm in between', async () => {
    const { dht } = js.services
    await dht.getClosestPeers(bytes('first'))
    const [stream, ...more] = streams('outbound')
    assert.ok(stream != null)
    assert.deepEqual(more, [])

    for (let i = 0; i < 10; i++) {
      await dht.put(bytes(`/test/${i}`), bytes('ok:1'))
      await dht.get(bytes(`/test/${i}`), { useCache: false })
      await dht.provide(await CIDS['a CIDv0'](`${i}`))
      await dht.findProviders(await CIDS['a CIDv0'](`${i}`), { useCache: false })
      await dht.getClosestPeers(bytes(`${i}`))
      assert.deepEqual(streams('outbound').map(({ id }) => id), [stream.id])
    }
  })

  it('a request of js succeeds though Go has just closed the connection with the stream that it would have used', async () => {
    const { dht } = js.services
    await dht.getClosestPeers(bytes('first'))
    const [stream] = streams('outbound')
    assert.equal(stream.status, 'open')

    const disconnected = go.disconnect(idOf(js))
    // some of these meet the stream before, some while, and some after it is closed
    for (let i = 0; i < 20; i++) {
      const found = await dht.getClosestPeers(bytes(`${i}`))
      assert.deepEqual(found.map(({ id }) => id.toString()), [go.peerId])
    }
    await disconnected
    await untilTrue(() => stream.status !== 'open')

    const { stored } = await dht.put(bytes('/test/after'), bytes('ok:1'))
    assert.deepEqual(stored.map(String), [go.peerId])
    assert.equal(text(await go.get('/test/after')), 'ok:1')
  })

  it('a request of Go succeeds though js has closed the stream that it would have used', async () => {
    await go.closest('first')
    const [stream] = streams('inbound')
    stream.abort(new Error('as if it had been idle for too long'))

    await go.put('/test/after', 'ok:1')
    assert.equal(text(await js.services.dht.get(bytes('/test/after'), { useNetwork: false })), 'ok:1')
    assert.equal(streams('inbound').length, 1)
  })

  it('a js node that stops leaves Go nothing to wait for: its next lookup finds nobody, at once', async () => {
    await go.closest('first')
    await js.stop()

    assert.deepEqual(await go.closest('second', { timeoutMs: 5_000 }), [])
  })
})
