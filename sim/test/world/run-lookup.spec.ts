import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Clock } from '../../src/network/clock.ts'
import { SimNetwork } from '../../src/network/network.ts'
import { Random } from '../../src/network/random.ts'
import { RULES } from '../../src/policies/index.ts'
import { runLookup } from '../../src/world/run-lookup.ts'
import { TARGET, farAway, idsOf, nodeAt, nodesAt } from '../helpers/nodes.ts'
import type { Key } from '../../../src/kademlia/key.ts'
import type { SimNode } from '../../src/network/node.ts'
import type { Policy, Rules, Step } from '../../src/policies/policy.ts'
import type { LookupReport, LookupTask } from '../../src/world/run-lookup.ts'

interface Lookup extends Partial<LookupTask> {
  from: SimNode
  learning?: boolean
  network?: SimNetwork
}

/** In a network of its own, to its end. */
function lookUp ({ learning = false, network = newNetwork(learning), ...task }: Lookup): LookupReport {
  const reports: LookupReport[] = []
  runLookup(network, { rules: RULES.ours, target: TARGET, random: new Random('1'), ...task }, report => { reports.push(report) })
  network.clock.run()
  assert.equal(reports.length, 1)

  return reports[0]
}

function newNetwork (learning = false): SimNetwork {
  return new SimNetwork(new Clock(), new Random('network'), { learning })
}

/** One who knows these. */
function whoKnows (...peers: SimNode[]): SimNode {
  const from = farAway()
  peers.forEach(peer => { from.table.onAlive(peer, 1) })

  return from
}

/** Each knows the next: the first one is the farthest. */
function chain (length: number): SimNode[] {
  const links = nodesAt(1, length).reverse()
  links.slice(1).forEach((next, i) => { links[i].table.onAlive(next, 1) })

  return links
}

/** Asks these, one after the other or all at once, and is done when all have answered or failed. */
function asking (peers: SimNode[], atOnce = peers.length): Rules {
  return {
    ...RULES.ours,
    start: (): Policy => {
      const waiting = peers.slice()
      let open = 0
      const settle = (): void => { open-- }

      return {
        next: () => {
          const peer = open < atOnce ? waiting.shift() : undefined

          if (peer != null) {
            open++
            return { ask: peer }
          }

          return open === 0 ? { done: true } : { wait: Infinity }
        },
        onReply: settle,
        onFailure: settle,
        closest: () => peers
      }
    }
  }
}

