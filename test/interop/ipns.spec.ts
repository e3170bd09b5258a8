import assert from 'node:assert/strict'
import { privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { bytes } from '../helpers/content.ts'
import { assertAllHold, assertNoneHolds, assertRefusedByAll, assertTimed, hex, holdings, plant, untilHeld } from './helpers/held.ts'
import { fields, makeInGo, makeInJs, NAME_TYPES, newName, read } from './helpers/ipns.ts'
import { makeFarFrom } from './helpers/nearest.ts'
import { idsOf, Nodes, START_TIMEOUT } from './helpers/nodes.ts'
import type { TestNode } from '../helpers/network.ts'
import type { GoNode } from './helpers/go-node.ts'

interface Invalid {
  /** why Go does not put it */
  goSays: RegExp
  make (): Promise<{ key: Uint8Array, value: Uint8Array }>
}

// Each node is among the nearest to any key: they are fewer than k.
describe('IPNS records in a network of four js and four Go servers', () => {
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

  describe('what one puts, the other reads', () => {
    NAME_TYPES.forEach(type => {
      it(`${type}: the routing key of a name is the same to both`, async () => {
        const { privateKey, key } = await newName(type)
        const made = await go[0].makeIpns(privateKeyToProtobuf(privateKey), fields(1, 'go'))

        assert.equal(hex(made.key), hex(key))
      })

      it(`${type}: js puts a record, all hold it, with the time that they got it, and Go reads what it says`, async () => {
        const name = await newName(type)
        const record = await makeInJs(name, fields(1, 'js'))
        const before = Date.now()
        const { stored, failed } = await js[1].services.dht.put(name.key, record)

        assert.deepEqual(failed, [])
        assert.deepEqual(stored.map(String).sort(), idsOf(nodes.others(js[1])))
        await assertAllHold(nodes, name.key, record)
        await assertTimed(nodes, name.key, before)
        assert.deepEqual(await go[1].resolveIpns(name.key), fields(1, 'js'))
      })

      it(`${type}: Go puts a record, all hold it, with the time that they got it, and js reads what it says`, async () => {
        const name = await newName(type)
        const record = await makeInGo(go[1], name, fields(1, 'go'))
        const before = Date.now()
        await go[1].put(name.key, record)

        await assertAllHold(nodes, name.key, record)
        await assertTimed(nodes, name.key, before)
        assert.deepEqual(read(await js[1].services.dht.get(name.key, { useCache: false })), fields(1, 'go'))
      })

      it(`${type}: Go finds a record that one js server alone holds, and js one that a Go server alone holds`, async () => {
        const first = await makeFarFrom([js[2]], nodes.all, newName, type)
        const second = await newName(type)
        assert.ok(await plant(nodes, js[2], first.key, await makeInJs(first, fields(1, 'js'))))
        assert.ok(await plant(nodes, go[2], second.key, await makeInGo(go[0], second, fields(1, 'go'))))

        assert.deepEqual(await go[1].resolveIpns(first.key), fields(1, 'js'))
        assert.deepEqual(read(await js[1].services.dht.get(second.key)), fields(1, 'go'))
      })
    })

    it('also without the signature of the first version', async () => {
      const [first, second] = await Promise.all([newName(), newName()])
      const byJs = await makeInJs(first, fields(1, 'js'), false)
      const byGo = await makeInGo(go[0], second, fields(1, 'go'), { v1Compatible: false })
      await js[1].services.dht.put(first.key, byJs)
      await go[1].put(second.key, byGo)

      await assertAllHold(nodes, first.key, byJs)
      await assertAllHold(nodes, second.key, byGo)
      assert.deepEqual(await go[2].resolveIpns(first.key), fields(1, 'js'))
      assert.deepEqual(read(await js[2].services.dht.get(second.key)), fields(1, 'go'))
    })
  })

  describe('one replaces another', () => {
    it('a higher sequence number a lower one, at all nodes, whoever puts it, though it ends earlier', async () => {
      const name = await newName()
      await js[1].services.dht.put(name.key, await makeInJs(name, fields(1, 'js')))

      const second = await makeInGo(go[1], name, fields(2, 'go', '2090-01-01T00:00:00Z'))
      await go[1].put(name.key, second)
      await assertAllHold(nodes, name.key, second)

      const third = await makeInJs(name, fields(3, 'js', '2080-01-01T00:00:00Z'))
      const { failed } = await js[2].services.dht.put(name.key, third)
      assert.deepEqual(failed, [])
      await assertAllHold(nodes, name.key, third)
    })

    it('of the same sequence number a later end an earlier one, at all nodes, whoever puts it', async () => {
      const name = await newName()
      await go[1].put(name.key, await makeInGo(go[1], name, fields(1, 'go', '2090-01-01T00:00:00.000000001Z')))

      const later = await makeInJs(name, fields(1, 'js', '2090-01-01T00:00:00.000000002Z'))
      const { failed } = await js[1].services.dht.put(name.key, later)
      assert.deepEqual(failed, [])
      await assertAllHold(nodes, name.key, later)

      const latest = await makeInGo(go[1], name, fields(1, 'go', '2090-01-01T00:00:00.000000003Z'))
      await go[2].put(name.key, latest)
      await assertAllHold(nodes, name.key, latest)
    })

    it('an older one is refused by all, whoever made it, and changes nothing', async () => {
      const name = await newName()
      const newer = await makeInJs(name, fields(2, 'js'))
      const older = [
        await makeInJs(name, fields(1, 'js')),
        await makeInGo(go[1], name, fields(1, 'go', '2200-01-01T00:00:00Z')),
        await makeInGo(go[1], name, fields(2, 'go', '2099-01-01T00:00:00Z'))
      ]
      const putsInJs = async (record: Uint8Array): Promise<unknown> => js[2].services.dht.put(name.key, record)
      await js[1].services.dht.put(name.key, newer)

      for (const record of older) {
        await assert.rejects(putsInJs(record), { name: 'InvalidRecordError', message: /better value is held/ })
        await assert.rejects(go[2].put(name.key, record), /can't replace a newer value with an older value/)
        await assertRefusedByAll(nodes, name.key, record)
      }

      await assertAllHold(nodes, name.key, newer)
    })

    it('of two that are as new as each other all keep the same one, in whichever order they came', async () => {
      const name = await makeFarFrom(js, nodes.all, newName)
      const both = [await makeInJs(name, fields(1, 'js')), await makeInGo(go[1], name, fields(1, 'go'))]
      const [greater, lesser] = both.sort((a, b) => Buffer.compare(b, a))

      for (const [i, node] of nodes.all.entries()) {
        const [first, second] = i % 2 === 0 ? [greater, lesser] : [lesser, greater]
        assert.ok(await plant(nodes, node, name.key, first))
        assert.equal(await plant(nodes, node, name.key, second), second === greater)
      }

      await assertAllHold(nodes, name.key, greater)
    })
  })

  describe('a get', () => {
    it('of a js node gives the newer record to a Go node that holds a stale one, and to all that hold none', async () => {
      const name = await makeFarFrom([js[2]], nodes.all, newName)
      const stale = await makeInGo(go[1], name, fields(1, 'go'))
      const newer = await makeInJs(name, fields(2, 'js'))
      assert.ok(await plant(nodes, go[2], name.key, stale))
      assert.ok(await plant(nodes, js[2], name.key, newer))
      assert.deepEqual(await holdings(nodes, name.key, [go[1], go[2], js[1], js[2]]), [undefined, hex(stale), undefined, hex(newer)])

      assert.equal(hex(await js[1].services.dht.get(name.key)), hex(newer))
      await untilHeld(nodes, name.key, newer, nodes.others(js[1]))
      assert.deepEqual(await go[2].resolveIpns(name.key), fields(2, 'js'))
    })

    it('of a Go node gives the newer record to a js node that holds a stale one, and to all that hold none', async () => {
      const name = await makeFarFrom([js[2]], nodes.all, newName)
      const stale = await makeInJs(name, fields(1, 'js'))
      const newer = await makeInGo(go[1], name, fields(2, 'go'))
      assert.ok(await plant(nodes, js[2], name.key, stale))
      assert.ok(await plant(nodes, go[2], name.key, newer))
      assert.deepEqual(await holdings(nodes, name.key, [js[1], js[2], go[1], go[2]]), [undefined, hex(stale), undefined, hex(newer)])

      assert.equal(hex(await go[1].get(name.key, { quorum: 0 })), hex(newer))
      await untilHeld(nodes, name.key, newer, nodes.others(go[1]))
    })

    it('of a js node that holds a stale record itself finds a Go node\'s newer one, which it holds from then on', async () => {
      const name = await makeFarFrom([js[1]], nodes.all, newName)
      const newer = await makeInGo(go[1], name, fields(2, 'go'))
      assert.ok(await plant(nodes, js[1], name.key, await makeInJs(name, fields(1, 'js'))))
      assert.ok(await plant(nodes, go[2], name.key, newer))

      assert.equal(hex(await js[1].services.dht.get(name.key)), hex(newer))
      await untilHeld(nodes, name.key, newer, nodes.all)
    })
  })

  describe('refused by all and held by none is a value that', () => {
    const invalid: Record<string, Invalid> = {
      'has ended, as js made it': {
        goSays: /record is expired/,
        make: async () => {
          const name = await newName()

          return { key: name.key, value: await makeInJs(name, fields(1, 'js', '2020-01-01T00:00:00Z')) }
        }
      },
      'has ended, as Go made it': {
        goSays: /record is expired/,
        make: async () => {
          const name = await newName()

          return { key: name.key, value: await makeInGo(go[0], name, fields(1, 'go', '2020-01-01T00:00:00Z')) }
        }
      },
      'is signed with the Ed25519 key of another name': {
        goSays: /signature verification failed/,
        make: async () => {
          const [name, other] = await Promise.all([newName(), newName()])

          return { key: other.key, value: await makeInGo(go[0], name, fields(1, 'go')) }
        }
      },
      'is signed with the RSA key of another name': {
        goSays: /public key does not match|did not match/,
        make: async () => {
          const [name, other] = await Promise.all([newName('RSA'), newName('RSA')])

          return { key: other.key, value: await makeInJs(name, fields(1, 'js')) }
        }
      },
      'was changed after it was signed': {
        goSays: /signature verification failed/,
        make: async () => {
          const name = await newName()
          const value = await makeInJs(name, fields(1, 'js'), false)
          const at = Buffer.from(value).indexOf('js.example')
          value.set(bytes('xx'), at)

          return { key: name.key, value }
        }
      },
      'is no record': {
        goSays: /malformed/,
        make: async () => ({ key: (await newName()).key, value: bytes('nonsense') })
      }
    }

    Object.entries(invalid).forEach(([title, { goSays, make }]) => {
      it(title, async () => {
        const { key, value } = await make()

        await assert.rejects(async () => js[1].services.dht.put(key, value), { name: 'InvalidRecordError', message: /^The value is not valid under its key/ })
        await assert.rejects(go[1].put(key, value), goSays)
        await assertRefusedByAll(nodes, key, value)
        await assertNoneHolds(nodes, key)
      })
    })
  })
})
