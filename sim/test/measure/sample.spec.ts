import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { drawSamples, lookUpAll, measure, recall, truthOf } from '../../src/measure/sample.ts'
import { afflict, corrupt, heal } from '../../src/network/faults.ts'
import { nearestNodes } from '../../src/network/nearest-nodes.ts'
import { isHonest } from '../../src/network/node.ts'
import { RULES } from '../../src/policies/index.ts'
import { createWorld } from '../../src/world/world.ts'
import { TARGET, idsOf, nodesAt } from '../helpers/nodes.ts'
import type { Key } from '../../../src/kademlia/key.ts'
import type { LookupReport } from '../../src/world/run-lookup.ts'

const WORLD = createWorld('1', 200, 'filled')

describe('recall', () => {
  it('is the share of the true ones that was found', () => {
    const truth = nodesAt(1, 20)

    assert.equal(recall(truth, truth), 1)
    assert.equal(recall(truth.slice(0, 15), truth), 0.75)
    assert.equal(recall([], truth), 0)
    assert.equal(recall(nodesAt(30, 40), truth), 0)
  })

  it('looks at the 20 nearest found, and at nobody farther', () => {
    const truth = nodesAt(1, 20)

    assert.equal(recall([...nodesAt(100, 119), ...truth], truth), 0)
  })
})

describe('the truth', () => {
  it('is the 20 nearest of all nodes that are alive, without the one who looks', () => {
    afflict(WORLD.nodes, 'dead', 0.3, WORLD.random.fork('faults'))
    const samples = drawSamples(WORLD, 20, 'truth')
    const truth = truthOf(WORLD, samples)

    samples.forEach(({ from, target }, i) => {
      const alive = WORLD.nodes.filter(node => node.health === 'alive' && node !== from)
      assert.deepEqual(idsOf(truth[i]), idsOf(nearestNodes(alive, target, 20)))
    })
    heal(WORLD.nodes)
  })

  it('leaves out silent and hostile ones, and those behind a NAT that one is not connected to', () => {
    const [silent, hostile, nat, connected, from, ...others] = WORLD.nodes
    silent.health = 'silent'
    hostile.behaviour = () => undefined
    nat.health = 'nat'
    connected.health = 'nat'
    WORLD.network.connect(from, connected)
    from.connections.delete(nat)
    const truthAt = (target: Key): string[] => idsOf(truthOf(WORLD, [{ label: '', from, target }])[0])

    assert.equal(truthAt(silent.key).includes(silent.id), false)
    assert.equal(truthAt(hostile.key).includes(hostile.id), false)
    assert.equal(truthAt(nat.key).includes(nat.id), false)
    assert.equal(truthAt(connected.key)[0], connected.id)
    assert.equal(truthAt(from.key).includes(from.id), false)
    assert.equal(truthAt(others[0].key)[0], others[0].id)
    heal(WORLD.nodes)
  })
})

describe('samples', () => {
  it('are drawn among honest nodes that are alive, and the same for the same label', () => {
    afflict(WORLD.nodes, 'dead', 0.3, WORLD.random.fork('faults'))
    corrupt(WORLD.nodes, 0.2, WORLD.random.fork('hostile'), () => () => [])
    const print = (label: string): string[] => drawSamples(WORLD, 100, label).map(({ from, target }) => `${from.id} ${target.join()}`)

    assert.ok(drawSamples(WORLD, 100, 'one').every(({ from }) => isHonest(from)))
    assert.deepEqual(print('one'), print('one'))
    assert.notDeepEqual(print('one'), print('two'))
    heal(WORLD.nodes)
  })
})

describe('many lookups', () => {
  it('give the same whatever was measured before, by whose rules', () => {
    const world = createWorld('1', 200, 'filled')
    const samples = drawSamples(world, 30, 'lookups')
    const truth = truthOf(world, samples)
    const alone = Object.fromEntries(Object.values(RULES).map(rules => {
      const other = createWorld('1', 200, 'filled')
      const samples = drawSamples(other, 30, 'lookups')

      return [rules.name, measure(other, rules, samples, truthOf(other, samples))]
    }))

    for (const rules of Object.values(RULES).reverse()) {
      assert.deepEqual(measure(world, rules, samples, truth), alone[rules.name], rules.name)
    }
  })

  it('each have chances of their own: one more does not change the others', () => {
    const samples = drawSamples(WORLD, 10, 'own')
    const print = (count: number): string[] => lookUpAll(WORLD, RULES.js, samples.slice(0, count)).reports.map(({ ms, messages }) => `${ms} ${messages}`)

    assert.deepEqual(print(10).slice(0, 5), print(5))
    assert.deepEqual(lookUpAll(WORLD, RULES.js, [samples[7]]).reports[0].ms, lookUpAll(WORLD, RULES.js, samples).reports[7].ms)
  })

  it('report each request to those who keep count', () => {
    let asked = 0
    const { reports } = lookUpAll(WORLD, RULES.ours, drawSamples(WORLD, 10, 'load'), { onRequest: () => { asked++ } })

    const sum = (of: (report: LookupReport) => number): number => reports.reduce((total, report) => total + of(report), 0)

    // those whose dial was given up at the end come to nobody
    assert.ok(asked <= sum(({ messages }) => messages) && asked >= sum(({ answered }) => answered), `${asked}`)
  })

  it('end at a goal of each', () => {
    const samples = drawSamples(WORLD, 10, 'goals')
    const { reports } = lookUpAll(WORLD, RULES.ours, samples, { isGoal: (peer, { from }) => peer !== from })

    assert.ok(reports.every(({ reachedGoal, answered }) => reachedGoal && answered === 1))
  })

  it('find nearly all of the nearest in a network of honest nodes, by whatever rules', () => {
    const samples = drawSamples(WORLD, 50, 'all')
    const truth = truthOf(WORLD, samples)

    for (const rules of Object.values(RULES)) {
      const { recall, messages } = measure(WORLD, rules, samples, truth)
      assert.ok((recall ?? 0) > 0.97, `${rules.name} ${recall}`)
      assert.ok(messages >= 20, rules.name)
    }

    assert.equal(truth[0].length, 20)
    assert.equal(nearestNodes([], TARGET, 20).length, 0)
  })
})
