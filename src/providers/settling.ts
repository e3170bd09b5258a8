// What goes on after its result was given: an optimistic announcement returns when it has holders enough, and tells the rest in the background. It ends with the
// node, which waits for it a while.

import { NotStartedError } from '@libp2p/interface'

/** How long a stop waits for it, ms: about as long as a slow peer takes. */
const PATIENCE = 5_000

export class Settling {
  readonly #running = new Map<Promise<unknown>, AbortController>()

  /** What was begun until it has ended, well or not; `rest` ends it. Added again it is the same. */
  add (running: Promise<unknown>, rest: AbortController): void {
    if (!this.#running.has(running)) {
      this.#running.set(running, rest)
      // whoever follows its events hears of a failure
      running.catch(() => {}).finally(() => { this.#running.delete(running) })
    }
  }

  /** Whether all has ended. */
  get isDrained (): boolean {
    return this.#running.size === 0
  }

  /** Resolves when all has ended, which it is made to when it takes too long. */
  async drained (): Promise<void> {
    const timer = setTimeout(() => {
      this.#running.forEach(rest => { rest.abort(new NotStartedError('The DHT was stopped')) })
    }, PATIENCE)

    try {
      await Promise.allSettled(this.#running.keys())
    } finally {
      clearTimeout(timer)
    }
  }
}