describe('runLookup', () => {
  it('follows a chain to its end and counts what that took', () => {
    const links = chain(5)
    const report = lookUp({ from: whoKnows(links[0]) })

    assert.deepEqual(idsOf(report.found), idsOf(links.toReversed()))
    assert.equal(report.messages, 5)
    assert.equal(report.answered, 5)
    assert.equal(report.failed, 0)
    assert.equal(report.inFlightMax, 1)
    assert.equal(report.hopsDiscovery, 4)
    assert.equal(report.hopsConfirm, 5)
  })

  it('takes as long as its requests, one after the other', () => {
    const links = chain(5)
    const { ms } = lookUp({ from: whoKnows(links[0]) })

    // five cold ones of 20 ms round trips
    assert.ok(ms >= 5 * 4 * 20 && ms < 5 * 6 * 24 + 5 * 4 + 1_000, `${ms}`)
  })

  it('ends at once at a goal, however many have not been asked', () => {
    const links = chain(9)
    const report = lookUp({ from: whoKnows(links[0]), isGoal: peer => peer === links[3] })

    assert.equal(report.reachedGoal, true)
    assert.equal(report.messages, 4)
    assert.deepEqual(idsOf(report.found), idsOf(links.slice(0, 4).reverse()))
  })

  it('does not reach a goal that does not answer', () => {
    const links = chain(4)
    links[3].health = 'refusing'
    const report = lookUp({ from: whoKnows(links[0]), isGoal: peer => peer === links[3] })

    assert.equal(report.reachedGoal, false)
    assert.equal(report.failed, 1)
  })

  it('counts as dials the requests to those it has no connection to', () => {
    const peers = nodesAt(1, 6)
    const from = whoKnows(...peers)
    const network = newNetwork()
    peers.slice(0, 4).forEach(peer => { network.connect(from, peer) })

    assert.equal(lookUp({ from, network }).dials, 2)
  })

  it('has a connection for the second request of a lookup to a peer when the first one has made it', () => {
    const peer = nodeAt(1)
    const { messages, dials } = lookUp({ from: whoKnows(peer), rules: asking([peer, peer], 1) })

    assert.equal(messages, 2)
    assert.equal(dials, 1)
  })

  it('counts the most requests that were on their way at once', () => {
    const peers = nodesAt(1, 20)

    assert.equal(lookUp({ from: whoKnows(...peers), rules: asking(peers, 7) }).inFlightMax, 7)
    assert.equal(lookUp({ from: whoKnows(...peers), rules: asking(peers) }).inFlightMax, 20)
  })

  it('does not count failures that come after its end', () => {
    const [silent, ...peers] = nodesAt(1, 21)
    silent.health = 'silent'
    const from = whoKnows(silent, ...peers)
    const network = newNetwork()
    const { failed, ms, found } = lookUp({ from, network })

    assert.equal(failed, 0)
    assert.ok(ms < RULES.ours.limits.request)
    assert.equal(found.includes(silent), false)
  })

  it('is done at once, with nothing, when its table is empty', () => {
    const { messages, ms, found } = lookUp({ from: farAway() })

    assert.deepEqual({ messages, ms, found }, { messages: 0, ms: 0, found: [] })
  })

  it('lets the table know, where it learns, who was slow and where it has been', () => {
    const [silent, ...peers] = nodesAt(1, 21)
    silent.health = 'silent'
    const from = whoKnows(silent, ...peers)
    const stale = from.table.stale(1)
    lookUp({ from, learning: true })

    assert.ok((from.table.get(silent.id)?.failures ?? 0) > 0)
    assert.ok(from.table.stale(1).length < stale.length)
  })

  it('leaves the node as it was where it does not learn: table, connections, and what it has measured of round trips', () => {
    const [gone, ...peers] = nodesAt(1, 20)
    gone.health = 'refusing'
    const from = whoKnows(gone, ...peers)
    const print = (): unknown => ({
      entries: [...from.table.entries()].map(entry => ({ ...entry, peer: entry.peer.id })),
      stale: from.table.stale(1),
      connections: idsOf(from.connections),
      slowAfter: (['stream', 'dial'] as const).map(reach => peers.map(({ id }) => from.latency.slowAfter(id, reach)))
    })
    const before = print()
    lookUp({ from })

    assert.deepEqual(print(), before)
  })

  it('ends when its rules say that it has taken long enough, with what it has', () => {
    const [answering, silent] = nodesAt(1, 2)
    silent.health = 'silent'
    const report = lookUp({ from: whoKnows(answering, silent), rules: { ...RULES.go, longest: 3_000 } })

    assert.equal(report.ms, 3_000)
    assert.ok(report.found.includes(answering))
  })

  it('starts with whom it is told of as well', () => {
    const [near, far] = [nodeAt(1), nodeAt(500)]
    const report = lookUp({ from: whoKnows(far), known: [near] })

    assert.deepEqual(idsOf(report.found), idsOf([near, far]))
  })

  it('asks for the neighbours of another node than the target when told to', () => {
    const [asked, centre] = [nodeAt(1), farAway()]
    const keys: Key[] = []
    asked.behaviour = (node, from, target) => {
      keys.push(target)
      return []
    }
    const steps: Step[] = [{ ask: asked, about: centre }, { wait: Infinity }, { done: true }]
    lookUp({
      from: whoKnows(asked),
      rules: { ...RULES.ours, start: () => ({ next: () => steps.shift() ?? { done: true }, onReply: () => {}, onFailure: () => {}, closest: () => [] }) }
    })

    assert.deepEqual(keys, [centre.key])
  })
})
