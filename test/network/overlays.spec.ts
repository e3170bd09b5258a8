import assert from 'node:assert/strict'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { MemoryDatastore } from 'datastore-core'
import { readEntry, signEntry } from '../../src/values/overlay/member-entry.ts'
import { encodeSet, members } from '../../src/values/overlay/member-set.ts'
import { overlayKey } from '../../src/values/overlay/overlay-key.ts'
import { toPeerId } from '../../src/wire/peer.ts'
import { bytes } from '../helpers/content.ts'
import { createAcquaintedNetwork, createNode, stopAll, untilTrue } from '../helpers/network.ts'
import { trulyNearest } from '../helpers/truth.ts'
import type { TestNode, TestNodeInit } from '../helpers/network.ts'

const SIZE = 12
const K = 6
const HOUR = 3_600_000

/** What was published is due again at once: at the next start, then. */
const INIT: TestNodeInit = { dht: { kBucketSize: K, networkDialTimeout: { minTimeout: 8_000 }, republish: { validity: 1 } } }

describe('overlays on real nodes', function () {
  this.timeout(60_000)

  let nodes: TestNode[]

  before(async () => {
    nodes = await createAcquaintedNetwork(SIZE, INIT)
  })

  after(async () => {
    await stopAll(nodes)
  })

  async function memberIds ({ services: { dht } }: TestNode, overlay: Uint8Array): Promise<string[]> {
    return (await dht.overlays.members(overlay)).map(({ id }) => id.toString()).sort()
  }

  it('have all members that joined at once, for every node and on every holder, and those that are left when one leaves', async () => {
    const overlay = bytes('everybody')
    const results = await Promise.all(nodes.map(async ({ services: { dht } }) => dht.overlays.join(overlay)))
    assert.ok(results.every(({ stored, failed }) => stored.length === K && failed.length === 0))

    for (const node of nodes) {
      assert.deepEqual(await memberIds(node, overlay), idsOf(nodes))
    }

    for (const holder of trulyNearest(nodes, overlayKey(overlay), K)) {
      assert.deepEqual(await held(holder, overlay), idsOf(nodes))
    }

    const [leaver, ...others] = nodes
    await leaver.services.dht.overlays.leave(overlay)

    for (const node of nodes) {
      assert.deepEqual(await memberIds(node, overlay), idsOf(others))
    }

    // and comes back
    await leaver.services.dht.overlays.join(overlay)
    assert.deepEqual(await memberIds(others[0], overlay), idsOf(nodes))
  })

  it('come together from holders that have one member each, and every holder has all of them after a look', async () => {
    const overlay = bytes('apart')
    const key = overlayKey(overlay)
    const holders = trulyNearest(nodes, key, K)
    const signers = await Promise.all(holders.map(async () => generateKeyPair('Ed25519')))

    await Promise.all(holders.map(async ({ services: { dht } }, i) => {
      const now = Date.now()
      const entry = await signEntry({ overlay, version: BigInt(now), expires: now + HOUR, left: false }, signers[i])

      return dht.put(key, encodeSet([readEntry(entry)]), { useNetwork: false })
    }))

    for (const holder of holders) {
      assert.equal((await held(holder, overlay)).length, 1)
    }

    const reader = nodes.find(node => !holders.includes(node)) as TestNode
    const found = await memberIds(reader, overlay)
    assert.equal(found.length, K)
    await untilTrue(async () => (await Promise.all(holders.map(async holder => held(holder, overlay)))).every(ids => ids.length === K))
  })

  it('do not take a member back when its old entry is put again', async () => {
    const overlay = bytes('left')
    const key = overlayKey(overlay)
    const [member, hostile] = nodes
    await member.services.dht.overlays.join(overlay)
    const old = await hostile.services.dht.get(key)
    await member.services.dht.overlays.leave(overlay)
    await hostile.services.dht.put(key, old).catch(() => {})

    for (const node of nodes) {
      assert.deepEqual(await memberIds(node, overlay), [])
    }
  })

  it('are empty when nobody is in them', async () => {
    assert.deepEqual(await nodes[0].services.dht.overlays.members(bytes('nobody')), [])
  })

  it('get a member\'s new entry when it starts again on the same datastore, unless it has left', async () => {
    const [stayed, left] = [bytes('stayed'), bytes('was left')]
    const datastore = new MemoryDatastore()
    const privateKey = await generateKeyPair('Ed25519')
    const [, ...readers] = nodes
    const [{ services: { dht } }] = readers
    const before = await createNode({ ...INIT, datastore, privateKey })
    await before.dial(nodes[0].getMultiaddrs())
    await before.services.dht.overlays.join(stayed)
    await before.services.dht.overlays.join(left)
    await before.services.dht.overlays.leave(left)
    const [{ version }] = await dht.overlays.members(stayed)
    await before.stop()

    const again = await createNode({ ...INIT, datastore, privateKey })

    try {
      await again.dial(nodes[0].getMultiaddrs())
      await untilTrue(async () => {
        const [member] = await dht.overlays.members(stayed)

        return member.version > version
      })
      assert.deepEqual(await memberIds(readers[0], stayed), idsOf([again]))
      assert.deepEqual(await memberIds(readers[0], left), [])
    } finally {
      await again.stop()
    }
  })
})

/** Who is in it, as far as this node knows. */
async function held ({ services: { dht } }: TestNode, overlay: Uint8Array): Promise<string[]> {
  const value = await dht.get(overlayKey(overlay), { useNetwork: false })

  return members(value, Date.now()).map(({ member }) => toPeerId({ multihash: member }).toString()).sort()
}

function idsOf (nodes: TestNode[]): string[] {
  return nodes.map(({ peerId }) => peerId.toString()).sort()
}
