// The rule as it is in @libp2p/kad-dht 16.4.5: dist/src/query/manager.js (run), query-path.js (queryPath), peer-distance-list.js and
// peer-routing/index.js (getClosestPeers).

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { js } from '../../src/policies/js.ts'
import { Driven } from '../helpers/driven.ts'
import { farAway, idsOf, nodeAfter, nodeAt, nodesAt } from '../helpers/nodes.ts'
import type { SimNode } from '../../src/network/node.ts'

describe('the rule of js', () => {
  it('deals the 20 nearest of the table to its 10 paths and asks all of them at once', () => {
    const seeds = nodesAt(101, 120)
    const lookup = new Driven(js, { seeds })

    assert.equal(js.seeds, 20)
    assert.deepEqual(idsOf(lookup.step()).sort(), idsOf(seeds).sort())
  })

  it('deals them by chance, the same way for the same chance', () => {
    const deal = (seed: string): string[] => idsOf(new Driven(js, { seeds: nodesAt(101, 120), seed }).step())

    assert.deepEqual(deal('1'), deal('1'))
    assert.notDeepEqual(deal('1'), deal('2'))
    assert.notDeepEqual(deal('1'), idsOf(nodesAt(101, 120)))
  })

  it('has up to 10 requests of a path on their way, so that a lookup may have 100', () => {
    const lookup = new Driven(js, { seeds: nodesAt(10_001, 10_010) })
    const seeds = lookup.step()
    // one seed a path: each path has nothing else under way
    const asked = seeds.map((seed, i) => lookup.reply(seed, nodesAt(1_000 * i + 1, 1_000 * i + 20)))

    assert.deepEqual(asked.map(({ length }) => length), new Array(10).fill(10))
  })

  it('asks the nearest in the queue of a path first', () => {
    const { lookup, seed } = onePath()

    assert.deepEqual(idsOf(lookup.reply(seed, nodesAt(1, 20).toReversed())), idsOf(nodesAt(1, 10)))
  })

  it('follows only those nearer than the one who named them', () => {
    const { lookup, seed } = onePath()
    const [asked] = lookup.reply(seed, [nodeAt(50)])

    assert.deepEqual(idsOf(lookup.reply(asked, [nodeAt(51), nodeAt(49)])), idsOf([nodeAt(49)]))
  })

  it('has each peer on one path only: the one that hears of it first', () => {
    const lookup = new Driven(js, { seeds: nodesAt(101, 102) })
    const [one, two] = lookup.step()
    const shared = nodeAt(5)

    assert.deepEqual(lookup.reply(one, [shared]), [shared])
    assert.deepEqual(lookup.reply(two, [shared]), [])
  })

  it('does not follow a seed of one path on another', () => {
    const lookup = new Driven(js, { seeds: nodesAt(101, 102) })
    const far = lookup.step().find(({ id }) => id === 'at 102') as SimNode

    assert.deepEqual(lookup.reply(far, [...lookup.asked]), [])
  })

  it('never asks itself', () => {
    const self = nodeAt(1)
    const lookup = new Driven(js, { seeds: [farAway()], self })

    assert.deepEqual(lookup.reply(lookup.step()[0], [self]), [])
  })

  it('follows on a path only who could enter the nearest 20 that have answered on it', () => {
    const { lookup, seed } = onePath()
    const far = nodeAt(300)
    const first = lookup.reply(seed, [...nodesAt(100, 119), far])
    // 10 at once, nearest first: the far one comes last
    const last = lookup.replies(first)
    assert.deepEqual(idsOf(last), idsOf(nodesAt(110, 119)))
    assert.deepEqual(lookup.reply(last[0]), [far])
    lookup.replies(last.slice(1))

    assert.deepEqual(idsOf(lookup.reply(far, [nodeAt(200), nodeAfter(118)])), [nodeAfter(118).id])
  })

  it('passes over who is still in the queue of a path when 20 nearer ones have answered there', () => {
    const { lookup, seed } = onePath()
    lookup.finish(lookup.reply(seed, nodesAt(1, 40)))

    assert.equal(lookup.done, true)
    // 9 were under way when the 20th answered
    assert.deepEqual(idsOf(lookup.asked.slice(1)).sort(), idsOf(nodesAt(1, 29)).sort())
  })

  it('lets a path go on that has fewer than 20 answers, whatever others have found', () => {
    const lookup = new Driven(js, { seeds: nodesAt(10_001, 10_002) })
    const [one, two] = lookup.step()
    lookup.finish(lookup.reply(one, nodesAt(1, 20)))

    assert.deepEqual(idsOf(lookup.reply(two, [nodeAt(9_000)])), ['at 9000'])
  })

  it('ends when the queue of every path is empty and nobody is on the way: one straggler holds it up', () => {
    const lookup = new Driven(js, { seeds: nodesAt(1, 20) })
    const [straggler, ...others] = lookup.step()
    lookup.replies(others)
    assert.equal(lookup.done, false)
    assert.equal(lookup.until, Infinity)

    lookup.fail(straggler)
    assert.equal(lookup.done, true)
  })

  it('gives the 20 nearest that have answered, of all paths', () => {
    const lookup = new Driven(js, { seeds: nodesAt(1, 20) })
    lookup.step()
    lookup.fail(lookup.asked.find(({ id }) => id === 'at 3') as SimNode)
    lookup.replies(lookup.asked.filter(({ id }) => id !== 'at 3'))

    assert.deepEqual(idsOf(lookup.policy.closest()), idsOf(nodesAt(1, 20).filter(({ id }) => id !== 'at 3')))
  })

  it('takes no second answer of a peer', () => {
    const { lookup, seed } = onePath()
    lookup.reply(seed, [nodeAt(50)])

    assert.deepEqual(lookup.reply(seed, [nodeAt(40)]), [])
  })

  it('waits for 5 s, dial and reply together, the least that its time-out is', () => {
    assert.deepEqual(js.limits, { dial: 5_000, request: 5_000, total: 5_000 })
  })
})

/** A lookup with one seed, so that there is one path. */
function onePath (): { lookup: Driven, seed: SimNode } {
  const lookup = new Driven(js, { seeds: [farAway()], self: nodeAt(0xffff) })
  const [seed] = lookup.step()

  return { lookup, seed }
}
