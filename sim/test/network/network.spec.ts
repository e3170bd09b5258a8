import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { mean } from 'simple-statistics'
import { Clock } from '../../src/network/clock.ts'
import { roundTrip } from '../../src/network/geography.ts'
import { BYTES, CONNECTIONS, ROUND_TRIP } from '../../src/network/model.ts'
import { SimNetwork } from '../../src/network/network.ts'
import { Random } from '../../src/network/random.ts'
import { FAR, TARGET, idsOf, nodeAt, nodesAt } from '../helpers/nodes.ts'
import type { NetworkOptions, Sent } from '../../src/network/network.ts'
import type { SimNode } from '../../src/network/node.ts'

const LIMITS = { dial: 5_000, request: 10_000, total: Infinity }

/** How much longer than the shortest one a round trip may take. */
const JITTER = 1 + ROUND_TRIP.jitter

interface Outcome extends Omit<Sent, 'dropped'> {
  ms: number
  closer?: SimNode[]
}

const MINUTE = 60_000

class Net extends SimNetwork {
  constructor (options: Partial<NetworkOptions> = {}, seed = '1') {
    super(new Clock(), new Random(seed), { learning: true, ...options })
  }

  /** To its end. */
  ask (from: SimNode, to: SimNode): Outcome {
    const begun = this.clock.now
    let outcome: { ms: number, closer?: SimNode[] } | undefined
    const { warm, connectedAt } = this.request(from, to, TARGET, LIMITS, closer => {
      assert.equal(outcome, undefined, 'settled twice')
      outcome = { ms: this.clock.now - begun, closer }
    })
    this.clock.run()
    assert.ok(outcome != null, 'never settled')

    return { warm, connectedAt: connectedAt - begun, ...outcome }
  }
}

/** Many requests, each between two nodes that meet for the first time or are connected. */
function times (connected: boolean): { rtt: number, ms: number[] } {
  const ms = Array.from({ length: 1_000 }, (_, i) => {
    const net = new Net({}, `times ${i}`)
    const [a, b] = [nodeAt(1), nodeAt(2, FAR)]

    if (connected) {
      net.connect(a, b)
    }

    const { ms, warm } = net.ask(a, b)
    assert.equal(warm, connected)

    return ms
  })

  return { rtt: roundTrip(nodeAt(1).place, nodeAt(2, FAR).place), ms }
}

