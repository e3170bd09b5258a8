import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'aegir/chai'
import { MemoryDatastore } from 'datastore-core'
import sinon from 'sinon'
import { NetworkSizeEstimator } from '../../src/kademlia/network-size.ts'
import { cidOf } from '../helpers/content.ts'
import { holdersOf, untilHeld } from '../helpers/holders.ts'
import { dhtStreams } from '../helpers/leaks.ts'
import { createAcquaintedNetwork, createNode, stopAll, untilTrue } from '../helpers/network.ts'
import { recordRequests } from '../helpers/requests.ts'
import { trulyNearest } from '../helpers/truth.ts'
import type { TestNode } from '../helpers/network.ts'
import type { TransportManager } from '@libp2p/interface-internal'
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
    sinon.restore()
    await stopAll(nodes)
  })

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
      await untilHeld(nearest, cid, provider)
      expect(await holdersOf(nodes, cid, provider)).to.have.members(nearest)
    }
  })

  it('is told to each peer back to back on one stream, with a question behind it that shows that it was read', async () => {
    const [provider, ...others] = nodes
    const requests = others.map(recordRequests)
    const { providing } = provider.services.dht
    await providing.add(cids)
    await providing.announce()

    for (const list of requests) {
      const told = list.byStream(provider.peerId).filter(stream => stream.some(({ type }) => type === 'ADD_PROVIDER'))
      expect(told).to.have.lengthOf.at.most(1)

      for (const stream of told) {
        const types = stream.map(({ type }) => type)
        const runs = types.filter((type, i) => type === 'ADD_PROVIDER' && types[i - 1] !== type).length
        // a sixteenth of the key space at once, and lookups in between
        expect(runs).to.be.at.most(32)
        expect(types.filter(type => type === 'ADD_PROVIDER').length).to.be.above(0)
      }
    }
  })

  it('waits for an address and is announced as soon as there is one', async function () {
    this.timeout(40_000)
    let isOpen = false
    const hidden: TestNode = await createNode({
      dht: { ...options, peerInfoMapper: peer => isOpen || !peer.id.equals(hidden.peerId) ? peer : { ...peer, multiaddrs: [] } },
      start: false
    })
    nodes.push(hidden)
    await hidden.start()
    await hidden.dial(nodes[0].getMultiaddrs())
    await untilTrue(() => hidden.services.dht.routingTable.size > 0)
    const { providing } = hidden.services.dht
    await providing.add(cids.slice(0, 10))
    await untilTrue(() => providing.status().state === 'no address')
    await expect(hidden.services.dht.provide(cids[10])).to.eventually.be.rejectedWith('no address')
    isOpen = true
    await (hidden as unknown as { components: { transportManager: TransportManager } }).components.transportManager.listen([multiaddr('/ip4/127.0.0.2/tcp/0')])
    await untilTrue(() => providing.status().neverAnnounced === 0)
    expect(await nodes[3].services.dht.findProviders(cids[0])).to.have.lengthOf(1)
  })

  it('has its result early where it is optimistic, and a stop waits for the rest and leaves nothing', async () => {
    const [provider, ...others] = nodes
    const { dht } = provider.services

    // what many lookups would tell in a network of a hundred nodes; in one this small none can
    sinon.stub(NetworkSizeEstimator.prototype, 'estimate').returns({ peers: SIZE, error: 0.05 })
    const [cid] = cids
    const nearest = trulyNearest(others, cid.multihash.bytes, K)
    const { stored } = await dht.provide(cid, { optimistic: true })
    expect(stored.length).to.be.at.least(K * 3 / 4)
    await provider.stop()
    expect(dhtStreams(provider)).to.have.lengthOf(0)
    await untilHeld(nearest, cid, provider)
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
