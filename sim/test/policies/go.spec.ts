// The rule as it is in go-libp2p-kad-dht v0.42.1: query.go (run, isLookupTermination, isStarvationTermination, queryPeer,
// constructLookupResult, runLookupWithFollowup) and amino/defaults.go.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { go } from '../../src/policies/go.ts'
import { Driven } from '../helpers/driven.ts'
import { farAway, idsOf, nodesAt } from '../helpers/nodes.ts'

describe('the rule of go', () => {
  it('starts with the 20 nearest of the table and asks the 10 nearest of them at once, nearest first', () => {
    const seeds = nodesAt(101, 120)
    const lookup = new Driven(go, { seeds: seeds.toReversed() })

    assert.equal(go.seeds, 20)
    assert.deepEqual(idsOf(lookup.step()), idsOf(seeds.slice(0, 10)))
    assert.equal(lookup.until, Infinity)
  })

  it('asks one more for each that answers or fails', () => {
    const seeds = nodesAt(101, 120)
    const lookup = new Driven(go, { seeds })
    lookup.step()

    assert.deepEqual(idsOf(lookup.reply(seeds[9])), [seeds[10].id])
    assert.deepEqual(idsOf(lookup.fail(seeds[8])), [seeds[11].id])
  })

  it('asks the nearest of those it has heard of, whoever named them', () => {
    const seeds = nodesAt(101, 120)
    const [near] = nodesAt(7, 7)
    const lookup = new Driven(go, { seeds })
    lookup.step()

    assert.deepEqual(idsOf(lookup.reply(seeds[9], [...nodesAt(200, 210), near])), [near.id])
  })

  it('takes no more than 40 peers of a reply', () => {
    const seeds = nodesAt(101, 103)
    const lookup = new Driven(go, { seeds })
    lookup.step()
    const named = nodesAt(1, 60).toReversed()
    const heard = new Set(lookup.reply(seeds[2], named))

    for (const peer of heard) {
      lookup.reply(peer).forEach(next => { heard.add(next) })
    }

    assert.equal(heard.has(named[39]), true)
    assert.equal(heard.has(named[40]), false)
  })

  it('never asks itself', () => {
    const self = farAway()
    const lookup = new Driven(go, { seeds: nodesAt(1, 2), self })
    lookup.step()

    assert.deepEqual(lookup.reply(lookup.asked[0], [self]), [])
  })

  it('follows nobody any more once the 3 nearest have answered', () => {
    const seeds = nodesAt(1, 20)
    const lookup = new Driven(go, { seeds })
    const first = lookup.step()
    lookup.replies(first.slice(0, 3))
    const asked = lookup.asked.length

    assert.equal(lookup.done, false)
    // two more had been asked for the first two replies, none for the third
    assert.equal(asked, 12)
    assert.deepEqual(lookup.replies(lookup.asked.slice(3, 11), nodesAt(30, 40)), [])
  })

  it('goes on while one of the 3 nearest that are not unreachable has not answered', () => {
    const seeds = nodesAt(1, 30)
    const lookup = new Driven(go, { seeds })
    lookup.step()
    lookup.reply(seeds[0])
    lookup.fail(seeds[1])
    lookup.reply(seeds[2])
    assert.equal(lookup.asked.length, 13)
    lookup.reply(seeds[4])
    assert.equal(lookup.asked.length, 14)
    lookup.reply(seeds[3])

    assert.equal(lookup.asked.length, 14)
  })

  it('ends when nobody is left to ask, however few have answered', () => {
    const lookup = new Driven(go, { seeds: nodesAt(1, 2) })
    const [one, two] = lookup.step()
    lookup.fail(one)
    lookup.reply(two)

    assert.equal(lookup.done, true)
    assert.deepEqual(idsOf(lookup.policy.closest()), [two.id])
  })

  it('waits for all requests on their way before it follows up', () => {
    const seeds = nodesAt(1, 20)
    const lookup = new Driven(go, { seeds })
    lookup.step()
    lookup.replies(seeds.slice(0, 3))
    const onTheirWay = lookup.asked.slice(3)

    assert.deepEqual(lookup.replies(onTheirWay.slice(1)), [])
    assert.notEqual(lookup.reply(onTheirWay[0]).length, 0)
  })

  it('gives up dials when the 3 nearest have answered, and does not wait for them', () => {
    const seeds = nodesAt(1, 20)
    const lookup = new Driven(go, { seeds })
    lookup.step()
    lookup.replies(seeds.slice(0, 2))
    lookup.asked.slice(3).forEach(peer => { lookup.dialling.add(peer) })

    assert.notEqual(lookup.reply(seeds[2]).length, 0)
  })

  it('follows up, all at once, with whoever of the 20 nearest had not answered: those asked before too, as their replies are not looked at', () => {
    const seeds = nodesAt(1, 25)
    const lookup = new Driven(go, { seeds })
    lookup.step()
    lookup.replies(seeds.slice(0, 3))
    const followUp = lookup.replies(lookup.asked.slice(3))

    assert.deepEqual(idsOf(followUp).sort(), idsOf(seeds.slice(3, 20)).sort())
    assert.equal(lookup.until, Infinity)
  })

  it('is done when every follow-up has answered or failed, not before', () => {
    const seeds = nodesAt(1, 20)
    const lookup = new Driven(go, { seeds })
    lookup.step()
    lookup.replies(seeds.slice(0, 3))
    const followUp = lookup.replies(lookup.asked.slice(3))

    followUp.slice(1).forEach((peer, i) => {
      i % 2 === 0 ? lookup.reply(peer) : lookup.fail(peer)
      assert.equal(lookup.done, false)
    })
    lookup.reply(followUp[0])

    assert.equal(lookup.done, true)
  })

  it('needs no follow-up when all of the nearest 20 have answered', () => {
    const seeds = nodesAt(1, 2)
    const lookup = new Driven(go, { seeds })
    lookup.replies(lookup.step())

    assert.equal(lookup.done, true)
    assert.equal(lookup.asked.length, 2)
  })

  it('gives the 20 nearest not known to be unreachable when the search was over, dead ones that it had not asked among them', () => {
    const seeds = nodesAt(1, 25)
    const lookup = new Driven(go, { seeds })
    lookup.step()
    lookup.fail(seeds[4])
    lookup.replies(seeds.slice(0, 3))
    const followUp = lookup.asked.slice(3).filter(peer => peer !== seeds[4]).flatMap(peer => lookup.reply(peer, nodesAt(0, 0)))
    followUp.forEach(peer => lookup.fail(peer))

    assert.equal(lookup.done, true)
    assert.deepEqual(idsOf(lookup.policy.closest()), idsOf(seeds.slice(0, 21).filter(peer => peer !== seeds[4])))
  })

  it('dials for 5 s as its TCP transport does, and waits for a reply for 10 s', () => {
    assert.deepEqual(go.limits, { dial: 5_000, request: 10_000, total: Infinity })
  })
})
