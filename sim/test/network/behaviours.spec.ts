import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { commonPrefixLength } from '../../../src/kademlia/key.ts'
import { collude, drop, invent } from '../../src/network/behaviours.ts'
import { nearestNodes } from '../../src/network/nearest-nodes.ts'
import { Random } from '../../src/network/random.ts'
import { createWorld } from '../../src/world/world.ts'
import { TARGET, idsOf, nodeAt, nodesAt } from '../helpers/nodes.ts'

const [LIAR, FROM] = [nodeAt(1_000), nodeAt(2_000)]

describe('hostile nodes', () => {
  it('that collude name only each other: the 20 of them that are nearest to the target, and never the one who answers', () => {
    const hostile = nodesAt(1, 30)
    const behave = collude(hostile)

    assert.deepEqual(idsOf(behave(LIAR, FROM, TARGET) ?? []), idsOf(hostile.slice(0, 20)))
    assert.deepEqual(idsOf(behave(hostile[3], FROM, TARGET) ?? []), idsOf(hostile.slice(0, 21).filter(node => node !== hostile[3])))
  })

  it('that invent name 20 at a time who do not exist, each once, and nearer to the target than the nearest node can be expected to be', () => {
    const { nodes } = createWorld('1', 1_000, 'filled')
    const random = new Random('targets')
    const behave = invent(nodes.length, random.fork('invent'))
    const seen = new Set<string>()
    let nearer = 0

    for (let i = 0; i < 50; i++) {
      const target = random.key()
      const invented = behave(nodes[i], FROM, target) ?? []
      const [nearest] = nearestNodes(nodes, target, 1)
      assert.equal(invented.length, 20)
      assert.ok(invented.every(({ health, key }) => health === 'vanished' && commonPrefixLength(key, target) >= 12))
      invented.forEach(({ id }) => seen.add(id))
      nearer += invented.every(({ key }) => commonPrefixLength(key, target) > commonPrefixLength(nearest.key, target)) ? 1 : 0
    }

    assert.equal(seen.size, 1_000)
    assert.equal(nodes.some(({ id }) => seen.has(id)), false)
    assert.ok(nearer > 35, `${nearer}`)
  })

  it('that invent tell the same lies for the same randomness', () => {
    const lies = (): string[] => idsOf(invent(1_000, new Random('1'))(LIAR, FROM, TARGET) ?? [])

    assert.deepEqual(lies(), lies())
  })

  it('that drop requests name nobody and do not answer', () => {
    assert.equal(drop()(LIAR, FROM, TARGET), undefined)
  })
})
