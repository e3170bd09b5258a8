import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../../test/helpers/random.ts'
import { Clock } from '../../src/network/clock.ts'

describe('Clock', () => {
  it('lets everything happen in order, never early, and less than 1 ms late', () => {
    check(fc.property(fc.array(fc.nat(100_000).map(n => n / 16), { maxLength: 100 }), delays => {
      const clock = new Clock()
      const begun = clock.now
      const happened: number[] = []

      for (const ms of delays) {
        clock.after(ms, () => { happened.push(clock.now - begun) })
      }

      clock.run()
      const due = delays.toSorted((a, b) => a - b)

      assert.equal(happened.length, delays.length)
      assert.ok(happened.every((at, i) => at >= due[i] && at < due[i] + 1))
    }))
  })

  it('lets happen what an event asks for in its turn', () => {
    const clock = new Clock()
    const happened: string[] = []
    clock.after(10, () => {
      happened.push('first')
      clock.after(5, () => { happened.push('second') })
    })
    clock.after(20, () => { happened.push('third') })
    clock.run()

    assert.deepEqual(happened, ['first', 'second', 'third'])
  })

  it('runs until a time: what is due by then has happened, what comes later waits', () => {
    const clock = new Clock()
    const begun = clock.now
    const happened: number[] = []
    const delays = [100, 101, 200]
    delays.forEach(ms => { clock.after(ms, () => { happened.push(ms) }) })

    clock.run(begun + 100)
    assert.deepEqual(happened, [100])
    assert.equal(clock.now, begun + 100)

    clock.run(begun + 150)
    assert.deepEqual(happened, [100, 101])
    assert.equal(clock.now, begun + 150)

    clock.run()
    assert.deepEqual(happened, delays)
    assert.equal(clock.now, begun + 200)
  })

  it('does not go back', () => {
    const clock = new Clock()
    const begun = clock.now
    clock.run(begun + 50)
    clock.run(begun + 10)

    assert.equal(clock.now, begun + 50)
  })

  it('begins later than 0, which stands for never in the routing table', () => {
    assert.ok(new Clock().now > 0)
  })
})
