import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../../test/helpers/random.ts'
import { nearestNodes } from '../../src/network/nearest-nodes.ts'
import { SimNode } from '../../src/network/node.ts'
import { Random } from '../../src/network/random.ts'
import { NearestLists } from '../../src/world/nearest-lists.ts'
import { HERE, idsOf } from '../helpers/nodes.ts'

describe('lists of the nearest', () => {
  it('are the truth for each key after any comings and goings, and say for which keys a newcomer counts', () => {
    check(fc.property(fc.string(), fc.integer({ min: 1, max: 150 }), fc.integer({ min: 1, max: 30 }), (seed, count, n) => {
      const random = new Random(seed)
      const keys = Array.from({ length: 5 }, () => random.key())
      const lists = new NearestLists(keys, n)
      const there = new Set<SimNode>()

      for (let i = 0; i < count; i++) {
        const node = new SimNode(`${i}`, random.key(), HERE)
        there.add(node)
        assert.deepEqual(lists.add(node), [0, 1, 2, 3, 4].filter(i => nearestNodes(there, keys[i], n).includes(node)))

        if (random.chance(0.4)) {
          const gone = random.pick([...there])
          lists.remove(gone)
          there.delete(gone)
        }
      }

      keys.forEach((key, i) => { assert.deepEqual(idsOf(lists.of(i)), idsOf(nearestNodes(there, key, n))) })
    }), 60)
  })
})
