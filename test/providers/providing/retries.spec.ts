import { expect } from 'aegir/chai'
import { Retries } from '../../../src/providers/providing/retries.ts'

describe('retries', () => {
  it('come later and later, never later than they may, and at once after a success or for everything', () => {
    const retries = new Retries({ first: 10, most: 35 })
    expect(retries.at(1)).to.equal(undefined)
    expect(retries.waits(1, 0)).to.equal(false)
    const waits = [0, 100, 200, 300].map(now => {
      retries.onFailure(1, now)

      return (retries.at(1) ?? 0) - now
    })
    expect(waits).to.deep.equal([10, 20, 35, 35])
    expect([334, 335].map(now => retries.waits(1, now))).to.deep.equal([true, false])
    expect(retries.waits(2, 300)).to.equal(false)
    retries.onSuccess(1)
    retries.onFailure(1, 400)
    expect(retries.at(1)).to.equal(410)
    retries.onFailure(2, 400)
    retries.clear()
    expect([1, 2].map(what => retries.waits(what, 400))).to.deep.equal([false, false])
  })

  it('come no later than they may after the first failure, too', () => {
    const retries = new Retries({ first: 100, most: 5 })
    retries.onFailure(1, 0)
    expect(retries.at(1)).to.equal(5)
  })
})
