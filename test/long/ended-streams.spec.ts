import assert from 'node:assert/strict'
import { bytes } from '../helpers/content.ts'
import { collectGarbage } from '../helpers/garbage.ts'
import { dhtStreams } from '../helpers/leaks.ts'
import { createNetwork, stopAll, untilTrue } from '../helpers/network.ts'
import type { TestNode } from '../helpers/network.ts'
import type { Stream } from '@libp2p/interface'

const NODES = 12
const LOOKUPS = 100

describe('the streams that a crowd of lookups has needed', function () {
  this.timeout(60_000)

  let nodes: TestNode[]

  before(async () => {
    nodes = await createNetwork(NODES)
  })

  after(async () => {
    await stopAll(nodes)
  })

  it('are few, and those that have ended are let go of at once', async () => {
    const [node] = nodes
    const opened = recordStreams(node)

    // as when a stream broke: the next request needs a new one
    for (const stream of dhtStreams(node, 'outbound')) {
      stream.abort(new Error('broken'))
    }

    await Promise.all(Array.from({ length: LOOKUPS }, async (_, i) => node.services.dht.getClosestPeers(bytes(`/test/${i}`))))
    assert.ok(opened.length >= NODES - 1, `only ${opened.length} streams were opened`)
    assert.ok(opened.length <= 8 * (NODES - 1), `${opened.length} streams were opened for ${LOOKUPS} lookups`)

    await untilTrue(async () => {
      await collectGarbage()

      return opened.filter(stream => stream.deref() != null).length <= dhtStreams(node, 'outbound').length
    })
    // sooner than anything that only looks now and then
  }).timeout(15_000)
})

/** All that are opened from now on to peers that are connected. */
function recordStreams (node: TestNode): Array<WeakRef<Stream>> {
  const streams: Array<WeakRef<Stream>> = []

  for (const connection of node.getConnections()) {
    const { newStream } = connection

    connection.newStream = async (protocols, options) => {
      const stream = await newStream(protocols, options)
      streams.push(new WeakRef(stream))

      return stream
    }
  }

  return streams
}
