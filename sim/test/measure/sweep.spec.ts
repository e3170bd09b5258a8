import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sweep } from '../../src/measure/sweep.ts'
import { CONFIG } from '../../src/network/config.ts'
import { nearestNodes } from '../../src/network/nearest-nodes.ts'
import { createWorld } from '../../src/world/world.ts'

const WORLD = createWorld('1', 300, 'filled')
const [FROM] = WORLD.nodes
const OTHERS = WORLD.nodes.slice(1)

describe('a sweep', () => {
  it('gives each key to its nearest, whatever their order, for a lookup for every ten nodes at the most', () => {
    const random = WORLD.random.fork('keys')
    const keys = Array.from({ length: 1_000 }, () => random.key())
    const given = new Map<string, string[]>()
    const { lookups, messages, dropped } = sweep(WORLD, FROM, keys, (key, nearest) => { given.set(key.join(), nearest.map(({ id }) => id)) })
    const right = keys.filter(key => given.get(key.join())?.join() === nearestNodes(OTHERS, key, CONFIG.k).map(({ id }) => id).join())

    assert.equal(given.size, keys.length)
    assert.ok(right.length > 0.99 * keys.length)
    assert.ok(lookups <= 30)
    assert.ok(messages < 30 * lookups)
    assert.equal(dropped, 0)
  })

  it('says how many keys it could give to nobody', () => {
    const alone = WORLD.createNode(1_000)

    assert.deepEqual(sweep(WORLD, alone, [WORLD.random.key(), WORLD.random.key()], () => { assert.fail() }).dropped, 2)
  })
})
