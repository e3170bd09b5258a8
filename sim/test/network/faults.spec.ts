import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FAULTS, afflict, corrupt, heal } from '../../src/network/faults.ts'
import { isHonest } from '../../src/network/node.ts'
import { Random } from '../../src/network/random.ts'
import { idsOf, nodesAt } from '../helpers/nodes.ts'
import type { Fault } from '../../src/network/faults.ts'

const NODES = nodesAt(1, 400)

function afflicted (fault: Fault, share: number): string[] {
  heal(NODES)
  afflict(NODES, fault, share, new Random('faults'))

  return idsOf(NODES.filter(({ health }) => health !== 'alive'))
}

describe('faults', () => {
  it('befall the share of nodes that they are said to', () => {
    for (const fault of FAULTS) {
      for (const share of [0, 0.1, 0.3, 0.5]) {
        assert.equal(afflicted(fault, share).length, share * NODES.length, `${share} ${fault}`)
      }
    }
  })

  it('befall the same nodes whatever the fault, and more of them for a greater share', () => {
    const dead = afflicted('dead', 0.3)

    assert.deepEqual(afflicted('silent', 0.3), dead)
    assert.deepEqual(afflicted('nat', 0.3), dead)
    assert.ok(dead.every(id => afflicted('dead', 0.5).includes(id)))
  })

  it('make of the dead half refuse and half vanish', () => {
    afflicted('dead', 0.5)
    const refusing = NODES.filter(({ health }) => health === 'refusing').length
    const vanished = NODES.filter(({ health }) => health === 'vanished').length

    assert.equal(refusing + vanished, 200)
    assert.ok(refusing > 70 && refusing < 130, `${refusing}`)
  })

  it('can be undone', () => {
    afflicted('silent', 0.5)
    corrupt(NODES, 0.2, new Random('hostile'), () => () => undefined)
    heal(NODES)

    assert.ok(NODES.every(isHonest))
  })

  it('corrupt the share of nodes that they are said to, who know each other', () => {
    heal(NODES)
    let known: string[] = []
    const hostile = corrupt(NODES, 0.2, new Random('hostile'), hostile => {
      known = idsOf(hostile)

      return () => []
    })

    assert.equal(hostile.length, 80)
    assert.deepEqual(known, idsOf(hostile))
    assert.deepEqual(idsOf(NODES.filter(node => !isHonest(node))).sort(), known.sort())
    heal(NODES)
  })
})
