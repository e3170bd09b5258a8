// That what is measured as ours is the library's own lookup, given what the library gives it. test/kademlia/lookup.spec.ts has its rule.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SEEDS } from '../../../src/kademlia/parameters.ts'
import { CONFIG } from '../../src/network/config.ts'
import { ours } from '../../src/policies/ours.ts'
import { Driven } from '../helpers/driven.ts'
import { farAway, idsOf, nodeAt, nodesAt } from '../helpers/nodes.ts'

describe('the rule of ours', () => {
  it('starts with the 60 nearest of the table and asks two of them at once, nearest first, and in the end α', () => {
    const seeds = nodesAt(1, 60)
    const lookup = new Driven(ours(), { seeds })

    assert.equal(ours().seeds, SEEDS * CONFIG.k)
    assert.deepEqual(idsOf(lookup.step()), idsOf(seeds.slice(0, 2)))

    const whole = new Driven(ours({ without: ['ramp'] }), { seeds })
    assert.deepEqual(idsOf(whole.step()), idsOf(seeds.slice(0, CONFIG.alpha)))
  })

  it('asks the 20 nearest and nobody else when all of them answer, and gives them', () => {
    const seeds = nodesAt(1, 60)
    const lookup = new Driven(ours(), { seeds })
    lookup.finish(lookup.step())

    assert.equal(lookup.done, true)
    assert.deepEqual(idsOf(lookup.asked).sort(), idsOf(seeds.slice(0, 20)).sort())
    assert.deepEqual(idsOf(lookup.policy.closest()), idsOf(seeds.slice(0, 20)))
  })

  it('asks one farther for each of them that fails, and two that answer for neighbours of the farthest', () => {
    const seeds = nodesAt(1, 60)
    const lookup = new Driven(ours(), { seeds })
    const [first, second] = lookup.step()
    const next = [...lookup.fail(first), ...lookup.fail(second)]
    lookup.finish(next)

    assert.deepEqual(idsOf(lookup.policy.closest()), idsOf(seeds.slice(2, 22)))
    assert.ok(lookup.about.length > 0)

    const alone = new Driven(ours({ without: ['around'] }), { seeds })
    const [, third] = alone.step()
    alone.finish([first, ...alone.fail(third)])
    assert.equal(alone.done, true)
    assert.deepEqual(alone.about, [])
  })

  it('gives the place of a slow peer to another, and says at the end who was slow', () => {
    const self = farAway()
    const seeds = nodesAt(1, 60)
    const lookup = new Driven(ours(), { seeds, self })
    const [slow, ...others] = lookup.step()
    lookup.finish(others)
    assert.equal(lookup.done, false)
    assert.equal(lookup.until, lookup.now + self.latency.overdueAfter(slow.id, 'stream'))
    lookup.finish(lookup.after(self.latency.overdueAfter(slow.id, 'stream')))
    assert.equal(lookup.done, false)
    lookup.finish(lookup.after(2 * self.latency.slowAfter(slow.id, 'stream')))

    assert.equal(lookup.done, true)
    assert.deepEqual(lookup.policy.silent?.(), [slow])
    assert.deepEqual(idsOf(lookup.policy.closest()), idsOf(seeds.slice(1, 21)))
  })

  it('never asks itself', () => {
    const self = farAway()
    const lookup = new Driven(ours(), { seeds: nodesAt(1, 1), self })
    lookup.reply(lookup.step()[0], [self])

    assert.equal(lookup.done, true)
  })

  it('has as many disjoint paths as it is told, which share α and ask nobody twice', () => {
    const lookup = new Driven(ours({ paths: 4, without: ['ramp'] }), { seeds: nodesAt(10_001, 10_060) })
    const seeds = lookup.step()
    assert.equal(seeds.length, CONFIG.alpha)
    lookup.finish([...lookup.reply(seeds[0], [nodeAt(1)]), ...lookup.reply(seeds[1], [nodeAt(1)]), ...seeds.slice(2)])

    assert.equal(lookup.asked.filter(({ id }) => id === 'at 1').length, 1)
    assert.equal(new Set(idsOf(lookup.asked)).size, lookup.asked.length)
    assert.ok(lookup.asked.length > 4 * 20 - 40, 'each path confirms a neighbourhood of its own')
  })

  it('waits for dial and reply together as long as the library does', () => {
    assert.deepEqual(ours().limits, { dial: CONFIG.requestTimeout, request: CONFIG.requestTimeout, total: CONFIG.requestTimeout })
  })
})
