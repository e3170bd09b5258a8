import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CONFIG } from '../../src/network/config.ts'
import { nearestNodes } from '../../src/network/nearest-nodes.ts'
import { RULES } from '../../src/policies/index.ts'
import { join } from '../../src/world/join.ts'
import { keepUp } from '../../src/world/upkeep.ts'
import { World, createWorld } from '../../src/world/world.ts'
import type { SimNode } from '../../src/network/node.ts'
import type { Upkeep } from '../../src/world/join.ts'

const MINUTE = 60_000

function upkeepOf (world: World): Upkeep {
  return { network: world.network, random: world.random.fork('test'), rules: RULES.ours }
}

function knownOfNearest (world: World, node: SimNode): number {
  return nearestNodes(world.nodes.filter(other => other !== node), node.key, CONFIG.k).filter(({ id }) => node.table.has(id)).length
}

describe('a node that joins', () => {
  it('knows its own neighbourhood and all parts of the network by what its seeds lead it to', () => {
    const world = createWorld('1', 200, 'filled')
    const node = world.addNode()
    let done = 0
    join(upkeepOf(world), node, world.nodes.slice(0, 3), () => { done++ })
    world.clock.run()

    assert.equal(done, 1)
    assert.ok(knownOfNearest(world, node) >= 19)
    assert.deepEqual([...node.table.buckets()].slice(0, 3).map(({ commonPrefixLength }) => commonPrefixLength), [0, 1, 2])
    assert.ok(node.table.size > 60, `${node.table.size}`)
  })

  it('is known to its neighbours afterwards', () => {
    const world = createWorld('1', 200, 'filled')
    const node = world.addNode()
    join(upkeepOf(world), node, world.nodes.slice(0, 3))
    world.clock.run()

    assert.ok(nearestNodes(world.nodes.filter(other => other !== node), node.key, 5).every(({ table }) => table.has(node.id)))
  })

  it('is done, with nobody, when none of its seeds answers', () => {
    const world = new World('1')
    const [node, ...seeds] = Array.from({ length: 4 }, () => world.addNode())
    seeds.forEach(seed => { seed.health = 'refusing' })
    let done = 0
    join(upkeepOf(world), node, seeds, () => { done++ })
    world.clock.run()

    assert.equal(done, 1)
    assert.equal(node.table.size, 0)
  })

  it('is done when it has no seed, as the first one has', () => {
    const world = new World('1')
    let done = 0
    join(upkeepOf(world), world.addNode(), [], () => { done++ })

    assert.equal(done, 1)
  })

  it('by the rules of a rival gets a table too', () => {
    for (const rules of [RULES.go, RULES.js, RULES.rust]) {
      const world = createWorld('1', 100, 'filled')
      const node = world.addNode()
      join({ ...upkeepOf(world), rules }, node, world.nodes.slice(0, 3))
      world.clock.run()

      assert.ok(knownOfNearest(world, node) >= 19, rules.name)
    }
  })
})

describe('upkeep', () => {
  it('goes on until it is told to end, and not for one that is down', () => {
    const world = createWorld('1', 50, 'filled')
    const [one, two] = world.nodes
    const end = world.clock.now + 30 * MINUTE
    keepUp(upkeepOf(world), one, end)
    keepUp(upkeepOf(world), two)
    world.clock.run(world.clock.now + MINUTE)
    two.health = 'vanished'
    world.clock.run()

    assert.ok(world.clock.now > end && world.clock.now < end + 15 * MINUTE)
  })

  it('forgets one that is gone, which nobody asked for, within 15 minutes', () => {
    const world = createWorld('1', 50, 'filled')
    const [node] = world.nodes
    const [{ peer: gone }] = node.table.entries()
    gone.health = 'refusing'
    world.network.disconnect(gone)
    keepUp(upkeepOf(world), node, world.clock.now + 15 * MINUTE)
    world.clock.run()

    assert.equal(node.table.has(gone.id), false)
  })
})

describe('a network', () => {
  it('is made by the joins of its nodes: each first meets seeds among those that were there before', () => {
    const met = new Map<string, string>()
    createWorld('1', 60, 'joined', {
      onRequest: (to, from) => {
        if (!met.has(from.id)) {
          met.set(from.id, to.id)
        }
      }
    })

    met.delete('0')

    assert.equal(met.size, 59)
    assert.ok([...met].every(([from, to]) => parseInt(to, 36) < parseInt(from, 36)))
  })

  it('is the same for the same seed, and another for another', () => {
    const print = (seed: string): string => createWorld(seed, 60, 'joined').nodes
      .map(({ key, table }) => `${key.join()} ${[...table.entries()].map(({ peer }) => peer.id).join()}`).join('\n')

    assert.equal(print('1'), print('1'))
    assert.notEqual(print('1'), print('2'))
  })
})
