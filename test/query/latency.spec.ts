import { expect } from 'aegir/chai'
import { Latency } from '../../src/query/latency.ts'
import type { KnownPeer } from '../../src/query/latency.ts'

const BOUNDS = { min: 500, initial: 2_000, max: 5_000 }

/** As of answers that always took as long: no deviation is left. */
function measured (latency: Latency, id: string, ms: number, reach: 'stream' | 'connection' | 'dial'): void {
  for (let i = 0; i < 100; i++) {
    latency.onAnswer(id, ms, reach)
  }
}

describe('when a request is slow', () => {
  it('is as at first while nothing was measured', () => {
    const latency = new Latency(BOUNDS, () => undefined)

    expect(['stream', 'connection', 'dial'].map(reach => latency.slowAfter('a', reach as 'stream'))).to.deep.equal([2_000, 2_000, 2_000])
  })

  it('is by the peer itself where it was measured, and by the others of the network where not', () => {
    const latency = new Latency(BOUNDS, () => undefined)
    measured(latency, 'near', 600, 'stream')
    measured(latency, 'far', 3_000, 'stream')

    expect(latency.slowAfter('near', 'stream')).to.be.closeTo(600, 1)
    expect(latency.slowAfter('far', 'stream')).to.be.closeTo(3_000, 1)
    expect(latency.slowAfter('stranger', 'stream')).to.be.above(2_900)
  })

  it('is by what the table has measured of its own peers', () => {
    const latency = new Latency(BOUNDS, id => id === 'known' ? { rtt: { mean: 700, deviation: 10 }, failures: 0 } : undefined)

    expect(latency.slowAfter('known', 'stream')).to.equal(740)
  })

  it('is later when a stream has to be opened, and does not wait for dials to learn that', () => {
    const latency = new Latency(BOUNDS, () => undefined)
    measured(latency, 'a', 400, 'stream')
    expect(latency.slowAfter('a', 'connection')).to.be.closeTo(1_200, 1)
    expect(latency.slowAfter('a', 'dial')).to.equal(2_000)

    measured(latency, 'b', 900, 'connection')
    measured(latency, 'b', 1_500, 'dial')
    expect(latency.slowAfter('a', 'connection')).to.be.closeTo(900, 1)
    expect(latency.slowAfter('a', 'dial')).to.be.closeTo(1_500, 1)
  })

  it('stays within its bounds', () => {
    const latency = new Latency(BOUNDS, () => undefined)
    measured(latency, 'a', 1, 'stream')
    measured(latency, 'b', 60_000, 'dial')

    expect(latency.slowAfter('a', 'stream')).to.equal(500)
    expect(latency.slowAfter('b', 'dial')).to.equal(5_000)
  })

  it('comes in half of the time for one that failed last time, and the next is asked at once', () => {
    const entry: KnownPeer = { rtt: { mean: 1_000, deviation: 0 }, failures: 1 }
    const latency = new Latency(BOUNDS, () => entry)

    expect(latency.slowAfter('a', 'stream')).to.equal(500)
    expect(latency.overdueAfter('a', 'stream')).to.equal(0)
  })
})

describe('when a request is overdue', () => {
  it('is sooner than slow, however fast the network', () => {
    const latency = new Latency(BOUNDS, () => undefined)
    measured(latency, 'near', 20, 'stream')
    measured(latency, 'far', 3_000, 'stream')

    expect(latency.overdueAfter('near', 'stream')).to.equal(50)
    expect(latency.overdueAfter('far', 'stream')).to.be.closeTo(0.85 * 3_000, 1)
    expect(latency.overdueAfter('stranger', 'dial')).to.equal(0.85 * 2_000)
  })
})
