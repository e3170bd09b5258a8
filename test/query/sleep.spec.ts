import { expect } from 'aegir/chai'
import { sleep } from '../../src/query/sleep.ts'
import { countListeners } from '../helpers/count-listeners.ts'
import { falseTime } from '../helpers/false-time.ts'
import type { Clock } from '../helpers/false-time.ts'

describe('a pause', () => {
  let clock: Clock

  beforeEach(() => { clock = falseTime() })
  afterEach(() => { clock.restore() })

  it('lasts as long as it is told, and leaves nothing behind', async () => {
    const { signal } = new AbortController()
    const listeners = countListeners(signal)
    let isOver = false
    const pause = sleep(1_000, signal).then(() => { isOver = true })
    await clock.tickAsync(999)
    expect(isOver).to.equal(false)
    await clock.tickAsync(1)
    await pause

    expect(listeners()).to.equal(0)
    expect(clock.countTimers()).to.equal(0)
  })

  it('is ended by the signal, with its reason and without a timer left', async () => {
    const controller = new AbortController()
    const listeners = countListeners(controller.signal)
    const pause = sleep(1_000, controller.signal)
    controller.abort(new Error('enough'))

    await expect(pause).to.eventually.be.rejectedWith('enough')
    expect(listeners()).to.equal(0)
    expect(clock.countTimers()).to.equal(0)
  })

  it('does not begin when the signal has been given before', async () => {
    await expect(sleep(1_000, AbortSignal.abort(new Error('before')))).to.eventually.be.rejectedWith('before')
    expect(clock.countTimers()).to.equal(0)
  })
})
