// A binary heap whose items know their places, so that any of them can be taken out and not the first alone.

/** What may be in a heap, one at a time. */
export interface Placed {
  /** where it is in its heap: the heap's business */
  at: number
}

export class Heap <T extends Placed> {
  readonly #items: T[] = []
  readonly #compare: (a: T, b: T) => number

  /** The first is the one that `compare` puts before all others. */
  constructor (compare: (a: T, b: T) => number) {
    this.#compare = compare
  }

  get first (): T | undefined {
    return this.#items[0]
  }

  add (item: T): void {
    this.#rise(item, this.#items.length)
  }

  /** No effect when it is not in this heap. */
  remove (item: T): void {
    if (this.#items[item.at] !== item) {
      return
    }

    const last = this.#items.pop()

    if (last != null && last !== item) {
      this.#sink(last, item.at)
      this.#rise(last, last.at)
    }
  }

  /** Puts the item at the place, or at one above it where it comes before what is there. */
  #rise (item: T, at: number): void {
    let parent = (at - 1) >> 1

    while (at > 0 && this.#compare(item, this.#items[parent]) < 0) {
      this.#place(this.#items[parent], at)
      at = parent
      parent = (at - 1) >> 1
    }

    this.#place(item, at)
  }

  /** Puts the item at the place, or at one below it where it comes after what is there. */
  #sink (item: T, at: number): void {
    for (;;) {
      const left = 2 * at + 1
      const child = left + 1 < this.#items.length && this.#compare(this.#items[left + 1], this.#items[left]) < 0 ? left + 1 : left

      if (child >= this.#items.length || this.#compare(item, this.#items[child]) <= 0) {
        break
      }

      this.#place(this.#items[child], at)
      at = child
    }

    this.#place(item, at)
  }

  #place (item: T, at: number): void {
    this.#items[at] = item
    item.at = at
  }
}
