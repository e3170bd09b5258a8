import { expect } from 'aegir/chai'
import { Namespaces } from '../../src/values/namespaces.ts'
import { Refusals } from '../../src/values/refusals.ts'
import { bytes } from '../helpers/content.ts'
import { falseTime, MINUTE } from '../helpers/false-time.ts'

const validators = { ours: () => {}, list: () => {}, other: () => {} }

describe('who has refused what', () => {
  let refusals: Refusals

  beforeEach(() => {
    refusals = new Refusals(new Namespaces({ validators, selectors: {}, rules: { ours: { answersHeld: true }, list: { merge: ([value]) => value } }, timeout: 5_000 }))
  })

  it('is remembered of the peer and the namespace, whatever the key', () => {
    refusals.add('a', bytes('/ours/1'))
    refusals.add('a', bytes('/list/1'))

    expect(refusals.has('a', bytes('/ours/2'))).to.equal(true)
    expect(refusals.has('a', bytes('/list/2'))).to.equal(true)
    expect(refusals.has('b', bytes('/ours/1'))).to.equal(false)
  })

  it('is not remembered where whoever has a better value refuses, too', () => {
    refusals.add('a', bytes('/other/1'))
    expect(refusals.has('a', bytes('/other/1'))).to.equal(false)
  })

  it('is forgotten after ten minutes: nodes learn', () => {
    const clock = falseTime()

    try {
      refusals.add('a', bytes('/ours/1'))
      clock.tick(10 * MINUTE - 1)
      expect(refusals.has('a', bytes('/ours/1'))).to.equal(true)
      clock.tick(2)
      expect(refusals.has('a', bytes('/ours/1'))).to.equal(false)
    } finally {
      clock.restore()
    }
  })
})
