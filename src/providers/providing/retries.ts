// When what has failed is tried again: a while later, and twice as long after each failure in a row.

interface Failure {
  at: number
  wait: number
}

export class Retries {
  readonly #first: number
  readonly #most: number
  readonly #failures = new Map<number, Failure>()

  /** `first`: how long after the first failure, `most`: at the most, ms */
  constructor ({ first, most }: { first: number, most: number }) {
    this.#first = Math.min(first, most)
    this.#most = most
  }

  onFailure (what: number, now: number): void {
    const before = this.#failures.get(what)
    const wait = before == null ? this.#first : Math.min(this.#most, 2 * before.wait)
    this.#failures.set(what, { at: now + wait, wait })
  }

  onSuccess (what: number): void {
    this.#failures.delete(what)
  }

  /** Everything may be tried again at once. */
  clear (): void {
    this.#failures.clear()
  }

  /** When it is to be tried again, unix ms; undefined when it has not failed. */
  at (what: number): number | undefined {
    return this.#failures.get(what)?.at
  }

  waits (what: number, now: number): boolean {
    const { at, wait } = this.#failures.get(what) ?? { at: 0, wait: 0 }

    // what failed at a time that is still to come: the clock was set back
    return now < at && now >= at - wait
  }
}
