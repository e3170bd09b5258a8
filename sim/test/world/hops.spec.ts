import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Hops } from '../../src/world/hops.ts'
import { nodesAt } from '../helpers/nodes.ts'

describe('hops', () => {
  it('count the replies of a chain, each of which named the next', () => {
    const [four, three, two, one, seed] = nodesAt(1, 5)
    const hops = new Hops([seed])
    hops.onReply(seed, [one])
    hops.onReply(one, [two])
    hops.onReply(two, [three])
    hops.onReply(three, [four])

    assert.deepEqual([seed, one, two, three, four].map(node => hops.of(node)), [0, 1, 2, 3, 4])
    assert.equal(hops.discovery([four, three, two]), 4)
    // and one more for its own answer
    assert.equal(hops.confirmation([four, three, two]), 5)
  })

  it('are none for whom the table knew: one reply confirms them', () => {
    const seeds = nodesAt(1, 3)
    const hops = new Hops(seeds)
    hops.onReply(seeds[0], seeds)

    assert.equal(hops.discovery(seeds), 0)
    assert.equal(hops.confirmation(seeds), 1)
  })

  it('are counted to the first who named a peer, whoever names it later', () => {
    const [near, one, seed, late] = nodesAt(1, 4)
    const hops = new Hops([seed, late])
    hops.onReply(seed, [one])
    hops.onReply(one, [near])
    hops.onReply(late, [near])

    assert.equal(hops.of(near), 2)
  })

  it('until discovery are those to the nearest, until confirmation those to whoever was heard of last', () => {
    const [nearest, second, seed] = nodesAt(1, 3)
    const hops = new Hops([seed])
    hops.onReply(seed, [nearest])
    hops.onReply(nearest, [second])

    assert.equal(hops.discovery([nearest, second]), 1)
    assert.equal(hops.confirmation([nearest, second]), 3)
  })

  it('are 0 when nobody was found', () => {
    assert.equal(new Hops([]).discovery([]), 0)
    assert.equal(new Hops([]).confirmation([]), 0)
  })
})
