import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { CompactMap } from '../../../src/providers/store/compact-map.ts'
import { check, pick, randomNumbers, SEED } from '../../helpers/random.ts'

/** Many that share a place of the table, in both halves. */
const FINGERPRINT = fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 2 }))
  .map(([high, low, more]) => (64 * high + more) * 2 ** 32 + 8 * low)

describe('a compact map', () => {
  it('has what a map has, whatever is put in and taken out', () => {
    const step = fc.record({ fingerprint: FINGERPRINT, value: fc.integer({ min: 0, max: 2 ** 32 - 1 }) })

    check(fc.property(fc.array(step, { maxLength: 200 }), steps => {
      const map = new CompactMap()
      const model = new Map<number, number>()

      for (const { fingerprint, value } of steps) {
        map.set(fingerprint, value)
        value === 0 ? model.delete(fingerprint) : model.set(fingerprint, value)
      }

      expect(map.size).to.equal(model.size)
      steps.forEach(({ fingerprint }) => { expect(map.get(fingerprint)).to.equal(model.get(fingerprint) ?? 0) })
    }), 1_000)
  })

  it('finds each of a hundred thousand when half of them have been taken out', () => {
    const random = randomNumbers(SEED)
    const fingerprints = Array.from({ length: 100_000 }, () => pick(random, 2 ** 21) * 2 ** 32 + pick(random, 2 ** 32))
    const map = new CompactMap()
    fingerprints.forEach((fingerprint, i) => { map.set(fingerprint, i + 1) })
    fingerprints.forEach((fingerprint, i) => { i % 2 === 0 && map.set(fingerprint, 0) })

    expect(map.size).to.equal(50_000)
    fingerprints.forEach((fingerprint, i) => { expect(map.get(fingerprint)).to.equal(i % 2 === 0 ? 0 : i + 1) })
  })
})
