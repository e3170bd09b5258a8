import assert from 'node:assert/strict'
import { bytes } from '../helpers/content.ts'
import { text } from './helpers/bytes.ts'
import { CIDS } from './helpers/cids.ts'
import { connect, idOf, Nodes, peerIdOf, START_TIMEOUT, untilInJsTable } from './helpers/nodes.ts'

const AT_ONCE = 60

describe('many requests at once from js to a Go server', () => {
  let nodes: Nodes

  afterEach(async () => { await nodes.stop() })

  it('are all answered over four streams at the most, and none of them counts as a failure', async function () {
    this.timeout(START_TIMEOUT)
    nodes = new Nodes()
    const go = await nodes.startGo()
    const js = await nodes.startJs()
    await connect(js, go)
    await go.untilInTable([idOf(js)])
    await untilInJsTable(js, [go])

    const { dht } = js.services
    let most = 0
    const watch = setInterval(() => {
      const streams = js.getConnections(peerIdOf(go)).flatMap(({ streams }) => streams)
      most = Math.max(most, streams.filter(({ protocol, direction, status }) => protocol === go.protocol && direction === 'outbound' && status === 'open').length)
    }, 1)

    try {
      const each = Array.from({ length: AT_ONCE }, (_, i) => `${i}`)
      const puts = await Promise.all(each.map(async i => dht.put(bytes(`/test/${i}`), bytes(`ok:${i}`))))
      assert.deepEqual(puts.flatMap(({ failed }) => failed), [])
      await Promise.all(each.map(async i => dht.provide(await CIDS['a CIDv0'](i))))
      const values = await Promise.all(each.map(async i => dht.get(bytes(`/test/${i}`), { useCache: false })))
      assert.deepEqual(values.map(text), each.map(i => `ok:${i}`))
      const found = await Promise.all(each.map(async i => dht.getClosestPeers(bytes(i))))
      assert.ok(found.every(peers => peers.length === 1))
    } finally {
      clearInterval(watch)
    }

    assert.ok(most >= 1 && most <= 4, `${most} streams were open at once`)
    assert.deepEqual(dht.routingTable.buckets().flatMap(({ peers }) => peers).filter(({ failures }) => failures > 0), [])
  })
})
