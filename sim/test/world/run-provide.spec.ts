import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CONFIG } from '../../src/network/config.ts'
import { afflict, heal } from '../../src/network/faults.ts'
import { nearestNodes } from '../../src/network/nearest-nodes.ts'
import { runProvide } from '../../src/world/run-provide.ts'
import { createWorld } from '../../src/world/world.ts'
import type { NetworkSize } from '../../../src/kademlia/network-size.ts'
import type { SimNode } from '../../src/network/node.ts'
import type { ProvideReport } from '../../src/world/run-provide.ts'

const WORLD = createWorld('1', 500, 'filled')
const [FROM] = WORLD.nodes
const EXACT = { peers: 500, error: 0.05 }
const KEYS = 20

/** The same keys, each in a copy of time of its own. */
function provideAll (size?: NetworkSize): Array<ProvideReport & { nearest: SimNode[] }> {
  return Array.from({ length: KEYS }, (_, i) => {
    const random = WORLD.random.fork(`provide ${i}`)
    const target = random.key()
    const network = WORLD.frozen(random.fork('network'))
    const reports: ProvideReport[] = []
    runProvide(network, { from: FROM, target, random, size }, report => { reports.push(report) })
    network.clock.run()
    assert.equal(reports.length, 1)

    return { ...reports[0], nearest: nearestNodes(WORLD.nodes.filter(node => node !== FROM && node.health === 'alive'), target, CONFIG.k) }
  })
}

function sum (numbers: number[]): number {
  return numbers.reduce((a, b) => a + b, 0)
}

describe('a write', () => {
  it('gives it to all of the nearest, and its caller waits for all of them', () => {
    for (const { holders, nearest, returned, ms, lookups } of provideAll()) {
      assert.ok(nearest.every(node => holders.includes(node)))
      assert.equal(returned, ms)
      assert.equal(lookups, 1)
    }
  })

  it('that is optimistic is over sooner for fewer requests, and reaches nearly as many', () => {
    const usual = provideAll()
    const optimistic = provideAll(EXACT)

    assert.ok(sum(optimistic.map(({ messages }) => messages)) < 0.7 * sum(usual.map(({ messages }) => messages)))
    assert.ok(sum(optimistic.map(({ returned }) => returned)) < 0.7 * sum(usual.map(({ returned }) => returned)))
    assert.ok(sum(optimistic.map(({ holders, nearest }) => nearest.filter(node => holders.includes(node)).length)) > 18 * KEYS)
    assert.ok(optimistic.every(({ returned, ms }) => returned <= ms))
  })

  it('that is optimistic is a usual one while the size of the network is not known well', () => {
    const plain = provideAll().map(({ holders }) => holders.map(({ id }) => id))

    assert.deepEqual(provideAll({ peers: 500, error: 0.2 }).map(({ holders }) => holders.map(({ id }) => id)), plain)
  })

  it('that is optimistic gives it to others in place of the dead, and looks for all when too many are', () => {
    afflict(WORLD.nodes.slice(1), 'dead', 0.3, WORLD.random.fork('dead'))

    try {
      const reports = provideAll(EXACT)
      assert.ok(reports.every(({ holders }) => holders.length >= 15 && holders.every(({ health }) => health === 'alive')))
      assert.ok(reports.some(({ lookups }) => lookups === 2))
    } finally {
      heal(WORLD.nodes)
    }
  })
})
