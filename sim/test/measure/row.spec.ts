import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { rounded, sumUp } from '../../src/measure/row.ts'
import type { LookupReport } from '../../src/world/run-lookup.ts'

function report (given: Partial<LookupReport> = {}): LookupReport {
  return { found: [], reachedGoal: false, messages: 0, answered: 0, failed: 0, dials: 0, inFlightMax: 0, ms: 0, hopsDiscovery: 0, hopsConfirm: 0, ...given }
}

describe('sumUp', () => {
  it('takes the mean of what is counted a lookup, and the greatest of what was in flight', () => {
    const measures = sumUp([
      report({ messages: 20, failed: 1, dials: 4, hopsDiscovery: 1, hopsConfirm: 2, inFlightMax: 10 }),
      report({ messages: 25, failed: 0, dials: 8, hopsDiscovery: 2, hopsConfirm: 4, inFlightMax: 13 })
    ], [1, 0.9], 1_001)

    assert.equal(measures.lookups, 2)
    assert.equal(measures.recall, 0.95)
    assert.equal(measures.messages, 22.5)
    assert.equal(measures.failed, 0.5)
    assert.equal(measures.dials, 6)
    assert.equal(measures.bytes, 501)
    assert.equal(measures.hopsDiscovery, 1.5)
    assert.equal(measures.hopsConfirm, 3)
    assert.equal(measures.inFlightMax, 13)
  })

  it('tells how long half, 90 and 99 of a hundred lookups took at the most', () => {
    const { p50, p90, p99 } = sumUp(Array.from({ length: 1_000 }, (_, i) => report({ ms: i + 1 })), [], 0)

    assert.ok(Math.abs(p50 - 500) <= 1 && Math.abs(p90 - 900) <= 1 && Math.abs(p99 - 990) <= 1, `${p50} ${p90} ${p99}`)
  })

  it('leaves recall out where there is no truth to hold it against', () => {
    assert.equal('recall' in sumUp([report()], [], 0), false)
  })

  it('sums up as many lookups as the command line allows', () => {
    const one = report({ inFlightMax: 7 })

    assert.equal(sumUp(new Array(1_000_000).fill(one), [], 0).inFlightMax, 7)
  })
})

describe('rounded', () => {
  it('has three decimals, or as many as asked', () => {
    assert.equal(rounded(1 / 3), 0.333)
    assert.equal(rounded(2 / 3, 1), 0.7)
    assert.equal(rounded(5), 5)
  })
})
