import assert from 'node:assert/strict'
import { publicKeyToProtobuf } from '@libp2p/crypto/keys'
import { signedKey } from '../../src/values/signed/signed-key.ts'
import { bytes } from '../helpers/content.ts'
import { HOUR, keyFor, privateKeyOf, signedBy } from '../helpers/signed-records.ts'
import { text } from './helpers/bytes.ts'
import { assertNoneHolds, hex, holdings, plant, untilHeld } from './helpers/held.ts'
import { makeFarFrom } from './helpers/nearest.ts'
import { idOf, idsOf, Nodes, peerIdOf, START_TIMEOUT } from './helpers/nodes.ts'
import type { TestNode } from '../helpers/network.ts'
import type { GoNode } from './helpers/go-node.ts'

// Each node is among the nearest to any key: they are fewer than k. What both put under `/pk` is in network.spec.ts.
describe('public keys and signed records in a network of four js and four Go servers', () => {
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

  describe('/pk', () => {
    (['RSA', 'Ed25519'] as const).forEach(type => {
      it(`Go finds a public ${type} key that one js server alone holds`, async () => {
        const { key, value } = await makeFarFrom([js[2]], nodes.all, publicKeyRecord, type)
        assert.ok(await plant(nodes, js[2], key, value))

        assert.equal(hex(await go[1].get(key)), hex(value))
      })

      it(`js finds a public ${type} key that one Go server alone holds`, async () => {
        const { key, value } = await publicKeyRecord(type)
        assert.ok(await plant(nodes, go[2], key, value))

        assert.equal(hex(await js[1].services.dht.get(key)), hex(value))
      })
    })

    it('Go finds the public key of a js server, which nobody has put', async () => {
      const { key, value } = await publicKeyRecord(js[2].peerId.publicKey)

      assert.equal(hex(await go[1].get(key)), hex(value))
    })
  })

  describe('/sig, which Go does not know', () => {
    function assertGoRefused (failed: Array<{ peer: object, error: Error }>): void {
      assert.deepEqual(failed.map(({ peer, error }) => `${String(peer)} ${error.name}`).sort(), idsOf(go).map(id => `${id} StreamResetError`))
    }

    it('what js publishes is held by the other js servers, and it is told which Go servers refused it', async () => {
      const { stored, failed } = await js[1].services.dht.records.publish('published', bytes('value'), { republish: false })

      assert.deepEqual(stored.map(String).sort(), idsOf(js.filter(node => node !== js[1])))
      assertGoRefused(failed)
    })

    it('what js publishes is found by every js server, and all Go servers keep their places in its table', async () => {
      const { seq } = await js[1].services.dht.records.publish('found', bytes('value'), { republish: false })

      for (const node of js) {
        const found = await node.services.dht.records.resolve(js[1].peerId, 'found', { useCache: false })

        assert.deepEqual({ owner: found.owner.toString(), value: text(found.value), seq: found.seq }, { owner: idOf(js[1]), value: 'value', seq })
        assert.ok(go.every(other => node.services.dht.routingTable.has(peerIdOf(other))))
      }
    })

    it('what one js server alone holds is found, and then held by all js servers and no Go server', async () => {
      const { key, value } = await makeFarFrom([js[2]], nodes.all, foreignRecord)
      assert.ok(await plant(nodes, js[2], key, value))
      assert.deepEqual(await holdings(nodes, key, [js[1], js[3]]), [undefined, undefined])

      assert.equal(hex(await js[1].services.dht.get(key)), hex(value))
      await untilHeld(nodes, key, value, [js[0], js[2], js[3]])
      await assertNoneHolds(nodes, key, go)
    })

    it('its bytes can be put by another than its owner, with the same result', async () => {
      const { key, value } = await foreignRecord()
      const { stored, failed } = await js[3].services.dht.put(key, value)

      assert.deepEqual(stored.map(String).sort(), idsOf(js.filter(node => node !== js[3])))
      assertGoRefused(failed)
      await assertNoneHolds(nodes, key, go)
    })

    it('no Go server gives one out, and Go finds none, for it cannot tell whether one is valid', async () => {
      await js[1].services.dht.records.publish('asked for', bytes('value'), { republish: false })
      const key = signedKey(js[1].peerId.toMultihash().bytes, 'asked for')

      await assertNoneHolds(nodes, key, go)
      await assert.rejects(go[1].get(key), /not found/)
    })
  })
})

async function publicKeyRecord (of: 'RSA' | 'Ed25519' | TestNode['peerId']['publicKey']): Promise<{ key: Uint8Array, value: Uint8Array }> {
  const publicKey = typeof of === 'string' ? (await privateKeyOf(of)).publicKey : of
  assert.ok(publicKey != null)

  return { key: Buffer.concat([bytes('/pk/'), publicKey.toMultihash().bytes]), value: publicKeyToProtobuf(publicKey) }
}

/** A record of an owner that is no node of the network. */
async function foreignRecord (): Promise<{ key: Uint8Array, value: Uint8Array }> {
  const owner = await privateKeyOf('Ed25519')

  return { key: keyFor(owner), value: await signedBy(owner, { expires: Date.now() + HOUR }) }
}
