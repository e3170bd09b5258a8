// How long the event loop is blocked.

/** Between two looks, ms. */
const TICK = 5

export class Blocks {
  readonly #timer: ReturnType<typeof setInterval>
  #last = performance.now()
  #longest = 0

  constructor () {
    this.#timer = setInterval(() => { this.#tick() }, TICK)
  }

  /** The longest that a look came late since the start, ms, and ends looking. */
  end (): number {
    clearInterval(this.#timer)
    this.#tick()

    return this.#longest
  }

  #tick (): void {
    const now = performance.now()
    this.#longest = Math.max(this.#longest, now - this.#last - TICK)
    this.#last = now
  }
}
