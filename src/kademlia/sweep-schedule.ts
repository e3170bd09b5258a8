// When which part of the key space is announced again. Each has its moment in the cycle, so that the work is spread evenly over it; where in the cycle a node
// begins is up to its own id, so that nodes do not announce the same part at the same time. What is due is told by the clock and by when it was last done, so
// there is nothing to remember over a restart. Pure (law 2).

/** What was announced so much of a cycle before its moment, or later, has to wait for the next one; and less where an announcement would lapse before that. */
const FRESH = 1 / 4

export interface SweepScheduleOptions {
  /** from one announcement of a key to the next, ms */
  cycle: number
  /** so long before it lapses an announcement is made again, ms: no first wait may be longer than a cycle by more */
  threshold: number
  /** where in the cycle the key space begins, from 0 to 1 */
  phase: number
}

export class SweepSchedule {
  readonly #cycle: number
  readonly #start: number
  /** share of a cycle */
  readonly #fresh: number

  constructor ({ cycle, threshold, phase }: SweepScheduleOptions) {
    this.#cycle = cycle
    this.#start = phase * cycle
    // the other half is what is left to be late in
    this.#fresh = Math.min(FRESH, threshold / cycle / 2)
  }

  /** The first moment after `now` of that place in the key space, from 0 to 1; unix ms. */
  next (place: number, now: number): number {
    const offset = this.#start + place * this.#cycle

    return offset + (Math.floor((now - offset) / this.#cycle) + 1) * this.#cycle
  }

  /** Which part of the key space has had its moment in this cycle, from the beginning on; from 0 to 1. */
  progress (now: number): number {
    const since = (now - this.#start) % this.#cycle

    return (since < 0 ? since + this.#cycle : since) / this.#cycle
  }

  /** Whether what is there is due: it was not announced a while before its last moment, or later. What was announced at a time that is still to come was not: a clock was wrong. */
  isDue (place: number, announcedAt: number, now: number): boolean {
    return announcedAt < this.next(place, now) - (1 + this.#fresh) * this.#cycle || announcedAt > now + this.#fresh * this.#cycle
  }

  /** How long ago what is there became due, ms; 0 when it is not. */
  lag (place: number, announcedAt: number, now: number): number {
    return Math.max(0, now - this.next(place, announcedAt + this.#fresh * this.#cycle))
  }
}
