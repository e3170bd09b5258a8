import { expect } from 'aegir/chai'
import { MemoryDatastore } from 'datastore-core'
import { cidOf } from '../helpers/content.ts'
import { createAcquaintedNetwork, createNode, stopAll, untilTrue } from '../helpers/network.ts'
import { trulyNearest } from '../helpers/truth.ts'
import type { TestNode } from '../helpers/network.ts'
import type { CID } from 'multiformats/cid'

const SIZE = 16
const K = 8

describe('what a node provides, among real nodes', function () {
  this.timeout(120_000)

  const options = { kBucketSize: K, networkDialTimeout: { minTimeout: 8_000 } }
  let nodes: TestNode[]
  let cids: CID[]

  before(async () => {
    cids = await Promise.all(Array.from({ length: 300 }, async (_, i) => cidOf(`content ${i}`)))
  })

  beforeEach(async () => {
    nodes = await createAcquaintedNetwork(SIZE, { dht: options })
  })

  afterEach(async () => {
    await stopAll(nodes)
  })

  /** Those that hold the record of this provider. */
  async function holders (cid: CID, provider: TestNode): Promise<TestNode[]> {
    const holders: TestNode[] = []

    for (const node of nodes) {
      const found = await node.services.dht.findProviders(cid, { useNetwork: false })

      if (node !== provider && found.some(({ id }) => id.equals(provider.peerId))) {
        holders.push(node)
      }
    }

    return holders
  }

  it('is announced to the nearest of each key, many keys with few lookups', async () => {
    const [provider, ...others] = nodes
    const { providing } = provider.services.dht
    expect(await providing.add(cids)).to.deep.equal({ read: 300, added: 300 })
    await providing.announce()
    const { announced, failed, records, lookups, neverAnnounced, keys } = providing.status()
    expect({ announced, failed, records, neverAnnounced, keys }).to.deep.equal({ announced: 300, failed: 0, records: 300 * K, neverAnnounced: 0, keys: 300 })
    expect(lookups).to.be.below(30)

    for (const cid of cids) {
      const nearest = trulyNearest(others, cid.multihash.bytes, K)
      await untilTrue(async () => (await holders(cid, provider)).length === K)
      expect(await holders(cid, provider)).to.have.members(nearest)
    }
  })

  it('is announced by the node that is started anew, if the one before was stopped too early', async () => {
    const datastore = new MemoryDatastore()
    const first = await createNode({ datastore, dht: options })
    await first.services.dht.providing.add(cids.slice(0, 20))
    expect(first.services.dht.providing.status()).to.include({ state: 'offline', keys: 20, neverAnnounced: 20 })
    await first.stop()
    const second = await createNode({ datastore, dht: options })
    nodes.push(second)
    await second.dial(nodes[0].getMultiaddrs())
    await untilTrue(() => second.services.dht.providing.status().neverAnnounced === 0 && second.services.dht.providing.status().keys === 20)

    for (const cid of cids.slice(0, 20)) {
      expect(await nodes[3].services.dht.findProviders(cid)).to.have.lengthOf(1)
    }
  })
})
