import assert from 'node:assert/strict'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { bytes } from '../helpers/content.ts'
import { createAcquaintedNetwork, stopAll } from '../helpers/network.ts'
import { keyFor } from '../helpers/signed-records.ts'
import { trulyNearest } from '../helpers/truth.ts'
import type { TestNode } from '../helpers/network.ts'

const WRITERS = 10
const CHANGES = 3
const K = 6

describe('writers of one signed record', function () {
  this.timeout(120_000)

  let nodes: TestNode[]

  before(async () => {
    nodes = await createAcquaintedNetwork(2 * K, { dht: { kBucketSize: K, networkDialTimeout: { minTimeout: 8_000 } } })
  })

  after(async () => {
    await stopAll(nodes)
  })

  it('ten of them lose no update that was acknowledged, when all of them write at once', async () => {
    const privateKey = await generateKeyPair('Ed25519')
    const owner = peerIdFromPrivateKey(privateKey)
    const acknowledged: string[] = []

    /** Adds an entry, and tries again until it is told that it is there. */
    const add = async ({ services: { dht } }: TestNode, entry: string): Promise<void> => {
      for (;;) {
        try {
          // an attempt that was given up may have left its entry there: it is taken out, and made again
          await dht.records.update('list', value => bytes([...entriesIn(value).filter(other => other !== entry), entry].join()), { privateKey, republish: false })
          acknowledged.push(entry)
          return
        } catch (error: any) {
          assert.equal(error.name, 'RecordConflictError')
        }
      }
    }

    await Promise.all(nodes.slice(0, WRITERS).map(async (node, writer) => {
      for (let change = 0; change < CHANGES; change++) {
        await add(node, `${writer}.${change}`)
      }
    }))

    assert.equal(acknowledged.length, WRITERS * CHANGES)

    for (const { services: { dht } } of nodes) {
      const { value, seq } = await dht.records.resolve(owner, 'list')
      assert.deepEqual(acknowledged.filter(entry => !entriesIn(value).includes(entry)), [])
      assert.ok(seq >= WRITERS * CHANGES)
    }
  })

  it('one that was too late leaves nothing of its own where others read', async () => {
    const privateKey = await generateKeyPair('Ed25519')
    const owner = peerIdFromPrivateKey(privateKey)
    const options = { privateKey, republish: false }
    // the late one holds the record for others, too, and as it signs last its record is the higher one
    const [late, early, ...readers] = trulyNearest(nodes, keyFor(privateKey, 'late'), nodes.length)
    await late.services.dht.records.publish('late', bytes('first'), options)
    let calls = 0

    await late.services.dht.records.update('late', async value => {
      if (++calls === 1) {
        await early.services.dht.records.update('late', value => bytes([...entriesIn(value), 'early'].join()), options)
      } else {
        for (const { services: { dht } } of readers) {
          assert.deepEqual((await dht.records.resolve(owner, 'late')).value, bytes('first,early'))
        }
      }

      return bytes([...entriesIn(value), 'late'].join())
    }, options)

    assert.equal(calls, 2)
    assert.deepEqual((await readers[0].services.dht.records.resolve(owner, 'late')).value, bytes('first,early,late'))
  })
})

function entriesIn (value: Uint8Array | undefined): string[] {
  return value == null ? [] : new TextDecoder().decode(value).split(',')
}
