// What goes on after its result was given: an optimistic announcement returns when it has holders enough, and tells the rest in the background. It ends with the
// node, which waits for it a while.

/** How long a stop waits for it, ms: about as long as a slow peer takes. */
const PATIENCE = 5_000

export class Settling {
  readonly #running = new Set<Promise<unknown>>()

  /** What was begun until it has ended, well or not. */
  add (running: Promise<unknown>): void {
    const ended = running.catch(() => {}).finally(() => { this.#running.delete(ended) })
    this.#running.add(ended)
  }

  /** Resolves when all has ended, or it took too long. */
  async drained (): Promise<void> {
    if (this.#running.size === 0) {
      return
    }

    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, PATIENCE)

    try {
      await Promise.race([Promise.all(this.#running), promise])
    } finally {
      clearTimeout(timer)
    }
  }
}
