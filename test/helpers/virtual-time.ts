// Time in which things happen in an order that a seed decides, as fast as they can be computed: for thousands of races.

import Sinon from 'sinon'
import { START } from './false-time.ts'

interface Waiting {
  at: number
  /** of two at the same time the lower comes first: as chance will have it */
  chance: number
  resolve (): void
}

/** Lets everything that needs no time happen. */
async function settled (): Promise<void> {
  await new Promise<void>(resolve => { setImmediate(resolve) })
}

export class VirtualTime {
  readonly #random: () => number
  readonly #clock = Sinon.useFakeTimers({ now: START, toFake: ['Date'] })
  #waiting: Waiting[] = []

  constructor (random: () => number) {
    this.#random = random
  }

  async sleep (ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    await new Promise<void>(resolve => { this.#waiting.push({ at: Date.now() + ms, chance: this.#random(), resolve }) })
    signal?.throwIfAborted()
  }

  /** Passes until that is done, or nothing happens any more; then real time is back. */
  async pass <T> (done: Promise<T>): Promise<T> {
    const state = { isDone: false }
    done.finally(() => { state.isDone = true }).catch(() => {})

    try {
      for (await settled(); !state.isDone; await settled()) {
        const next = this.#waiting.reduce<Waiting | undefined>((first, one) => first == null || one.at < first.at || (one.at === first.at && one.chance < first.chance) ? one : first, undefined)

        if (next == null) {
          throw new Error('Everybody waits for something that does not happen')
        }

        this.#waiting = this.#waiting.filter(one => one !== next)
        this.#clock.setSystemTime(Math.max(Date.now(), next.at))
        next.resolve()
      }
    } finally {
      this.#clock.restore()
    }

    return done
  }
}
