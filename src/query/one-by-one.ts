// Changes of the same thing one after another, of different things at once.

export class OneByOne {
  /** the last change under way of each */
  readonly #last = new Map<string, Promise<unknown>>()

  /** Begins when all changes of this name that were asked for before have ended, well or not. */
  async run <T> (name: string, change: () => Promise<T>): Promise<T> {
    const running = (this.#last.get(name) ?? Promise.resolve())
      // whoever caused the change before hears of its failure
      .catch(() => {})
      .then(change)

    this.#last.set(name, running)

    try {
      return await running
    } finally {
      if (this.#last.get(name) === running) {
        this.#last.delete(name)
      }
    }
  }
}
