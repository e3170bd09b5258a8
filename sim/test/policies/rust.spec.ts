// The rule as it is in libp2p-kad 0.49.0: src/query/peers/closest.rs (ClosestPeersIter) and src/lib.rs.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { rust } from '../../src/policies/rust.ts'
import { Driven } from '../helpers/driven.ts'
import { farAway, idsOf, nodeAfter, nodeAt, nodesAt } from '../helpers/nodes.ts'

const SECOND = 1_000

describe('the rule of rust', () => {
  it('starts with the 20 nearest of the table and asks the 3 nearest of them at once', () => {
    const seeds = nodesAt(1, 20)
    const lookup = new Driven(rust, { seeds: seeds.toReversed() })

    assert.equal(rust.seeds, 20)
    assert.deepEqual(idsOf(lookup.step()), idsOf(seeds.slice(0, 3)))
  })

  it('asks one more for each that answers or fails', () => {
    const seeds = nodesAt(1, 20)
    const lookup = new Driven(rust, { seeds })
    lookup.step()

    assert.deepEqual(idsOf(lookup.reply(seeds[1])), [seeds[3].id])
    assert.deepEqual(idsOf(lookup.fail(seeds[0])), [seeds[4].id])
  })

  it('asks up to 20 at once when 3 replies in a row brought nobody nearer', () => {
    const seeds = nodesAt(1, 40)
    const lookup = new Driven(rust, { seeds })
    lookup.step()
    lookup.replies(seeds.slice(0, 2))
    assert.equal(lookup.asked.length, 5)
    lookup.reply(seeds[2])

    // 20 on their way: 23 asked, 3 of whom have answered
    assert.equal(lookup.asked.length, 23)
  })

  it('counts failures neither as progress nor as the lack of it', () => {
    const seeds = nodesAt(1, 40)
    const lookup = new Driven(rust, { seeds })
    lookup.step()
    lookup.replies(seeds.slice(0, 2))
    seeds.slice(2, 5).forEach(peer => lookup.fail(peer))

    assert.equal(lookup.asked.length, 8)
  })

  it('goes back to 3 at once when a reply names the nearest so far', () => {
    const seeds = nodesAt(100, 140)
    const lookup = new Driven(rust, { seeds })
    lookup.step()
    lookup.replies(seeds.slice(0, 3))
    assert.equal(lookup.asked.length, 23)

    assert.deepEqual(lookup.reply(seeds[3], [nodeAt(1)]), [])
    // fewer than 3 of the 20 on their way must be left before the next is asked
    assert.deepEqual(lookup.replies(seeds.slice(4, 6)), [])
  })

  it('counts it as progress when a reply names a new one nearer than the 20th of those known (PR 4934, since 0.46)', () => {
    const seeds = nodesAt(100, 119)
    const lookup = new Driven(rust, { seeds })
    lookup.step()
    lookup.reply(seeds[0], [nodeAfter(100)])
    lookup.reply(seeds[1], [nodeAfter(101)])
    lookup.reply(seeds[2], [nodeAfter(102)])

    assert.equal(lookup.asked.length, 6)
  })

  it('counts it as no progress when a reply names those that are known, or farther than the 20th', () => {
    const seeds = nodesAt(1, 40)
    const lookup = new Driven(rust, { seeds })
    lookup.step()
    lookup.reply(seeds[0], seeds.slice(0, 20))
    lookup.reply(seeds[1], nodesAt(50, 60))
    lookup.reply(seeds[2], [])

    assert.equal(lookup.asked.length, 23)
  })

  it('counts every reply as progress while fewer than 20 are known', () => {
    const seeds = nodesAt(1, 19)
    const lookup = new Driven(rust, { seeds })
    lookup.step()
    lookup.replies(seeds.slice(0, 5))

    assert.equal(lookup.asked.length, 8)
  })

  it('is done when the 20 nearest that did not fail have answered', () => {
    const seeds = nodesAt(1, 30)
    const lookup = new Driven(rust, { seeds })
    lookup.step()
    lookup.fail(seeds[0])
    lookup.finish(lookup.asked.slice(1))

    assert.equal(lookup.done, true)
    assert.deepEqual(idsOf(lookup.policy.closest()), idsOf(seeds.slice(1, 21)))
  })

  it('goes on while one nearer than the 20th to answer is on the way', () => {
    const seeds = nodesAt(1, 30)
    const lookup = new Driven(rust, { seeds })
    lookup.step()
    lookup.finish(lookup.asked.slice(1))

    assert.equal(lookup.done, false)
    assert.deepEqual(lookup.reply(seeds[0]), [])
    assert.equal(lookup.done, true)
  })

  it('lets a peer that has not answered for 10 s go: another takes its place, and nobody waits for it', () => {
    const seeds = nodesAt(1, 30)
    const lookup = new Driven(rust, { seeds })
    lookup.step()
    assert.equal(lookup.until, lookup.now + 10 * SECOND)

    assert.deepEqual(lookup.after(10 * SECOND - 1), [])
    const next = lookup.after(1)
    assert.deepEqual(idsOf(next), idsOf(seeds.slice(3, 6)))
    lookup.finish(next)
    assert.equal(lookup.done, true)
    assert.deepEqual(idsOf(lookup.policy.closest()), idsOf(seeds.slice(3, 23)))
  })

  it('takes the answer of such a peer all the same', () => {
    const seeds = nodesAt(1, 30)
    const lookup = new Driven(rust, { seeds })
    lookup.step()
    const next = lookup.after(10 * SECOND)
    lookup.reply(seeds[1])
    lookup.finish(next)

    assert.deepEqual(idsOf(lookup.policy.closest()), idsOf([seeds[1], ...seeds.slice(3, 22)]))
  })

  it('is done when nobody is left to ask, however few have answered, and gives only those that have', () => {
    const lookup = new Driven(rust, { seeds: nodesAt(1, 3) })
    const [one, two, three] = lookup.step()
    lookup.reply(two)
    lookup.fail(one)
    assert.equal(lookup.done, false)
    lookup.fail(three)

    assert.equal(lookup.done, true)
    assert.deepEqual(lookup.policy.closest(), [two])
  })

  it('takes nothing from a peer it has not asked, nor a second time', () => {
    const lookup = new Driven(rust, { seeds: nodesAt(10, 12) })
    const [one] = lookup.step()
    lookup.reply(nodeAt(13), [nodeAt(1)])
    assert.equal(lookup.asked.length, 3)
    lookup.reply(one)
    lookup.reply(one, [nodeAt(1)])

    assert.equal(lookup.asked.length, 3)
  })

  it('never asks itself', () => {
    const self = farAway()
    const lookup = new Driven(rust, { seeds: nodesAt(1, 1), self })
    lookup.reply(lookup.step()[0], [self])

    assert.equal(lookup.done, true)
  })

  it('dials for 10 s and waits for a reply for 10 s', () => {
    assert.deepEqual(rust.limits, { dial: 10 * SECOND, request: 10 * SECOND, total: Infinity })
  })
})
