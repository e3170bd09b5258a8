// Time that passes when a test says so.

import Sinon from 'sinon'

export const SECOND = 1_000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE

export type Clock = Sinon.SinonFakeTimers

/** When it starts, unix ms. */
export const START = 1_700_000_000_000

/** Restore it when the test is over. */
export function falseTime (): Clock {
  return Sinon.useFakeTimers({ now: START, toFake: ['Date', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
}
