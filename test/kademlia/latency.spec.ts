import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { lateAfter, observe } from '../../src/kademlia/latency.ts'
import { check } from '../helpers/random.ts'
import type { RoundTrip } from '../../src/kademlia/latency.ts'

const BOUNDS = { min: 250, initial: 2_000, max: 5_000 }

function observed (times: number[]): RoundTrip | undefined {
  return times.reduce<RoundTrip | undefined>((estimate, ms) => observe(estimate, ms), undefined)
}

describe('the time after which a reply is late', () => {
  it('is the initial one while nothing was measured', () => {
    expect(lateAfter(undefined, BOUNDS)).to.equal(2_000)
  })

  it('is three round trips after the first one, as in RFC 6298', () => {
    expect(lateAfter(observed([300]), BOUNDS)).to.equal(900)
  })

  it('follows RFC 6298 to the letter after that', () => {
    // SRTT 300, RTTVAR 150; then R = 700: RTTVAR = 3/4 · 150 + 1/4 · 400 = 212.5, SRTT = 7/8 · 300 + 1/8 · 700 = 350
    expect(observed([300, 700])).to.deep.equal({ mean: 350, deviation: 212.5 })
  })

  it('comes near the round trip of a steady peer', () => {
    expect(lateAfter(observed(new Array(100).fill(800)), BOUNDS)).to.be.closeTo(800, 1)
  })

  it('is within its bounds whatever was measured, and never before the mean unless the bound says so', () => {
    check(fc.property(fc.array(fc.double({ min: 0, max: 1e7, noNaN: true }), { minLength: 1 }), times => {
      const estimate = observed(times)
      const late = lateAfter(estimate, BOUNDS)

      expect(late).to.be.within(BOUNDS.min, BOUNDS.max)
      expect(late).to.be.at.least(Math.min(BOUNDS.max, estimate?.mean ?? 0))
    }), 300)
  })
})
