import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { identify } from '@libp2p/identify'
import { memory } from '@libp2p/memory'
import { ping } from '@libp2p/ping'
import { expect } from 'aegir/chai'
import { createLibp2p } from 'libp2p'
import { kadDHT, passthroughMapper } from '../../src/index.ts'
import { bytes, cidOf } from '../helpers/content.ts'
import type { KadDHT } from '../../src/index.ts'
import type { Libp2p } from '@libp2p/interface'

type Node = Libp2p<{ dht: KadDHT }>

async function createNode (name: string): Promise<Node> {
  return createLibp2p({
    addresses: { listen: [`/memory/${name}`] },
    transports: [memory()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    services: {
      identify: identify(),
      ping: ping(),
      dht: kadDHT({
        clientMode: false,
        peerInfoMapper: passthroughMapper,
        validators: { test: () => {} },
        selectors: { test: () => 0 }
      })
    }
  })
}

// in Node and in browsers alike: nothing here needs either
describe('nodes that talk over memory', () => {
  let nodes: Node[]

  before(async () => {
    nodes = await Promise.all(['a', 'b', 'c'].map(createNode))
    await nodes[1].dial(nodes[0].getMultiaddrs())
    await nodes[2].dial(nodes[0].getMultiaddrs())
    await Promise.all(nodes.map(async ({ services }) => services.dht.getClosestPeers(bytes('/test/join'))))
    await Promise.all(nodes.map(async ({ services }) => services.dht.refreshRoutingTable()))
  })

  after(async () => {
    await Promise.all(nodes.map(async node => node.stop()))
  })

  it('finds what another has put', async () => {
    await nodes[1].services.dht.put(bytes('/test/x'), bytes('1'))
    expect(await nodes[2].services.dht.get(bytes('/test/x'), { useCache: false })).to.equalBytes(bytes('1'))
  })

  it('finds who provides', async () => {
    const cid = await cidOf('content')
    await nodes[1].services.dht.provide(cid)
    const found = []

    // an announcement has no answer: it may still be on its way
    while (found.length === 0) {
      found.push(...await nodes[2].services.dht.findProviders(cid))
    }

    expect(found.map(({ id }) => id.toString())).to.deep.equal([nodes[1].peerId.toString()])
  })

  it('finds a peer', async () => {
    const { id } = await nodes[2].services.dht.findPeer(nodes[1].peerId, { useCache: false })
    expect(id.equals(nodes[1].peerId)).to.equal(true)
  })
})
