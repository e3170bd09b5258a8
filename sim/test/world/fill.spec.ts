// The fast mode against the tables that nodes make themselves: docs/simulation.md relies on what is held here.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { mean } from 'simple-statistics'
import { commonPrefixLength } from '../../../src/kademlia/key.ts'
import { drawSamples, measure, truthOf } from '../../src/measure/sample.ts'
import { CONFIG } from '../../src/network/config.ts'
import { CONNECTIONS } from '../../src/network/model.ts'
import { nearestNodes } from '../../src/network/nearest-nodes.ts'
import { RULES } from '../../src/policies/index.ts'
import { createWorld } from '../../src/world/world.ts'
import type { Measures } from '../../src/measure/row.ts'
import type { PolicyName } from '../../src/policies/policy.ts'
import type { World } from '../../src/world/world.ts'

const SIZE = 500
const FILLED = createWorld('1', SIZE, 'filled')
const JOINED = createWorld('1', SIZE, 'joined')

/** How far the filled mode may be off: in messages and time a share, in recall as it is. */
const TOLERANCES: Array<{ policy: PolicyName, recall: number, messages: number, p50: number }> = [
  { policy: 'ours', recall: 0.015, messages: 0.1, p50: 0.15 },
  { policy: 'go', recall: 0.01, messages: 0.1, p50: 0.15 },
  { policy: 'rust', recall: 0.01, messages: 0.2, p50: 0.15 }
]

function lookUp (world: World, policy: PolicyName): Measures {
  const samples = drawSamples(world, 200, 'lookups')

  return measure(world, RULES[policy], samples, truthOf(world, samples))
}

describe('filled tables', () => {
  it('hold k of the nodes of each bucket, or all there are', () => {
    for (const node of FILLED.nodes.slice(0, 100)) {
      const inBucket = new Map<number, number>()
      FILLED.nodes.filter(other => other !== node).forEach(other => {
        const shared = commonPrefixLength(node.key, other.key)
        inBucket.set(shared, (inBucket.get(shared) ?? 0) + 1)
      })
      const expected = [...inBucket].map(([shared, count]) => [shared, Math.min(count, CONFIG.k)]).sort(([a], [b]) => a - b)

      assert.deepEqual([...node.table.buckets()].map(({ commonPrefixLength, entries }) => [commonPrefixLength, entries.length]), expected)
    }
  })

  it('know the old better than the young, as joined ones do', () => {
    const known = new Map(FILLED.nodes.map(({ id }) => [id, 0]))
    FILLED.nodes.forEach(({ table }) => { [...table.entries()].forEach(({ peer }) => { known.set(peer.id, (known.get(peer.id) ?? 0) + 1) }) })
    const counts = [...known.values()]
    const half = counts.length / 2

    assert.ok(mean(counts.slice(0, half)) > 1.5 * mean(counts.slice(half)))
  })

  it('come with connections, within their limit and on both ends', () => {
    for (const node of FILLED.nodes) {
      assert.ok(node.connections.size > 0 && node.connections.size <= CONNECTIONS)
      assert.ok([...node.connections].every(other => other.connections.has(node)))
    }
  })
})

describe('joined tables', () => {
  it('hold a node\'s own 20 nearest, near enough', () => {
    const known = JOINED.nodes.map(node => nearestNodes(JOINED.nodes.filter(other => other !== node), node.key, CONFIG.k).filter(({ id }) => node.table.has(id)).length)

    assert.ok(mean(known) > 19.9, `${mean(known)}`)
  })

  it('are as large as filled ones, within 2 %', () => {
    const size = ({ nodes }: World): number => mean(nodes.map(({ table }) => table.size))

    assert.ok(Math.abs(size(JOINED) / size(FILLED) - 1) < 0.02, `${size(JOINED)} ${size(FILLED)}`)
  })

  it('come with as many connections as filled ones, within 20 %', () => {
    const connections = ({ nodes }: World): number => mean(nodes.map(({ connections }) => connections.size))

    assert.ok(Math.abs(connections(FILLED) / connections(JOINED) - 1) < 0.2, `${connections(FILLED)} ${connections(JOINED)}`)
  })

  for (const { policy, recall, messages, p50 } of TOLERANCES) {
    it(`give lookups of ${policy} that are like those in filled ones: recall within ${recall}, messages within ${messages * 100} %, time within ${p50 * 100} %`, () => {
      const joined = lookUp(JOINED, policy)
      const filled = lookUp(FILLED, policy)

      assert.ok(Math.abs((joined.recall ?? 0) - (filled.recall ?? 0)) <= recall, `recall ${joined.recall}, filled ${filled.recall}`)
      assert.ok(Math.abs(filled.messages / joined.messages - 1) <= messages, `messages ${joined.messages}, filled ${filled.messages}`)
      assert.ok(Math.abs(filled.p50 / joined.p50 - 1) <= p50, `ms ${joined.p50}, filled ${filled.p50}`)
    })
  }
})
