import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Population } from '../../src/world/population.ts'
import { World, createWorld } from '../../src/world/world.ts'
import type { SimNode } from '../../src/network/node.ts'

const HOUR = 60 * 60 * 1000
const SIZE = 500

/** Nodes that come and go and never reach anyone, so that a day of theirs takes no time. */
class Deaf extends World {
  /** how old one was, ms, when it was looked at and when it was still there */
  readonly ages: Array<{ hours: number, up: boolean }> = []
  left: number[] = []

  constructor (seed: string, watchedAt: number[]) {
    super(seed)
    this.network.request = () => ({ warm: false, connectedAt: Infinity, dropped: false })
    this.network.disconnect = () => { this.left.push(this.clock.now) }
    Array.from({ length: SIZE }, () => super.addNode())

    this.addNode = key => {
      const node = super.addNode(key)
      watchedAt.forEach(hours => { this.clock.after(hours * HOUR, () => { this.ages.push({ hours, up: isThere(node) }) }) })

      return node
    }
  }

  shareUpAfter (hours: number): number {
    const watched = this.ages.filter(age => age.hours === hours)
    assert.ok(watched.length > 400, `${watched.length}`)

    return watched.filter(({ up }) => up).length / watched.length
  }
}

function isThere ({ health }: SimNode): boolean {
  return health === 'alive'
}

describe('a population', () => {
  it('loses half of those who join within 2 h, and 80 % within 8 h', () => {
    const world = new Deaf('1', [2, 8])
    const population = new Population(world)
    world.clock.run(world.clock.now + 18 * HOUR)

    assert.equal(population.up.length, SIZE)
    assert.ok(Math.abs(world.shareUpAfter(2) - 0.5) < 0.05, `${world.shareUpAfter(2)}`)
    assert.ok(Math.abs(world.shareUpAfter(8) - 0.2) < 0.05, `${world.shareUpAfter(8)}`)
  })

  it('is steady from the beginning: as many leave in the first hours as later', () => {
    const world = new Deaf('2', [])
    const begun = world.clock.now
    const population = new Population(world)
    world.clock.run(begun + 12 * HOUR)
    const first = world.left.filter(at => at < begun + 4 * HOUR).length
    const last = world.left.filter(at => at >= begun + 8 * HOUR).length

    assert.equal(population.up.length, SIZE)
    // 260 are expected in each, three standard deviations are 48
    assert.ok(Math.abs(first - last) < 70, `${first} ${last}`)
  })

  it('always has the same size, of nodes that are there: whenever one leaves another joins', () => {
    const world = createWorld('3', 60, 'filled')
    const population = new Population(world)

    for (let i = 0; i < 8; i++) {
      world.clock.run(world.clock.now + HOUR / 4)
      assert.equal(population.up.length, 60)
      assert.ok(population.up.every(isThere))
      assert.equal(world.nodes.filter(isThere).length, 60)
    }

    const gone = world.nodes.filter(node => !isThere(node))
    assert.ok(gone.length > 5, `${gone.length}`)
    assert.equal(world.nodes.length, 60 + gone.length)
    assert.ok(gone.every(({ health }) => health === 'refusing' || health === 'vanished'))
  })

  it('loses with whoever leaves all its connections, and nobody connects to it afterwards', () => {
    const world = createWorld('3', 60, 'filled')
    const population = new Population(world)
    world.clock.run(world.clock.now + 2 * HOUR)
    const gone = new Set(world.nodes.filter(node => !isThere(node)))

    assert.deepEqual([...gone].filter(({ connections }) => connections.size > 0).map(({ id }) => id), [])
    assert.ok(population.up.every(({ connections }) => [...connections].every(other => !gone.has(other))))
  })

  it('keeps its tables up: joiners get to know others, and those who are gone are forgotten', () => {
    const world = createWorld('4', 60, 'filled')
    const population = new Population(world)
    world.clock.run(world.clock.now + 6 * HOUR)
    const entries = population.up.flatMap(({ table }) => [...table.entries()].map(({ peer }) => peer))

    assert.ok(population.up.every(({ table }) => table.size >= 20))
    assert.ok(entries.filter(peer => !isThere(peer)).length / entries.length < 0.1)
  })
})
