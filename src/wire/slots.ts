// So many at once, the others in the order in which they came. Whoever no longer wants a place leaves no trace.

export class Slots {
  readonly #most: number
  readonly #waiting = new Set<() => void>()
  #taken = 0

  /** `most`: places */
  constructor (most: number) {
    this.#most = most
  }

  get taken (): number {
    return this.#taken
  }

  get waiting (): number {
    return this.#waiting.size
  }

  get full (): boolean {
    return this.#taken >= this.#most
  }

  /** Takes a place if there is one, which is the caller's until it is given back. */
  takeFree (): boolean {
    if (this.full) {
      return false
    }

    this.#taken++

    return true
  }

  /** Resolves when there is a place, which is the caller's until it is given back; rejects when the signal says so. */
  async take (signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()

    if (this.takeFree()) {
      return
    }

    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const next = (): void => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    }
    const onAbort = (): void => {
      signal.removeEventListener('abort', onAbort)
      this.#waiting.delete(next)
      reject(signal.reason)
    }
    signal.addEventListener('abort', onAbort)
    this.#waiting.add(next)

    return promise
  }

  give (): void {
    const [next] = this.#waiting

    if (next == null) {
      this.#taken--
    } else {
      // the place changes hands
      this.#waiting.delete(next)
      next()
    }
  }
}
