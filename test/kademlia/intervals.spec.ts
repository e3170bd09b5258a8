import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { Intervals } from '../../src/kademlia/intervals.ts'
import { check } from '../helpers/random.ts'

const SPAN = 40

const anyInterval = fc.tuple(fc.nat(SPAN), fc.nat(SPAN)).map(([a, b]): [number, number] => [Math.min(a, b), Math.max(a, b) + 1])

describe('a set of intervals', () => {
  it('has exactly the numbers that were added, in whatever order and however they overlap', () => {
    check(fc.property(fc.array(anyInterval, { maxLength: 12 }), anyInterval, (added, [from, to]) => {
      const intervals = new Intervals()
      const numbers = new Set<number>()
      intervals.addAll(added)
      added.forEach(([from, to]) => {
        for (let n = from; n < to; n++) {
          numbers.add(n)
        }
      })

      const missing = Array.from({ length: to - from }, (_, i) => from + i).find(n => !numbers.has(n))
      expect(intervals.gap(from, to)).to.equal(missing)
      expect(intervals.has(from, to)).to.equal(missing == null)
    }), 1_000)
  })

  it('has nothing to begin with', () => {
    expect(new Intervals().gap(3, 5)).to.equal(3)
  })

  it('has all numbers of no numbers', () => {
    expect(new Intervals().has(3, 3)).to.equal(true)
  })

  it('makes one of two that touch', () => {
    const intervals = new Intervals()
    intervals.add(0, 5)
    intervals.add(5, 10)
    expect(intervals.has(0, 10)).to.equal(true)
  })
})
