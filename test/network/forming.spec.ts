import assert from 'node:assert/strict'
import { equals as uint8ArrayEquals } from 'uint8arrays/equals'
import { createAcquaintedNetwork, createNode, stopAll, untilTrue } from '../helpers/network.ts'
import { recordRequests } from '../helpers/requests.ts'
import type { TestNode } from '../helpers/network.ts'
import type { Requests } from '../helpers/requests.ts'

const SIZE = 12

describe('what it costs real nodes to get to know each other', function () {
  this.timeout(60_000)

  let nodes: TestNode[]
  let requests: Requests[]

  beforeEach(async () => {
    nodes = await createAcquaintedNetwork(SIZE)
    requests = nodes.map(recordRequests)
  })

  afterEach(async () => {
    await stopAll(nodes)
  })

  /** How often each of the first nodes was asked for itself by a node: that is how a peer is probed. */
  function probesBy ({ peerId }: TestNode): number[] {
    return requests.map((received, i) => received.from(peerId).filter(({ key }) => uint8ArrayEquals(key, nodes[i].peerId.toMultihash().bytes)).length)
  }

  it('is no probe of those that are met by being asked something', async () => {
    const joiner = await createNode()
    nodes.push(joiner)
    await joiner.dial(nodes[0].getMultiaddrs())
    await untilTrue(() => [...nodes.slice(0, SIZE)].every(({ peerId, services }) => {
      return joiner.services.dht.routingTable.has(peerId) && services.dht.routingTable.has(joiner.peerId)
    }))
    // whatever libp2p had to say of them has been said
    await untilTrue(async () => (await joiner.peerStore.all()).filter(({ metadata }) => metadata.has('AgentVersion')).length >= SIZE)

    // one was dialled by the test, before it was asked anything; of the others one may be identified before or after its stream is there
    const probes = probesBy(joiner).reduce((sum, probes) => sum + probes, 0)
    assert.ok(probes <= SIZE / 2, `${probes} of ${SIZE} were probed`)
  })
})
