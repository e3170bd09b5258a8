import { expect } from 'aegir/chai'
import { Settling } from '../../src/providers/settling.ts'
import { falseTime, SECOND } from '../helpers/false-time.ts'
import type { Clock } from '../helpers/false-time.ts'

describe('what goes on after its result was given', () => {
  let clock: Clock

  beforeEach(() => { clock = falseTime() })
  afterEach(() => { clock.restore() })

  async function drained (settling: Settling): Promise<number> {
    const begun = Date.now()
    const done = settling.drained().then(() => Date.now() - begun)
    await clock.tickAsync(60 * SECOND)

    return done
  }

  it('is waited for, whether it ends well or not, and no longer than it takes', async () => {
    const settling = new Settling()
    settling.add(new Promise(resolve => { setTimeout(resolve, 2 * SECOND) }), new AbortController())
    const failing = new Promise((resolve, reject) => { setTimeout(() => { reject(new Error('it failed')) }, 3 * SECOND) })
    settling.add(failing, new AbortController())
    settling.add(failing, new AbortController())
    expect(settling.isDrained).to.equal(false)
    expect(await drained(settling)).to.equal(3 * SECOND)
    expect(settling.isDrained).to.equal(true)
    expect(clock.countTimers()).to.equal(0)
  })

  it('is waited for five seconds, and made to end then', async () => {
    const settling = new Settling()
    const rests = [new AbortController(), new AbortController()]
    rests.forEach(rest => { settling.add(new Promise((resolve, reject) => { rest.signal.addEventListener('abort', () => { reject(rest.signal.reason) }) }), rest) })
    expect(await drained(settling)).to.equal(5 * SECOND)
    rests.forEach(({ signal }) => { expect(signal.reason).to.have.property('name', 'NotStartedError') })
    expect(clock.countTimers()).to.equal(0)
  })

  it('is nothing, and takes no time, when all has ended', async () => {
    const settling = new Settling()
    settling.add(Promise.resolve(), new AbortController())
    settling.add(Promise.reject(new Error('it failed')), new AbortController())
    await clock.tickAsync(0)
    expect(await drained(settling)).to.equal(0)
    expect(await drained(new Settling())).to.equal(0)
  })
})
