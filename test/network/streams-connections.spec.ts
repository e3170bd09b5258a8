import assert from 'node:assert/strict'
import Sinon from 'sinon'
import { contactFromPeerId } from '../../src/query/contact.ts'
import { passthroughMapper } from '../../src/wire/address-mappers.ts'
import { Dialler } from '../../src/wire/dialler.ts'
import { libp2pNetwork } from '../../src/wire/libp2p-network.ts'
import { MINUTE } from '../helpers/false-time.ts'
import { createNode, stopAll, untilTrue } from '../helpers/network.ts'
import { turn } from '../helpers/turns.ts'
import type { NetworkComponents } from '../../src/wire/libp2p-network.ts'
import type { TestNode } from '../helpers/network.ts'
import type { Connection } from '@libp2p/interface'

const IDLE = 3 * MINUTE

/** So often that a connection that nobody keeps would be closed. */
const LOOKS = 50

/** Another service of the node has registered a topology for it. */
const WANTED = '/wanted/1.0.0'

describe('a connection between real nodes that the DHT has opened', function () {
  this.timeout(20_000)

  let node: TestNode
  let other: TestNode
  let dialler: Dialler
  let inTable: boolean
  /** the date only: nodes need their timers */
  let clock: Sinon.SinonFakeTimers

  beforeEach(async () => {
    // of different networks, so that neither is in the table of the other
    [node, other] = await Promise.all(['/one/kad/1.0.0', '/two/kad/1.0.0'].map(async protocol => createNode({ dht: { protocol } })))
    clock = Sinon.useFakeTimers({ now: Date.now(), toFake: ['Date'] })
    inTable = false
    dialler = new Dialler({ maxDials: 1, idleConnection: IDLE }, libp2pNetwork({
      connectionManager: {
        getConnections: (peer: TestNode['peerId']) => node.getConnections(peer),
        openConnection: async (addresses: Parameters<TestNode['dial']>[0], options: Parameters<TestNode['dial']>[1]) => node.dial(addresses, options)
      } as unknown as NetworkComponents['connectionManager'],
      peerStore: node.peerStore,
      registrar: { getTopologies: (protocol: string) => protocol === WANTED ? [{}] : [] } as unknown as NetworkComponents['registrar']
    }, '/one/kad/1.0.0', passthroughMapper, { remembered: () => [], inTable: () => inTable, lateAfter: () => 1_000 }))
  })

  afterEach(async () => {
    clock.restore()
    await stopAll([node, other])
  })

  async function connect (): Promise<Connection> {
    return dialler.connect(contactFromPeerId(other.peerId, other.getMultiaddrs()), { signal: AbortSignal.timeout(5_000), onDial: () => {} })
  }

  async function look (times: number, connection: Connection): Promise<void> {
    for (let i = 0; i < times && connection.status === 'open'; i++) {
      clock.tick(IDLE)
      dialler.sweep()
      await turn()
    }
  }

  it('is closed on both sides when nobody needs it', async () => {
    const connection = await connect()
    await look(Infinity, connection)
    await untilTrue(() => node.getConnections().length === 0 && other.getConnections().length === 0)
  })

  for (const [what, keep] of [
    ['the peer is in the table', () => { inTable = true }],
    ['the application has tagged the peer', async () => { await node.peerStore.merge(other.peerId, { tags: { mine: { value: 1 } } }) }],
    ['another service wants those who speak what it speaks', async () => {
      // what identify says comes first, for it takes the place of what was there
      await untilTrue(async () => (await node.peerStore.get(other.peerId)).protocols.length > 0)
      await node.peerStore.merge(other.peerId, { protocols: [WANTED] })
    }],
    ['the application talks on it', async () => {
      await other.handle('/talk/1.0.0', () => {})
      await node.getConnections(other.peerId)[0].newStream('/talk/1.0.0')
    }]
  ] as Array<[string, () => void | Promise<void>]>) {
    it(`is kept when ${what}`, async () => {
      const connection = await connect()
      await keep()
      await look(LOOKS, connection)
      assert.equal(connection.status, 'open')
    })
  }

  it('is kept when the application has opened it', async () => {
    const opened = await node.dial(other.getMultiaddrs())
    assert.equal(await connect(), opened)
    await look(LOOKS, opened)
    assert.equal(opened.status, 'open')
  })
})
