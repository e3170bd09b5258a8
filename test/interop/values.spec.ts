import assert from 'node:assert/strict'
import { generateKeyPair, privateKeyToProtobuf, publicKeyToProtobuf } from '@libp2p/crypto/keys'
import { signedKey } from '../../src/values/signed/signed-key.ts'
import { bytes } from '../helpers/content.ts'
import { text } from './helpers/bytes.ts'
import { heldBy, plant } from './helpers/held.ts'
import { fields, makeInGo, makeInJs, NAME_TYPES, newName, read } from './helpers/ipns.ts'
import { idOf, idsOf, Nodes, peerIdOf, START_TIMEOUT } from './helpers/nodes.ts'
import { until } from './helpers/until.ts'
import type { AnyNode } from './helpers/nodes.ts'
import type { TestNode } from '../helpers/network.ts'
import type { GoNode } from './helpers/go-node.ts'

/** So few that each of them is among the nearest to any key. */
describe('values in a network of four js and four Go servers', () => {
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

  async function holdings (key: Uint8Array, of: AnyNode[] = nodes.all): Promise<Array<string | undefined>> {
    return Promise.all(of.map(async node => {
      const record = await heldBy(nodes, node, key)

      return record == null ? undefined : hex(record.value)
    }))
  }

  async function assertAllHold (key: Uint8Array, value: Uint8Array): Promise<void> {
    assert.deepEqual(await holdings(key), nodes.all.map(() => hex(value)))
  }

  async function untilAllHold (key: Uint8Array, value: Uint8Array): Promise<void> {
    await until('all hold it', async () => (await holdings(key)).every(held => held === hex(value)))
  }

  async function assertNoneHolds (key: Uint8Array): Promise<void> {
    assert.deepEqual(await holdings(key), nodes.all.map(() => undefined))
  }

  /** Each node is given it by a bare request. */
  async function assertRefusedByAll (key: Uint8Array, value: Uint8Array): Promise<void> {
    assert.deepEqual(await Promise.all(nodes.all.map(async node => plant(nodes, node, key, value))), nodes.all.map(() => false))
  }

  /** Of both kinds, for Go's records have the time, too, and in the same shape. */
  async function assertTimed (key: Uint8Array, earliest: number): Promise<void> {
    for (const node of nodes.all) {
      const { timeReceived = '' } = await heldBy(nodes, node, key) ?? {}
      assert.match(timeReceived, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/)
      const time = Date.parse(timeReceived.replace(/(\.\d{3})\d+/, '$1'))
      assert.ok(time >= earliest && time <= Date.now(), `${timeReceived} is not when ${idOf(node)} got it`)
    }
  }

  describe('/pk', () => {
    (['RSA', 'ECDSA'] as const).forEach(type => {
      it(`Go finds a public ${type} key that one js server alone holds`, async () => {
        const { key, value } = await publicKeyRecord(type)
        assert.ok(await plant(nodes, js[2], key, value))

        assert.deepEqual(hex(await go[1].get(key)), hex(value))
      })

      it(`js finds a public ${type} key that one Go server alone holds`, async () => {
        const { key, value } = await publicKeyRecord(type)
        assert.ok(await plant(nodes, go[2], key, value))

        assert.deepEqual(hex(await js[1].services.dht.get(key)), hex(value))
      })
    })
  })

  describe('/ipns', () => {
    NAME_TYPES.forEach(type => {
      it(`js puts a record of an ${type} key: all hold it, and Go reads what it says`, async () => {
        const name = await newName(type)
        const record = await makeInJs(name, fields(1, 'js'))
        const before = Date.now()
        const { stored, failed } = await js[1].services.dht.put(name.key, record)

        assert.deepEqual(failed, [])
        assert.deepEqual(stored.map(String).sort(), idsOf(nodes.others(js[1])))
        await assertAllHold(name.key, record)
        await assertTimed(name.key, before)
        assert.deepEqual(await go[1].resolveIpns(name.key), fields(1, 'js'))
      })

      it(`Go puts a record of an ${type} key: all hold it, and js reads what it says`, async () => {
        const name = await newName(type)
        const record = await makeInGo(go[1], name, fields(1, 'go'))
        const before = Date.now()
        await go[1].put(name.key, record)

        await assertAllHold(name.key, record)
        await assertTimed(name.key, before)
        assert.deepEqual(read(await js[1].services.dht.get(name.key, { useCache: false })), fields(1, 'go'))
      })
    })

    it('both name a record alike', async () => {
      for (const type of NAME_TYPES) {
        const { privateKey, key } = await newName(type)
        const made = await go[0].makeIpns(privateKeyToProtobuf(privateKey), fields(1, 'go'))

        assert.equal(hex(made.key), hex(key))
      }
    })

    it('Go finds a record that one js server alone holds, and js one that a Go server alone holds', async () => {
      const [first, second] = await Promise.all([newName(), newName()])
      assert.ok(await plant(nodes, js[2], first.key, await makeInJs(first, fields(1, 'js'))))
      assert.ok(await plant(nodes, go[2], second.key, await makeInGo(go[0], second, fields(1, 'go'))))

      assert.deepEqual(await go[1].resolveIpns(first.key), fields(1, 'js'))
      assert.deepEqual(read(await js[1].services.dht.get(second.key)), fields(1, 'go'))
    })

    it('records without the first version\'s signature are taken by both', async () => {
      const [first, second] = await Promise.all([newName(), newName()])
      const byJs = await makeInJs(first, fields(1, 'js'), false)
      const byGo = await makeInGo(go[0], second, fields(1, 'go'), { v1Compatible: false })
      await js[1].services.dht.put(first.key, byJs)
      await go[1].put(second.key, byGo)

      await assertAllHold(first.key, byJs)
      await assertAllHold(second.key, byGo)
      assert.deepEqual(await go[2].resolveIpns(first.key), fields(1, 'js'))
      assert.deepEqual(read(await js[2].services.dht.get(second.key)), fields(1, 'go'))
    })

    it('a higher sequence number replaces a lower one at all, whoever puts it', async () => {
      const name = await newName()
      await js[1].services.dht.put(name.key, await makeInJs(name, fields(1, 'js')))

      const second = await makeInGo(go[1], name, fields(2, 'go', '2090-01-01T00:00:00Z'))
      await go[1].put(name.key, second)
      await assertAllHold(name.key, second)

      const third = await makeInJs(name, fields(3, 'js', '2080-01-01T00:00:00Z'))
      const { failed } = await js[2].services.dht.put(name.key, third)
      assert.deepEqual(failed, [])
      await assertAllHold(name.key, third)
    })

    it('of the same sequence number a later end replaces an earlier one at all, whoever puts it', async () => {
      const name = await newName()
      await go[1].put(name.key, await makeInGo(go[1], name, fields(1, 'go', '2090-01-01T00:00:00.000000001Z')))

      const later = await makeInJs(name, fields(1, 'go', '2090-01-02T00:00:00.000000001Z'))
      const { failed } = await js[1].services.dht.put(name.key, later)
      assert.deepEqual(failed, [])
      await assertAllHold(name.key, later)

      const latest = await makeInGo(go[1], name, fields(1, 'go', '2090-01-03T00:00:00.000000001Z'))
      await go[2].put(name.key, latest)
      await assertAllHold(name.key, latest)
    })

    it('an older one is refused by all, and changes nothing', async () => {
      const name = await newName()
      const newer = await makeInJs(name, fields(2, 'js'))
      const older = [await makeInJs(name, fields(1, 'js')), await makeInGo(go[1], name, fields(1, 'go', '2200-01-01T00:00:00Z')), await makeInGo(go[1], name, fields(2, 'go', '2099-01-01T00:00:00Z'))]
      await js[1].services.dht.put(name.key, newer)

      for (const record of older) {
        await assert.rejects(async () => js[2].services.dht.put(name.key, record), { name: 'InvalidRecordError', message: /better value is held/ })
        await assert.rejects(go[2].put(name.key, record), /can't replace a newer value with an older value/)
        await assertRefusedByAll(name.key, record)
      }

      await assertAllHold(name.key, newer)
    })

    it('of two that are as new as each other, all keep the same one, in whichever order they come', async () => {
      const name = await newName()
      const same = fields(1, 'both')
      const records = [await makeInJs(name, same, true), await makeInJs(name, same, false)]

      for (const node of nodes.all) {
        await Promise.all(records.map(async record => plant(nodes, node, name.key, record)))
      }

      const greater = records.sort((a, b) => Buffer.compare(b, a))[0]
      await assertAllHold(name.key, greater)
    })

    const invalid: Record<string, () => Promise<{ key: Uint8Array, value: Uint8Array }>> = {
      'one that has ended, made by js': async () => {
        const name = await newName()

        return { key: name.key, value: await makeInJs(name, fields(1, 'js', '2020-01-01T00:00:00Z')) }
      },
      'one that has ended, made by Go': async () => {
        const name = await newName()

        return { key: name.key, value: await makeInGo(go[0], name, fields(1, 'go', '2020-01-01T00:00:00Z')) }
      },
      'one under the name of another': async () => {
        const [name, other] = await Promise.all([newName(), newName()])

        return { key: other.key, value: await makeInGo(go[0], name, fields(1, 'go')) }
      },
      'one under the name of another RSA key': async () => {
        const [name, other] = await Promise.all([newName('RSA'), newName('RSA')])

        return { key: other.key, value: await makeInJs(name, fields(1, 'js')) }
      },
      'one with a byte that was changed after it was signed': async () => {
        const name = await newName()
        const value = await makeInJs(name, fields(1, 'js'), false)
        value[value.byteLength - 1] ^= 1

        return { key: name.key, value }
      },
      'what is no record': async () => ({ key: (await newName()).key, value: bytes('nonsense') })
    }

    Object.entries(invalid).forEach(([title, make]) => {
      it(`${title}, is refused by all, and held by none`.replace(/^(what is no record|one under[^,]*|one with[^,]*),/, '$1'), async () => {
        const { key, value } = await make()

        await assert.rejects(async () => js[1].services.dht.put(key, value), { name: 'InvalidRecordError', message: /^The value is not valid under its key/ })
        await assert.rejects(go[1].put(key, value))
        await assertRefusedByAll(key, value)
        await assertNoneHolds(key)
      })
    })
  })

  describe('repair', () => {
    it('a Go node that holds a stale record gets the newer one after a js node\'s get, as do those that hold none', async () => {
      const name = await newName()
      const stale = await makeInGo(go[1], name, fields(1, 'go'))
      const newer = await makeInJs(name, fields(2, 'js'))
      assert.ok(await plant(nodes, go[2], name.key, stale))
      assert.ok(await plant(nodes, js[2], name.key, newer))
      assert.deepEqual(await holdings(name.key, [go[2], go[1]]), [hex(stale), undefined])

      assert.equal(hex(await js[1].services.dht.get(name.key)), hex(newer))
      await until('the others hold it, too', async () => (await holdings(name.key, nodes.others(js[1]))).every(held => held === hex(newer)))
    })

    it('a js node that holds a stale record gets the newer one after a Go node\'s get, as do those that hold none', async () => {
      const name = await newName()
      const stale = await makeInJs(name, fields(1, 'js'))
      const newer = await makeInGo(go[1], name, fields(2, 'go'))
      assert.ok(await plant(nodes, js[2], name.key, stale))
      assert.ok(await plant(nodes, go[2], name.key, newer))
      assert.deepEqual(await holdings(name.key, [js[2], js[1]]), [hex(stale), undefined])

      assert.equal(hex(await go[1].get(name.key, { quorum: 0 })), hex(newer))
      await until('the others hold it, too', async () => (await holdings(name.key, nodes.others(go[1]))).every(held => held === hex(newer)))
    })

    it('a js node that holds a stale record itself gets a Go node\'s newer one, and holds that from then on', async () => {
      const name = await newName()
      const newer = await makeInGo(go[1], name, fields(2, 'go'))
      assert.ok(await plant(nodes, js[1], name.key, await makeInJs(name, fields(1, 'js'))))
      assert.ok(await plant(nodes, go[2], name.key, newer))

      assert.equal(hex(await js[1].services.dht.get(name.key)), hex(newer))
      await untilAllHold(name.key, newer)
    })
  })

  describe('/sig, which Go does not know', () => {
    it('a record is published among Go nodes: those refuse it, and are said to; js nodes hold it', async () => {
      const { stored, failed } = await js[1].services.dht.records.publish('published', bytes('value'), { republish: false })

      assert.deepEqual(stored.map(String).sort(), idsOf(js.filter(node => node !== js[1])))
      assert.deepEqual(failed.map(({ peer }) => peer.toString()).sort(), idsOf(go))
      assert.deepEqual(new Set(failed.map(({ error }) => error.name)), new Set(['StreamResetError']))
    })

    it('is found by every js node all the same, and Go nodes keep their places in the table', async () => {
      await js[1].services.dht.records.publish('found', bytes('value'), { republish: false })

      for (const node of js) {
        const { value, owner, seq } = await node.services.dht.records.resolve(js[1].peerId, 'found', { useCache: false })

        assert.deepEqual({ value: text(value), owner: owner.toString() }, { value: 'value', owner: idOf(js[1]) })
        assert.ok(seq > 0n)
        assert.ok(go.every(other => node.services.dht.routingTable.has(peerIdOf(other))))
      }
    })

    it('is found where all but one js node, and all Go nodes, hold nothing', async () => {
      const { key, value } = await js[1].services.dht.records.publish('of one', bytes('value'), { republish: false }).then(async () => {
        const key = signedKey(js[1].peerId.toMultihash().bytes, 'of one')

        return { key, value: await js[1].services.dht.get(key, { useNetwork: false }) }
      })

      assert.equal(hex((await heldBy(nodes, js[2], key))?.value), hex(value))
      assert.deepEqual(await holdings(key, go), go.map(() => undefined))
    })

    it('a put of its bytes by another than the owner does the same', async () => {
      await js[1].services.dht.records.publish('put again', bytes('value'), { republish: false })
      const key = signedKey(js[1].peerId.toMultihash().bytes, 'put again')
      const value = await js[2].services.dht.get(key)
      const { stored, failed } = await js[3].services.dht.put(key, value)

      assert.deepEqual(stored.map(String).sort(), idsOf(js.filter(node => node !== js[3])))
      assert.deepEqual(failed.map(({ peer }) => peer.toString()).sort(), idsOf(go))
      assert.deepEqual(await holdings(key, go), go.map(() => undefined))
    })
  })
})

function hex (bytes: Uint8Array = new Uint8Array(0)): string {
  return Buffer.from(bytes).toString('hex')
}

async function publicKeyRecord (type: 'RSA' | 'ECDSA'): Promise<{ key: Uint8Array, value: Uint8Array }> {
  const { publicKey } = type === 'RSA' ? await generateKeyPair('RSA', 2048) : await generateKeyPair('ECDSA')

  return { key: Buffer.concat([bytes('/pk/'), publicKey.toMultihash().bytes]), value: publicKeyToProtobuf(publicKey) }
}
