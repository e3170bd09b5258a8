// Virtual time: what is to happen, in the order in which it does.

import FlatQueue from 'flatqueue'

/** Times in the algorithm are unix ms and 0 stands for never, so that virtual time begins later than that. */
const BEGIN = 24 * 60 * 60 * 1000

export class Clock {
  readonly #queue = new FlatQueue<() => void>()
  #now: number

  constructor (begin = BEGIN) {
    this.#now = begin
  }

  /** Virtual unix ms. */
  get now (): number {
    return this.#now
  }

  /** In whole ms, never earlier than asked for: small whole numbers take no memory of their own where they are kept. */
  after (ms: number, event: () => void): void {
    this.#queue.push(event, this.#now + Math.ceil(ms))
  }

  /** Lets happen what is due by `until`; without it, all there is. */
  run (end = Infinity): void {
    const until = Math.ceil(end)

    for (let at = this.#queue.peekValue(); at != null && at <= until; at = this.#queue.peekValue()) {
      const event = this.#queue.pop() as () => void
      this.#now = at
      event()
    }

    this.#queue.shrink()

    if (until !== Infinity) {
      this.#now = Math.max(this.#now, until)
    }
  }
}
