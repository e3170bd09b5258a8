// Newer versions of a record as they appear. Who holds it is looked for once; after that one of the holders is asked each time, in turn, so that
// one which has missed something, or lies, is made up for by the others.

import { compareSigned } from './selector.ts'
import type { Contact } from '../../query/contact.ts'
import type { FoundValue } from '../get.ts'

/** A look that finds nothing new makes the pause before the next one so many times as long. */
const BACK_OFF = 1.5

export interface WatchNeeds {
  /** looks for the record, and who holds it; undefined when nobody does */
  find (signal: AbortSignal): Promise<FoundValue | undefined>
  /** what a peer holds that is valid; undefined for nothing */
  held (peer: Contact, signal: AbortSignal): Promise<Uint8Array | undefined>
  sleep (ms: number, signal: AbortSignal): Promise<void>
  minInterval: number
  maxInterval: number
  signal: AbortSignal
}

/** The values of the record, each higher than the one before. Endless, until the signal ends it. */
export async function * watchRecord ({ find, held, sleep, minInterval, maxInterval, signal }: WatchNeeds): AsyncGenerator<Uint8Array, never, undefined> {
  let latest: Uint8Array | undefined
  let holders: Contact[] = []

  for (let pause = minInterval; ; pause = Math.min(maxInterval, pause * BACK_OFF)) {
    let value: Uint8Array | undefined

    while (value == null && holders.length > 0) {
      const [holder, ...others] = holders
      value = await held(holder, signal).catch(() => undefined)
      signal.throwIfAborted()
      // it comes last, unless it has nothing any more
      holders = value == null ? others : [...others, holder]
    }

    if (value == null) {
      // with nobody to ask there is nothing new: another time there may be
      const found = await find(signal).catch(() => undefined)
      signal.throwIfAborted()
      value = found?.value
      holders = found?.holders ?? []
    }

    if (value != null && (latest == null || compareSigned(value, latest) > 0)) {
      latest = value
      pause = minInterval
      yield value
    }

    await sleep(pause, signal)
  }
}
