import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { nearestNodes } from '../../src/network/nearest-nodes.ts'
import { Vicinity } from '../../src/world/vicinity.ts'
import { World } from '../../src/world/world.ts'
import { idsOf } from '../helpers/nodes.ts'
import type { Key } from '../../../src/kademlia/key.ts'
import type { SimNode } from '../../src/network/node.ts'

const MINUTE = 60_000
const NOTICED = 10 * MINUTE
const SIZE = 200
const K = 20

function build (): { world: World, keys: Key[], vicinity: Vicinity } {
  const world = new World('vicinity')
  const random = world.random.fork('keys')
  const keys = Array.from({ length: 10 }, () => random.key())

  return { world, keys, vicinity: new Vicinity(world, SIZE, keys, NOTICED) }
}

function there ({ nodes }: World, vicinity: Vicinity): SimNode[] {
  return nodes.filter(node => vicinity.isUp(node))
}

describe('the vicinity of keys', () => {
  it('is known to all in the beginning', () => {
    const { world, keys, vicinity } = build()

    keys.forEach((key, i) => { assert.deepEqual(idsOf(vicinity.known(i).slice(0, K)), idsOf(nearestNodes(world.nodes, key, K))) })
  })

  it('is as it is for lookups at any time, and for those who live there as it was ten minutes ago', () => {
    const { world, keys, vicinity } = build()

    for (let hours = 0; hours < 6; hours++) {
      const then = there(world, vicinity)
      world.clock.run(world.clock.now + NOTICED)
      const now = there(world, vicinity)
      assert.notDeepEqual(idsOf(then), idsOf(now))

      keys.forEach((key, i) => {
        assert.deepEqual(idsOf(vicinity.nearest(i)), idsOf(nearestNodes(now, key, K)))
        assert.deepEqual(idsOf(vicinity.known(i).slice(0, K)), idsOf(nearestNodes(then, key, K)))
      })
    }
  })

  it('tells of each newcomer once, for each key that it is near, when those there have noticed it', () => {
    const { world, keys, vicinity } = build()
    const told: string[] = []
    const joined = new Map<string, number>()

    vicinity.onNewcomer = (node, i) => {
      told.push(`${node.id} ${i}`)
      joined.set(node.id, world.clock.now)
      assert.ok(vicinity.known(i).includes(node))
    }
    world.clock.run(world.clock.now + 3 * 60 * MINUTE)

    assert.ok(told.length > 50, `${told.length}`)
    assert.equal(new Set(told).size, told.length)
    // whoever was there in the beginning is no newcomer, and who has just come is not noticed yet
    assert.ok([...joined.keys()].every(id => Number.parseInt(id, 36) >= SIZE))
    keys.forEach((_, i) => {
      const newcomers = vicinity.known(i).slice(0, K).filter(({ id }) => Number.parseInt(id, 36) >= SIZE)
      newcomers.forEach(({ id }) => { assert.ok(told.includes(`${id} ${i}`)) })
    })
  })

  it('is found by lookups but for one peer in 500, in whose place the next one comes', () => {
    const { world, vicinity } = build()
    const random = world.random.fork('lookups')
    let missed = 0

    for (let i = 0; i < 5_000; i++) {
      const found = vicinity.lookUp(i % 10, random)
      const nearest = vicinity.nearest(i % 10)
      assert.equal(found.length, K)
      missed += nearest.filter(node => !found.includes(node)).length
    }

    // 200 are expected, five standard deviations are 70
    assert.ok(Math.abs(missed - 200) < 70, `${missed}`)
  })
})
