import assert from 'node:assert/strict'
import { generateKeyPair, publicKeyToProtobuf } from '@libp2p/crypto/keys'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { bytes } from '../helpers/content.ts'
import { untilTrue } from '../helpers/network.ts'
import { text } from './helpers/bytes.ts'
import { CIDS } from './helpers/cids.ts'
import { nearest } from './helpers/nearest.ts'
import { addressesOf, connect, forget, idOf, idsOf, Nodes, peerIdOf, START_TIMEOUT } from './helpers/nodes.ts'
import { until } from './helpers/until.ts'
import type { TestNode } from '../helpers/network.ts'
import type { GoNode } from './helpers/go-node.ts'
import type { PublicKey } from '@libp2p/interface'

const K = 20
const KEY_TYPES = ['Ed25519', 'secp256k1', 'RSA'] as const

describe('four js and four Go servers in one network', () => {
  const nodes = new Nodes()
  let js: TestNode[]
  let go: GoNode[]

  before(async function () {
    this.timeout(START_TIMEOUT)
    await nodes.startServers({ js: 4, go: 4 })
    await nodes.join();
    ({ js, go } = nodes)
  })

  after(async () => { await nodes.stop() })

  it('js servers are in the routing table of every Go node, and Go servers in that of every js node', async () => {
    for (const node of go) {
      assert.deepEqual((await node.table()).sort(), idsOf(nodes.others(node)))
    }

    for (const node of js) {
      assert.deepEqual(tableOf(node), idsOf(nodes.others(node)))
    }
  })

  describe('find peer', () => {
    afterEach(async () => { await connect(js[1], go[3]) })

    it('js finds a Go peer that it is not connected to', async () => {
      await forget(js[1], go[3])
      const found = await js[1].services.dht.findPeer(peerIdOf(go[3]), { useCache: false })

      assert.equal(found.id.toString(), go[3].peerId)
      assert.deepEqual(found.multiaddrs.map(String).sort(), addressesOf(go[3]))
    })

    it('Go finds a js peer that it has forgotten', async () => {
      const found = await go[1].findPeer(js[3].peerId, { fresh: true })

      assert.equal(found.peer, idOf(js[3]))
      assert.deepEqual(found.addrs.sort(), addressesOf(js[3]))
    })

    it('both say so when nobody knows the peer', async () => {
      const { publicKey } = await generateKeyPair('Ed25519')
      const nobody = peerIdFromPublicKey(publicKey)

      await assert.rejects(async () => js[1].services.dht.findPeer(nobody), { name: 'NotFoundError' })
      await assert.rejects(go[1].findPeer(nobody), /routing: not found/)
    })
  })

  describe('closest peers', () => {
    it('js and Go find the same: all other nodes, by their true distance from the key', async () => {
      for (const key of [bytes('/test/any key'), peerIdOf(go[2]).toMultihash().bytes, js[2].peerId.toMultihash().bytes, new Uint8Array(32)]) {
        const found = await js[1].services.dht.getClosestPeers(key)

        assert.deepEqual(found.map(({ id }) => id.toString()), nearest(nodes.others(js[1]), key, K))
        assert.deepEqual(await go[1].closest(key), nearest(nodes.others(go[1]), key, K))
      }
    })
  })

  describe('closest peers of a js node that lost the addresses of a peer in its table', () => {
    afterEach(async () => { await connect(js[1], go[3]) })

    it('has that peer among them, for the others know where it is', async () => {
      await forget(js[1], go[3])
      const key = bytes('/test/any other key')
      const found = await js[1].services.dht.getClosestPeers(key)

      assert.deepEqual(found.map(({ id }) => id.toString()), nearest(nodes.others(js[1]), key, K))
    })
  })

  describe('values of /pk', () => {
    KEY_TYPES.forEach(type => {
      it(`js puts ${type} keys that Go gets, and Go puts ${type} keys that js gets`, async () => {
        const [first, second] = await Promise.all([publicKeyRecord(type), publicKeyRecord(type)])

        const { stored, failed } = await js[1].services.dht.put(first.key, first.value)
        assert.deepEqual(failed, [])
        assert.deepEqual(stored.map(String).sort(), idsOf(nodes.others(js[1])))
        assert.deepEqual(await go[2].get(first.key), first.value)

        await go[1].put(second.key, second.value)
        assert.deepEqual(Buffer.from(await js[2].services.dht.get(second.key, { useCache: false })), Buffer.from(second.value))
        await assertHeldByAll(js, second.key, second.value)
      })
    })

    it('neither stores a public key under the id of another', async () => {
      const [{ key }, { value }] = await Promise.all([publicKeyRecord('RSA'), publicKeyRecord('RSA')])

      await assert.rejects(async () => js[1].services.dht.put(key, value), { name: 'InvalidRecordError', message: /not that of the peer in the key/ })
      await assert.rejects(go[1].put(key, value), /public key does not match storage key/)
      await assertHeldByNone(nodes, key)
    })
  })

  describe('values of a namespace of their own', () => {
    it('what js puts, Go gets', async () => {
      const key = bytes('/test/by js')
      const { stored, failed } = await js[1].services.dht.put(key, bytes('ok:1'))

      assert.deepEqual(failed, [])
      assert.deepEqual(stored.map(String).sort(), idsOf(nodes.others(js[1])))

      for (const node of go) {
        assert.equal(text(await node.get(key)), 'ok:1')
      }
    })

    it('what Go puts, js gets, and every js server holds it', async () => {
      const key = bytes('/test/by Go')
      await go[1].put(key, 'ok:1')

      for (const node of js) {
        assert.equal(text(await node.services.dht.get(key, { useCache: false })), 'ok:1')
      }

      await assertHeldByAll(js, key, bytes('ok:1'))
    })

    it('a newer value put by either replaces the older one at both', async () => {
      const key = bytes('/test/renewed')
      const everyone = async (): Promise<string[]> => Promise.all([
        ...js.map(async node => text(await node.services.dht.get(key, { useNetwork: false }))),
        ...go.map(async node => text(await node.get(key, { quorum: 0 })))
      ])

      await js[1].services.dht.put(key, bytes('ok:1'))
      await go[1].put(key, 'ok:2')
      assert.deepEqual(new Set(await everyone()), new Set(['ok:2']))

      const { failed } = await js[2].services.dht.put(key, bytes('ok:3'))
      assert.deepEqual(failed, [])
      assert.deepEqual(new Set(await everyone()), new Set(['ok:3']))
    })

    it('an older value is refused by both, with the reason, and changes nothing', async () => {
      const key = bytes('/test/not to be replaced')
      await js[1].services.dht.put(key, bytes('ok:2'))

      await assert.rejects(async () => js[2].services.dht.put(key, bytes('ok:1')), { name: 'InvalidRecordError', message: /better value is held/ })
      await assert.rejects(go[2].put(key, 'ok:1'), /can't replace a newer value with an older value/)

      assert.equal(text(await js[3].services.dht.get(key)), 'ok:2')
      assert.equal(text(await go[3].get(key)), 'ok:2')
    })

    it('an invalid value is refused by both, with the reason, and held by nobody', async () => {
      const key = bytes('/test/invalid')

      await assert.rejects(async () => js[1].services.dht.put(key, bytes('no')), { name: 'InvalidRecordError', message: /does not begin with ok:/ })
      await assert.rejects(go[1].put(key, 'no'), /a \/test value starts with "ok:"/)
      await assertHeldByNone(nodes, key)
    })

    it('a namespace that nobody knows is refused by both, with the reason', async () => {
      const key = bytes('/unheard-of/key')

      await assert.rejects(async () => js[1].services.dht.put(key, bytes('ok:1')), { name: 'InvalidParametersError', message: /no validator for the namespace "unheard-of"/ })
      await assert.rejects(async () => js[1].services.dht.get(key), { name: 'InvalidParametersError', message: /no validator for the namespace "unheard-of"/ })
      await assert.rejects(go[1].put(key, 'ok:1'), /invalid record keytype/)
    })
  })

  describe('providers', () => {
    Object.entries(CIDS).forEach(([name, cidOf]) => {
      it(`js provides ${name}: every Go server is told, and any Go node finds it with its addresses`, async () => {
        const cid = await cidOf('by js')
        const { stored, failed } = await js[1].services.dht.provide(cid)

        assert.deepEqual(failed, [])
        assert.deepEqual(stored.map(String).sort(), idsOf(nodes.others(js[1])))

        for (const node of go) {
          const [held] = await until('the announcement arrived', async () => {
            const held = await node.localProviders(cid)
            return held.length > 0 && held
          })
          assert.deepEqual({ peer: held.peer, addrs: held.addrs.sort() }, { peer: idOf(js[1]), addrs: addressesOf(js[1]) })
        }

        const found = await go[2].findProviders(cid)
        assert.deepEqual(found.map(({ peer, addrs }) => ({ peer, addrs: addrs.sort() })), [{ peer: idOf(js[1]), addrs: addressesOf(js[1]) }])
      })

      it(`Go provides ${name}: every js server is told, and any js node finds it with its addresses`, async () => {
        const cid = await cidOf('by Go')
        await go[1].provide(cid)

        for (const node of js) {
          await untilTrue(async () => (await node.services.dht.findProviders(cid, { useNetwork: false })).length > 0)
          const found = await node.services.dht.findProviders(cid, { useCache: false })

          assert.deepEqual(
            found.map(({ id, multiaddrs }) => ({ id: id.toString(), addrs: multiaddrs.map(String).sort() })),
            [{ id: go[1].peerId, addrs: addressesOf(go[1]) }]
          )
        }
      })
    })

    it('both find js and Go providers of the same content', async () => {
      const cid = await CIDS['a CIDv1 with sha2-256']('by both')
      await js[1].services.dht.provide(cid)
      await go[1].provide(cid)

      await untilTrue(async () => (await js[2].services.dht.findProviders(cid)).length === 2)
      await until('both were announced', async () => (await go[2].findProviders(cid)).length === 2)

      assert.deepEqual((await js[2].services.dht.findProviders(cid)).map(({ id }) => id.toString()).sort(), idsOf([js[1], go[1]]))
      assert.deepEqual((await go[2].findProviders(cid)).map(({ peer }) => peer).sort(), idsOf([js[1], go[1]]))
    })

    it('both find nobody for content that nobody provides', async () => {
      const cid = await CIDS['a CID with blake3']('of nobody')

      assert.deepEqual(await js[1].services.dht.findProviders(cid), [])
      assert.deepEqual(await go[1].findProviders(cid), [])
    })
  })
})

describe('twenty js and four Go servers in one network', () => {
  const nodes = new Nodes()

  before(async function () {
    this.timeout(START_TIMEOUT)
    await nodes.startServers({ js: 20, go: 4 })
    await nodes.join()
  })

  after(async () => { await nodes.stop() })

  it('js and Go find the true 20 nearest of the other 23, nearest first', async () => {
    for (let i = 0; i < 5; i++) {
      const key = bytes(`/test/key ${i}`)

      const js = nodes.js[i]
      const found = await js.services.dht.getClosestPeers(key)
      assert.deepEqual(found.map(({ id }) => id.toString()), nearest(nodes.others(js), key, K))

      const go = nodes.go[i % 4]
      assert.deepEqual(await go.closest(key), nearest(nodes.others(go), key, K))
    }
  })
})

function tableOf (node: TestNode): string[] {
  return node.services.dht.routingTable.peers().map(String).sort()
}

async function publicKeyRecord (type: typeof KEY_TYPES[number]): Promise<{ key: Uint8Array, value: Uint8Array }> {
  const generate = { Ed25519: async () => generateKeyPair('Ed25519'), secp256k1: async () => generateKeyPair('secp256k1'), RSA: async () => generateKeyPair('RSA', 2048) }
  const { publicKey } = await generate[type]()

  return { key: pkKey(publicKey), value: publicKeyToProtobuf(publicKey) }
}

function pkKey (publicKey: PublicKey): Uint8Array {
  return Buffer.concat([bytes('/pk/'), publicKey.toMultihash().bytes])
}

async function assertHeldByAll (js: TestNode[], key: Uint8Array, value: Uint8Array): Promise<void> {
  for (const node of js) {
    assert.deepEqual(Buffer.from(await node.services.dht.get(key, { useNetwork: false })), Buffer.from(value))
  }
}

async function assertHeldByNone ({ js, go }: Nodes, key: Uint8Array): Promise<void> {
  await assert.rejects(async () => js[0].services.dht.get(key), { name: 'NotFoundError' })
  await assert.rejects(go[0].get(key), /routing: not found/)
}
