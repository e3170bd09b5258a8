import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { distanceShare } from '../../../src/kademlia/key.ts'
import { searchRegion } from '../../src/measure/region-search.ts'
import { collude } from '../../src/network/behaviours.ts'
import { CONFIG } from '../../src/network/config.ts'
import { nearestNodes } from '../../src/network/nearest-nodes.ts'
import { isHonest } from '../../src/network/node.ts'
import { RULES } from '../../src/policies/index.ts'
import { join } from '../../src/world/join.ts'
import { createWorld } from '../../src/world/world.ts'

const SIZE = { peers: 300, error: 0.07 }
const WORLD = createWorld('1', 300, 'filled')
const [FROM] = WORLD.nodes
const TARGET = WORLD.random.fork('target').key()
const NEAREST = nearestNodes(WORLD.nodes.filter(node => node !== FROM), TARGET, CONFIG.k)

/** Hostile nodes nearer to the target than any other. */
function crowd (count: number): void {
  const random = WORLD.random.fork('crowd')
  const hostile = Array.from({ length: count }, () => WORLD.addNode(random.keyInBucket(TARGET, 14)))

  for (const node of hostile) {
    join({ network: WORLD.network, random, rules: RULES.ours }, node, random.sample(WORLD.nodes.slice(0, 300), 3))
    WORLD.clock.run()
  }

  const behaviour = collude(hostile)
  hostile.forEach(node => { node.behaviour = behaviour })
}

describe('a search of the region of a key', () => {
  it('is one lookup where nobody crowds it, in auto mode', () => {
    const { lookups, searched, nearest, others } = searchRegion(WORLD, { label: 'peace', from: FROM, target: TARGET }, 'auto', SIZE)

    assert.deepEqual({ lookups, searched, others }, { lookups: 1, searched: false, others: [] })
    assert.deepEqual(nearest.map(({ id }) => id), NEAREST.map(({ id }) => id))
  })

  it('finds the honest nodes that hostile ones hide', () => {
    crowd(30)
    const task = { label: 'attack', from: FROM, target: TARGET }
    const hidden = searchRegion(WORLD, task, 'off', SIZE)
    const { lookups, searched, nearest, others, messages, ms } = searchRegion(WORLD, task, 'auto', SIZE)
    const found = [...nearest, ...others].filter(isHonest)

    assert.equal(hidden.nearest.filter(isHonest).length, 0)
    assert.equal(searched, true)
    const there = NEAREST.filter(({ key }) => distanceShare(key, TARGET) < CONFIG.k / SIZE.peers)

    assert.ok(there.length > 5)
    assert.ok(there.every(node => found.includes(node)))
    assert.ok(lookups <= 5)
    assert.ok(messages > hidden.messages && ms > hidden.ms)
  })
})
