import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Turnover } from '../../src/world/turnover.ts'
import { World } from '../../src/world/world.ts'
import type { SimNode } from '../../src/network/node.ts'

const HOUR = 60 * 60 * 1000
const SIZE = 500

/** What has happened, and when. */
function watch (seed: string, hours: number): { turnover: Turnover, there: Set<SimNode>, joins: Map<SimNode, number>, leaves: Map<SimNode, number>, begun: number } {
  const world = new World(seed)
  const begun = world.clock.now
  const there = new Set<SimNode>()
  const joins = new Map<SimNode, number>()
  const leaves = new Map<SimNode, number>()

  const turnover = new Turnover(world, SIZE, {
    onJoin: node => {
      there.add(node)
      joins.set(node, world.clock.now)
    },
    onLeave: node => {
      there.delete(node)
      leaves.set(node, world.clock.now)
    }
  })
  world.clock.run(begun + hours * HOUR)

  return { turnover, there, joins, leaves, begun }
}

describe('the turnover of nodes', () => {
  it('keeps as many there as there were, and knows who they are', () => {
    const { turnover, there, joins } = watch('1', 6)

    assert.equal(there.size, SIZE)
    assert.ok(joins.size > SIZE + 250, `${joins.size}`)
    assert.deepEqual([...joins.keys()].filter(node => turnover.isUp(node)), [...there])
  })

  it('loses half of those who join within 2 h and 80 % within 8 h, as a population with tables does', () => {
    const { joins, leaves, begun } = watch('1', 18)

    for (const [hours, share] of [[2, 0.5], [8, 0.8]]) {
      const watched = [...joins].filter(([, at]) => at > begun && at <= begun + (18 - hours) * HOUR)
      const gone = watched.filter(([node, at]) => (leaves.get(node) ?? Infinity) <= at + hours * HOUR).length

      assert.ok(watched.length > 500, `${watched.length}`)
      assert.ok(Math.abs(gone / watched.length - share) < 0.05, `${hours} h: ${gone / watched.length}`)
    }
  })

  it('is steady from the beginning: as many leave in the first hours as later', () => {
    const { leaves, begun } = watch('2', 12)
    const between = (from: number, to: number): number => [...leaves.values()].filter(at => at >= begun + from * HOUR && at < begun + to * HOUR).length

    // 260 are expected in each, three standard deviations are 48
    assert.ok(Math.abs(between(0, 4) - between(8, 12)) < 70, `${between(0, 4)} ${between(8, 12)}`)
  })
})
