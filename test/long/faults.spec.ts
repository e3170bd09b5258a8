import assert from 'node:assert/strict'
import { compareDistance, keyOf } from '../../src/kademlia/key.ts'
import { Message } from '../../src/wire/dht.ts'
import { frame } from '../../src/wire/frame.ts'
import { encodePeer } from '../../src/wire/peer.ts'
import { encodeRecord } from '../../src/wire/record.ts'
import { address, hashedId } from '../helpers/contacts.ts'
import { bytes, cidOf } from '../helpers/content.ts'
import { boastful, confused, garbled, lying, resetting, silent, turn } from '../helpers/hostile.ts'
import { dhtStreams } from '../helpers/leaks.ts'
import { createAcquaintedNetwork, stopAll, untilTrue } from '../helpers/network.ts'
import { trulyNearest } from '../helpers/truth.ts'
import type { Misbehaviour } from '../helpers/hostile.ts'
import type { TestNode } from '../helpers/network.ts'

const SIZE = 16
const HOSTILE = 4
const K = 8

/** Peers that do not exist, all nearer to the key than anyone who does. */
function invented (key: Uint8Array, count: number): Uint8Array[] {
  const target = keyOf(key)

  return Array.from({ length: 2_000 }, (_, i) => hashedId(i))
    .map(multihash => ({ multihash, key: keyOf(multihash) }))
    .sort((a, b) => compareDistance(a.key, b.key, target))
    .slice(0, count)
    // nobody listens on the discard port
    .map(({ multihash }) => encodePeer(multihash, [address('/ip4/127.0.0.1/tcp/9')]))
}

describe('a network in which every fourth node misbehaves', function () {
  this.timeout(120_000)

  const KEY = bytes('/test/faults')

  /** Nobody who answers is too slow, however much else this machine does, unless it takes more than `minTimeout` ms. */
  async function withHostile (misbehave: Misbehaviour, run: (honest: TestNode[], hostile: TestNode[]) => Promise<void>, minTimeout = 8_000): Promise<void> {
    const nodes = await createAcquaintedNetwork(SIZE, { dht: { kBucketSize: K, networkDialTimeout: { minTimeout } } })
    const hostile = nodes.slice(-HOSTILE)
    const honest = nodes.slice(0, -HOSTILE)

    try {
      await honest[0].services.dht.put(KEY, bytes('ok:before'))
      await Promise.all(hostile.map(async node => turn(node, misbehave)))
      await run(honest, hostile)
    } finally {
      await stopAll(nodes)
    }
  }

  /** Every operation, from several nodes at once: what honest nodes hold is found, and only those who answer are. */
  async function assertWorks (honest: TestNode[], answering = honest): Promise<void> {
    await Promise.all(honest.slice(0, 4).map(async (node, i) => {
      const key = bytes(`/test/faults-${i}`)
      const cid = await cidOf(`faults ${i}`)
      const reader = honest[honest.length - 1 - i]

      const found = await node.services.dht.getClosestPeers(key)
      assert.deepEqual(
        found.map(({ id }) => id.toString()),
        trulyNearest(answering, key, K, node).map(({ peerId }) => peerId.toString())
      )

      assert.deepEqual(await node.services.dht.get(KEY, { useCache: false }), bytes('ok:before'))
      await node.services.dht.put(key, bytes(`ok:${i}`))
      assert.deepEqual(await reader.services.dht.get(key, { useCache: false }), bytes(`ok:${i}`))
      await node.services.dht.provide(cid)
      const providers = await reader.services.dht.findProviders(cid, { useCache: false })
      assert.ok(providers.some(({ id }) => id.equals(node.peerId)))
      assert.ok((await reader.services.dht.findPeer(node.peerId, { useCache: false })).id.equals(node.peerId))
    }))
  }

  it('works around nodes that never answer, and leaves no request waiting for them', async () => {
    await withHostile(silent, async (honest, hostile) => {
      await assertWorks(honest)

      for (const { peerId } of hostile) {
        // replies that nobody wants any more are waited for a little, for the sake of the stream
        await untilTrue(() => dhtStreams(honest[0], 'outbound', peerId).length === 0)
      }
      // every lookup waits as long for the silent ones
    }, 1_500)
  })

  for (const [name, misbehave] of Object.entries({ resetting, garbled, confused, boastful })) {
    it(`works around nodes that are ${name}`, async () => {
      await withHostile(misbehave, async honest => assertWorks(honest))
    })
  }

  it('is not led astray by invented peers', async () => {
    await withHostile(lying(({ key }) => ({ closer: invented(key, 2 * K) })), async (honest, hostile) => {
      await assertWorks(honest, [...honest, ...hostile])
    })
  })

  it('passes over those who are named with the id of no key', async () => {
    const nobody = encodePeer(Uint8Array.of(0, 3, 1, 2, 3), [address('/ip4/127.0.0.1/tcp/9')])

    await withHostile(lying(() => ({ closer: [nobody] })), async (honest, hostile) => assertWorks(honest, [...honest, ...hostile]))
  })

  it('takes the first of twenty thousand peers, and goes on', async () => {
    const crowd = Array.from({ length: 20_000 }, (_, i) => encodePeer(hashedId(i), [address('/ip4/127.0.0.1/tcp/9')]))

    await withHostile(({ type, key }, stream) => {
      stream.send(frame(Message.encode({ type, key: key as Uint8Array<ArrayBuffer>, closer: crowd as Array<Uint8Array<ArrayBuffer>> })))
    }, async honest => {
      assert.deepEqual(await honest[0].services.dht.get(KEY, { useCache: false }), bytes('ok:before'))
    })
  })

  it('believes no value that is invalid, of another key, or older, and still uses the peers that come with it', async () => {
    const lies: Array<Partial<Message>> = [
      { record: encodeRecord({ key: KEY, value: bytes('bad'), timeReceived: Date.now() }) as Uint8Array<ArrayBuffer> },
      { record: encodeRecord({ key: bytes('/test/other'), value: bytes('ok:zzz'), timeReceived: Date.now() }) as Uint8Array<ArrayBuffer> },
      { record: encodeRecord({ key: KEY, value: bytes('ok:a'), timeReceived: Date.now() }) as Uint8Array<ArrayBuffer> },
      { record: Uint8Array.from([0xff, 0xff, 0xff]) },
      { record: new Uint8Array() }
    ]
    let next = 0

    await withHostile(lying(() => lies[next++ % lies.length]), async honest => {
      for (const node of honest) {
        assert.deepEqual(await node.services.dht.get(KEY, { useCache: false }), bytes('ok:before'))
      }
    })
  })

  it('counts no one as a holder that does not hold what it was given', async () => {
    await withHostile(lying(() => ({})), async (honest, hostile) => {
      const { stored, failed } = await honest[1].services.dht.put(bytes('/test/truth'), bytes('ok:1'))
      const hostileIds = hostile.map(({ peerId }) => peerId.toString())

      assert.ok(stored.length > 0)
      assert.ok(stored.every(id => !hostileIds.includes(id.toString())))
      assert.ok(failed.length > 0)
      assert.ok(failed.every(({ peer, error }) => hostileIds.includes(peer.toString()) && error.name === 'QueryError'))
    })
  })
})
