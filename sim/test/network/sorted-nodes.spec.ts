import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../../test/helpers/random.ts'
import { nearestNodes } from '../../src/network/nearest-nodes.ts'
import { SimNode } from '../../src/network/node.ts'
import { Random } from '../../src/network/random.ts'
import { SortedNodes } from '../../src/network/sorted-nodes.ts'
import { HERE, idsOf } from '../helpers/nodes.ts'

describe('sorted nodes', () => {
  it('give the nearest as a look at all of them does, whoever has come and gone', () => {
    check(fc.property(fc.string(), fc.integer({ min: 0, max: 200 }), fc.nat(40), (seed, count, n) => {
      const random = new Random(seed)
      const sorted = new SortedNodes()
      const there = new Set<SimNode>()

      for (let i = 0; i < count; i++) {
        // every fifth shares most of its first word with one that is there
        const near = i % 5 === 4 ? random.pick([...there]) : undefined
        const node = new SimNode(`${i}`, near == null ? random.key() : random.keyInBucket(near.key, 20 + random.int(30)), HERE)
        sorted.add(node)
        there.add(node)

        if (random.chance(0.3)) {
          const gone = random.pick([...there])
          sorted.remove(gone)
          there.delete(gone)
        }
      }

      for (const target of [random.key(), ...[...there].slice(0, 3).map(({ key }) => key)]) {
        assert.deepEqual(idsOf(sorted.nearest(target, n)), idsOf(nearestNodes(there, target, n)))
      }

      assert.equal(sorted.size, there.size)
    }), 200)
  })

  it('are not fewer when one goes who was not there', () => {
    const random = new Random('1')
    const sorted = new SortedNodes()
    const [node, stranger] = ['node', 'stranger'].map(id => new SimNode(id, random.key(), HERE))
    sorted.remove(stranger)
    sorted.add(node)
    sorted.remove(stranger)

    assert.deepEqual(idsOf(sorted.nearest(stranger.key, 5)), ['node'])
  })
})
