// A set of numbers, kept as the intervals that it is made of. Pure (law 2).

import type { Interval } from './position.ts'

export class Intervals {
  /** where each begins, ascending; no two touch */
  #from: number[] = []
  /** where each ends: the first number that is not in it */
  #to: number[] = []

  /** Adds the numbers from `from` up to `to`, without it. */
  add (from: number, to: number): void {
    // those that it touches become one with it
    const first = firstIndex(this.#to, end => end >= from)
    const after = firstIndex(this.#from, start => start > to)
    const count = Math.max(0, after - first)

    this.#from.splice(first, count, count === 0 ? from : Math.min(from, this.#from[first]))
    this.#to.splice(first, count, count === 0 ? to : Math.max(to, this.#to[after - 1]))
  }

  addAll (intervals: Iterable<Interval>): void {
    for (const [from, to] of intervals) {
      this.add(from, to)
    }
  }

  /** Whether all of these numbers are in it. */
  has (from: number, to: number): boolean {
    return this.gap(from, to) == null
  }

  /** The first of these numbers that is not in it. */
  gap (from: number, to: number): number | undefined {
    const at = firstIndex(this.#to, end => end > from)
    const first = at < this.#from.length && this.#from[at] <= from ? this.#to[at] : from

    return first < to ? first : undefined
  }
}

/** The first index whose number passes a test that all after it pass too; the length when none does. */
function firstIndex (numbers: readonly number[], test: (number: number) => boolean): number {
  let low = 0
  let high = numbers.length

  while (low < high) {
    const middle = (low + high) >>> 1

    if (test(numbers[middle])) {
      high = middle
    } else {
      low = middle + 1
    }
  }

  return low
}