describe('the network', () => {
  it('takes one round trip on a connection', () => {
    const { rtt, ms } = times(true)
    const usual = ms.filter(time => time <= rtt * JITTER + 2)

    assert.ok(ms.every(time => time >= rtt))
    assert.ok(Math.abs(mean(usual) - rtt * (1 + ROUND_TRIP.jitter / 2)) < rtt * 0.02)
  })

  it('takes 4 to 6 round trips without one', () => {
    const { rtt, ms } = times(false)
    const usual = ms.filter(time => time <= rtt * JITTER * 6 + 2)

    assert.ok(ms.every(time => time >= rtt * 4))
    assert.ok(Math.abs(mean(usual) / rtt - 5 * (1 + ROUND_TRIP.jitter / 2)) < 0.2, `${mean(usual) / rtt}`)
  })

  it('loses the request or the reply of 2 % of all: they come 200 ms later at least', () => {
    const { rtt, ms } = times(true)
    const late = ms.filter(time => time > rtt * JITTER + 2)

    assert.ok(late.length > 5 && late.length < 40, `${late.length}`)
    assert.ok(late.every(time => time >= rtt + 200))
  })

  it('fails after one round trip when the machine of one that is gone refuses', () => {
    const [a, b] = [nodeAt(1), nodeAt(2, FAR)]
    b.health = 'refusing'
    const rtt = roundTrip(a.place, b.place)
    const { ms, closer, connectedAt } = new Net().ask(a, b)

    assert.equal(closer, undefined)
    assert.equal(connectedAt, Infinity)
    assert.ok(ms >= rtt && ms <= rtt * JITTER + 1)
  })

  it('fails when the dial takes too long where one has vanished, connection or not', () => {
    const [a, b] = [nodeAt(1), nodeAt(2)]
    const net = new Net()
    net.connect(a, b)
    b.health = 'vanished'
    const { ms, closer } = net.ask(a, b)

    assert.equal(closer, undefined)
    assert.equal(ms, LIMITS.dial)
  })

  it('fails, from a silent one, when the request has taken too long', () => {
    const [a, b] = [nodeAt(1), nodeAt(2, FAR)]
    const net = new Net()
    b.health = 'silent'
    const rtt = roundTrip(a.place, b.place)

    const cold = net.ask(a, b)
    assert.equal(cold.closer, undefined)
    assert.ok(cold.ms >= LIMITS.request + cold.connectedAt && cold.ms <= LIMITS.request + cold.connectedAt + rtt * JITTER)

    const warm = net.ask(a, b)
    assert.equal(warm.warm, true)
    assert.ok(warm.ms >= LIMITS.request && warm.ms <= LIMITS.request + rtt * JITTER)
  })

  it('reaches one behind a NAT only over a connection that is there', () => {
    const [a, b] = [nodeAt(1), nodeAt(2)]
    b.health = 'nat'
    const net = new Net()

    const cold = net.ask(a, b)
    assert.equal(cold.closer, undefined)
    assert.equal(cold.ms, LIMITS.dial)
    assert.equal(a.connections.has(b), false)

    // whoever is behind it can dial out
    assert.notEqual(net.ask(b, a).closer, undefined)
    assert.notEqual(net.ask(a, b).closer, undefined)
  })

  it('brings the 20 nearest to the target of the table of the one asked, without the one who asks', () => {
    const asker = nodeAt(1)
    const asked = nodeAt(1_000)
    // the first 20 are in one bucket, the others in nearer ones
    ;[asker, ...nodesAt(2, 20), ...nodesAt(990, 996)].forEach(peer => { asked.table.onAlive(peer, 1) })

    assert.deepEqual(idsOf(new Net().ask(asker, asked).closer ?? []), idsOf(nodesAt(2, 20)).concat('at 990'))
  })

  it('lets each learn of the other, and connects them', () => {
    const [a, b] = [nodeAt(1), nodeAt(2)]
    const net = new Net()
    assert.equal(net.ask(a, b).warm, false)

    assert.equal(a.table.has(b.id), true)
    assert.equal(b.table.has(a.id), true)
    assert.equal(net.ask(a, b).warm, true)
    assert.equal(net.ask(b, a).warm, true)
  })

  it('lets who asks forget one that fails 3 times', () => {
    const [a, b] = [nodeAt(1), nodeAt(2)]
    const net = new Net()
    net.ask(a, b)
    b.health = 'refusing'

    for (const fails of [1, 2, 3]) {
      assert.equal(a.table.has(b.id), true)
      // many at once are one failure
      net.ask(a, b)
      net.ask(a, b)
      assert.equal(a.table.has(b.id), fails < 3)
      net.clock.run(net.clock.now + MINUTE)
    }
  })

  it('leaves no trace in tables and connections when nobody is to learn', () => {
    const [a, b, c, d] = nodesAt(1, 4)
    new Net().ask(a, d)
    new Net().ask(a, d)
    const net = new Net({ learning: false })
    c.health = 'refusing'
    d.health = 'refusing'

    net.ask(a, b)
    net.ask(a, b)
    Array.from({ length: 5 }, () => net.ask(a, c))
    Array.from({ length: 5 }, () => net.ask(a, d))

    assert.deepEqual(idsOf(a.connections), [d.id])
    assert.equal(b.connections.size, 0)
    assert.equal(a.table.has(b.id), false)
    assert.equal(b.table.has(a.id), false)
    assert.equal(a.table.get(d.id)?.failures, 0)
  })

  it('keeps no more connections of a node than its limit: the oldest is gone for both', () => {
    const net = new Net()
    const [hub, first, ...others] = nodesAt(1, CONNECTIONS + 3)
    net.connect(hub, first)
    others.slice(0, CONNECTIONS - 1).forEach(other => { net.connect(hub, other) })
    assert.equal(hub.connections.has(first), true)

    net.connect(others[CONNECTIONS - 1], hub)
    assert.equal(hub.connections.size, CONNECTIONS)
    assert.equal(hub.connections.has(first), false)
    assert.equal(first.connections.has(hub), false)
  })

  it('takes the connections of one that leaves with it', () => {
    const net = new Net()
    const [leaver, ...others] = nodesAt(1, 5)
    others.forEach(other => { net.connect(leaver, other) })
    net.disconnect(leaver)

    assert.equal(leaver.connections.size, 0)
    assert.ok(others.every(({ connections }) => connections.size === 0))
  })

  it('connects nobody to one that has left while its request was on the way, and puts it into no table', () => {
    const net = new Net()
    const [leaver, asked] = nodesAt(1, 2)
    net.request(leaver, asked, TARGET, LIMITS, () => {})
    leaver.health = 'vanished'
    net.disconnect(leaver)
    net.clock.run()

    assert.equal(asked.connections.has(leaver), false)
    assert.equal(leaver.connections.size, 0)
    assert.equal(asked.table.has(leaver.id), false)
  })

  it('connects nobody to one that has left before their request got there', () => {
    const net = new Net()
    const [asker, leaver] = nodesAt(1, 2)
    net.request(asker, leaver, TARGET, LIMITS, () => {})
    leaver.health = 'vanished'
    net.disconnect(leaver)
    net.clock.run()

    assert.equal(asker.connections.has(leaver), false)
    assert.equal(leaver.connections.size, 0)
  })

  it('counts requests, dials, probes and bytes', () => {
    const [a, b] = [nodeAt(1), nodeAt(1_000)]
    nodesAt(2, 6).forEach(peer => { b.table.onAlive(peer, 1) })
    const named = b.table.size
    const net = new Net()
    net.ask(a, b)
    net.ask(a, b)

    assert.deepEqual(net.traffic, { requests: 2, dials: 1, probes: 1, bytes: BYTES.connection + 2 * (BYTES.request + named * BYTES.peer) })
  })

  it('tells who has asked whom, not when the request never gets there', () => {
    const asked: string[] = []
    const [a, b, c] = nodesAt(1, 3)
    c.health = 'vanished'
    const net = new Net({ onRequest: (to, from) => { asked.push(`${from.id} → ${to.id}`) } })
    net.ask(a, b)
    net.ask(a, c)

    assert.deepEqual(asked, ['at 1 → at 2'])
  })
})
