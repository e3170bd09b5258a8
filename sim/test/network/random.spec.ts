import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { commonPrefixLength } from '../../../src/kademlia/key.ts'
import { check } from '../../../test/helpers/random.ts'
import { Random } from '../../src/network/random.ts'
import { World } from '../../src/world/world.ts'
import type { Key } from '../../../src/kademlia/key.ts'

const anySeed = fc.string({ maxLength: 12 })

describe('Random', () => {
  it('draws the same for the same seed, and something else for another', () => {
    check(fc.property(anySeed, seed => {
      assert.deepEqual(words(new Random(seed)), words(new Random(seed)))
      assert.notDeepEqual(words(new Random(seed)), words(new Random(`${seed}.`)))
    }))
  })

  it('draws for one purpose what it would if nothing were drawn for others', () => {
    check(fc.property(anySeed, fc.nat(50), (seed, drawn) => {
      const random = new Random(seed)
      const other = random.fork('other')
      words(random, drawn)
      words(other, drawn)

      assert.deepEqual(words(random.fork('purpose')), words(new Random(seed).fork('purpose')))
    }))
  })

  it('draws something else for each purpose', () => {
    const random = new Random('1')
    const first = Array.from({ length: 2_000 }, (_, i) => words(random.fork(i), 2).join())

    assert.equal(new Set(first).size, first.length)
  })

  it('makes a key that shares exactly so many bits, down to the last one', () => {
    check(fc.property(anySeed, fc.nat(255), (seed, shared) => {
      const random = new Random(seed)
      const near = random.key()

      assert.equal(commonPrefixLength(near, random.keyInBucket(near, shared)), shared)
    }), 500)
  })

  it('makes keys that are uniform in their bucket: every corner of it is met alike', () => {
    for (const shared of [0, 5, 30, 31, 32, 63, 100]) {
      const random = new Random(`uniform ${shared}`)
      const near = random.key()
      const corners = new Array<number>(16).fill(0)

      for (let i = 0; i < 1_600; i++) {
        corners[bits(random.keyInBucket(near, shared), shared + 1, 4)]++
      }

      // 100 are expected in each; five standard deviations are 48
      assert.ok(corners.every(count => count > 52 && count < 148), `${shared}: ${corners.join()}`)
    }
  })

  it('samples as many different ones as asked, or all, and each of them alike', () => {
    const random = new Random('sample')
    const items = Array.from({ length: 10 }, (_, i) => i)
    const met = new Array<number>(10).fill(0)

    for (let i = 0; i < 1_000; i++) {
      const sample = random.sample(items, 3)
      assert.equal(new Set(sample).size, 3)
      sample.forEach(item => { met[item]++ })
    }

    assert.deepEqual(random.sample(items, 20).sort(), items)
    assert.ok(met.every(count => count > 228 && count < 372), met.join())
  })

  it('takes more of the same when more are sampled', () => {
    const items = Array.from({ length: 100 }, (_, i) => i)

    assert.deepEqual(new Random('1').sample(items, 50).slice(0, 10), new Random('1').sample(items, 10))
  })

  it('gives every node of a network a key of its own', () => {
    // with seeds of 32 bits these two draw the same; of 100,000 nodes some do for most seeds
    const world = new World('741')
    const nodes = Array.from({ length: 900 }, () => world.addNode())

    assert.equal(new Set(nodes.map(({ key }) => key.join())).size, nodes.length)
  })
})

function words (random: Random, count = 8): number[] {
  return Array.from({ length: count }, () => random.word())
}

/** The `count` bits from `index` on, as a number. */
function bits (key: Key, index: number, count: number): number {
  let value = 0

  for (let i = index; i < index + count; i++) {
    value = value * 2 + ((key[i >>> 5] >>> (31 - i % 32)) & 1)
  }

  return value
}
