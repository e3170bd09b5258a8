import { expect } from 'aegir/chai'
import { withTimeLimit } from '../../src/values/time-limit.ts'
import { countListeners } from '../helpers/count-listeners.ts'
import { falseTime } from '../helpers/false-time.ts'
import { quiet } from '../helpers/turns.ts'
import type { Clock } from '../helpers/false-time.ts'

/** It never comes to an end, and says when it is told that nobody waits. */
function endless (onEnd: (reason: any) => void = () => {}): (signal: AbortSignal | undefined) => Promise<never> {
  return async signal => new Promise(() => { signal?.addEventListener('abort', () => { onEnd(signal.reason) }) })
}

describe('a limit of time', () => {
  let clock: Clock

  beforeEach(() => { clock = falseTime() })
  afterEach(() => { clock.restore() })

  it('gives what is there at once, without a timer', async () => {
    expect(await withTimeLimit(() => 7, 1_000)).to.equal(7)
    await expect(withTimeLimit(() => { throw new Error('no') }, 1_000)).to.eventually.be.rejectedWith('no')
    expect(clock.countTimers()).to.equal(0)
  })

  it('gives what comes in time, or its error, and leaves nothing behind', async () => {
    const { signal } = new AbortController()
    const listeners = countListeners(signal)
    expect(await withTimeLimit(async () => 7, 1_000, { signal })).to.equal(7)
    await expect(withTimeLimit(async () => { throw new Error('no') }, 1_000, { signal })).to.eventually.be.rejectedWith('no')
    expect(listeners()).to.equal(0)
    expect(clock.countTimers()).to.equal(0)
  })

  it('ends what takes longer, and says so to it', async () => {
    let reason: any
    const outcome = withTimeLimit(endless(given => { reason = given }), 1_000).catch(error => error)
    await clock.tickAsync(999)
    expect(reason).to.equal(undefined)
    await clock.tickAsync(1)

    expect(await outcome).to.have.property('name', 'TimeoutError')
    expect(reason).to.have.property('name', 'TimeoutError')
    expect(clock.countTimers()).to.equal(0)
  })

  it('holds for what is no promise but can be awaited, as an operation', async () => {
    const thenable = { then: () => {} } as unknown as Promise<number>
    const outcome = withTimeLimit(() => thenable, 1_000).catch(error => error)
    await clock.tickAsync(1_000)

    expect(await Promise.race([outcome, quiet()])).to.have.property('name', 'TimeoutError')
  })

  it('is ended by the signal with its reason, which the function learns too', async () => {
    const controller = new AbortController()
    let reason: any
    const outcome = withTimeLimit(endless(given => { reason = given }), 1_000, { signal: controller.signal }).catch(error => error)
    controller.abort(new Error('enough'))

    expect(await outcome).to.have.property('message', 'enough')
    expect(reason).to.have.property('message', 'enough')
    expect(clock.countTimers()).to.equal(0)
  })

  it('raises nothing that nobody handles when it was ended before, or something fails after its time', async () => {
    const unhandled: unknown[] = []
    const onUnhandled = (reason: unknown): void => { unhandled.push(reason) }
    process.on('unhandledRejection', onUnhandled)

    try {
      const failing = async (): Promise<never> => { throw new Error('no') }
      await expect(withTimeLimit(failing, 1_000, { signal: AbortSignal.abort(new Error('before')) })).to.eventually.be.rejectedWith('before')

      const late = Promise.withResolvers<number>()
      const outcome = withTimeLimit(async () => late.promise, 1_000).catch(error => error)
      await clock.tickAsync(1_000)
      await outcome
      late.reject(new Error('late'))
      await quiet()
    } finally {
      process.off('unhandledRejection', onUnhandled)
    }

    expect(unhandled).to.deep.equal([])
  })
})
