// Content routing between both implementations: of any multihash, one by one and by the sweep.

import assert from 'node:assert/strict'
import { blake2b } from '@noble/hashes/blake2.js'
import { blake3 } from '@noble/hashes/blake3.js'
import { sha256, sha512 } from '@noble/hashes/sha2.js'
import * as sha3 from '@noble/hashes/sha3.js'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import * as Digest from 'multiformats/hashes/digest'
import { bytes, cidsOf } from '../helpers/content.ts'
import { untilTrue } from '../helpers/network.ts'
import { randomNumbers, SEED } from '../helpers/random.ts'
import { addressesOf, idOf, idsOf, Nodes, START_TIMEOUT } from './helpers/nodes.ts'
import { until } from './helpers/until.ts'
import type { TestNode } from '../helpers/network.ts'
import type { GoNode } from './helpers/go-node.ts'

interface Kind {
  /** in the table of multicodec */
  code: number
  digest (content: Uint8Array): Uint8Array
}

const KINDS: Record<string, Kind> = {
  'sha2-256': { code: 0x12, digest: sha256 },
  'sha2-512': { code: 0x13, digest: sha512 },
  'blake2b-256': { code: 0xb220, digest: content => blake2b(content, { dkLen: 32 }) },
  blake3: { code: 0x1e, digest: content => blake3(content) },
  'sha3-256': { code: 0x16, digest: content => sha3.sha3_256(content) },
  'sha3-512': { code: 0x14, digest: content => sha3.sha3_512(content) },
  identity: { code: 0, digest: content => content },
  'identity of 80 bytes, as long as it may be,': { code: 0, digest: content => Uint8Array.from({ length: 78 }, (_, i) => content[i] ?? 0) }
}

function cidOf ({ code, digest }: Kind, content: string): CID {
  return CID.createV1(raw.code, Digest.create(code, digest(bytes(content))))
}

describe('content of three js and three Go servers in one network', () => {
  const nodes = new Nodes()
  let js: TestNode[]
  let go: GoNode[]

  before(async function () {
    this.timeout(START_TIMEOUT)
    await nodes.startServers({ js: 3, go: 3 })
    await nodes.join();
    ({ js, go } = nodes)
  })

  after(async () => { await nodes.stop() })

  async function untilHeldByGo (cid: CID, provider: TestNode): Promise<void> {
    await until('every Go server was told', async () => {
      const held = await Promise.all(go.map(async node => node.localProviders(cid)))

      return held.every(providers => providers.some(({ peer }) => peer === idOf(provider)))
    })
  }

  Object.entries(KINDS).forEach(([name, kind]) => {
    it(`under a ${name} multihash: Go finds what js provides, and js what Go provides`, async () => {
      const [theirs, ours] = [cidOf(kind, `${name} of Go`), cidOf(kind, `${name} of js`)]
      await go[0].provide(theirs)
      const { stored, failed } = await js[0].services.dht.provide(ours)
      assert.deepEqual(failed, [])
      assert.deepEqual(stored.map(String).sort(), idsOf(nodes.others(js[0])))

      await untilHeldByGo(ours, js[0])
      const [found] = await go[1].findProviders(ours)
      assert.deepEqual({ peer: found.peer, addrs: found.addrs.sort() }, { peer: idOf(js[0]), addrs: addressesOf(js[0]) })

      for (const node of js) {
        await untilTrue(async () => (await node.services.dht.findProviders(theirs, { useNetwork: false })).length > 0)
      }

      const [{ id, multiaddrs }] = await js[1].services.dht.findProviders(theirs, { useCache: false })
      assert.deepEqual({ id: id.toString(), addrs: multiaddrs.map(String).sort() }, { id: go[0].peerId, addrs: addressesOf(go[0]) })
    })
  })

  describe('two hundred CIDs that js announces by its sweep', function () {
    this.timeout(START_TIMEOUT)

    const cids = [...cidsOf(190, randomNumbers(SEED)), ...Object.entries(KINDS).map(([name, kind]) => cidOf(kind, `swept ${name}`))]

    it('are held by every Go server, and found by any, with few lookups', async () => {
      const { providing } = js[1].services.dht
      await providing.add(cids)
      await providing.announce()
      const { announced, failed, lookups, neverAnnounced } = providing.status()
      assert.deepEqual({ announced, failed, neverAnnounced }, { announced: cids.length, failed: 0, neverAnnounced: 0 })
      assert.ok(lookups < cids.length / 5, `${lookups} lookups`)

      for (const cid of cids) {
        await untilHeldByGo(cid, js[1])
      }

      for (const cid of cids.filter((_, i) => i % 10 === 0 || i >= 190)) {
        const [found] = await go[2].findProviders(cid, { count: 1 })
        assert.equal(found.peer, idOf(js[1]))
        assert.deepEqual(found.addrs.sort(), addressesOf(js[1]))
      }
    })

    it('are found among the providers of the same content that Go provides', async () => {
      await go[0].provide(cids[0])
      await until('both were announced', async () => (await go[1].findProviders(cids[0])).length === 2)
      await untilTrue(async () => (await js[2].services.dht.findProviders(cids[0])).length === 2)
      const found = await js[2].services.dht.findProviders(cids[0])
      assert.deepEqual(found.map(({ id }) => id.toString()).sort(), idsOf([js[1], go[0]]))
    })
  })
})
