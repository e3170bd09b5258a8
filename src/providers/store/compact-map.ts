// A map from fingerprints to small numbers, for a million of them: some 25 bytes an entry, where a `Map` takes 60 and more, and no
// object that the garbage collector would have to look at. It grows piece by piece, so that nobody waits for it.

/** How many parts there are, of which each grows alone: at a million entries that takes a millisecond. A power of 2. */
const PARTS = 64

/** Slots of a part at first. A power of 2. */
const SMALLEST = 8

/** A slot: the two halves of the fingerprint, and the number; 0 where there is none. */
const WORDS = 3

export class CompactMap {
  readonly #parts = Array.from({ length: PARTS }, () => new Part())
  #size = 0

  get size (): number {
    return this.#size
  }

  /** The number of the fingerprint, a whole one of up to 53 bits that is as good as random; 0 when there is none. Hot. */
  get (fingerprint: number): number {
    const high = highOf(fingerprint)

    return this.#parts[high & (PARTS - 1)].get(fingerprint >>> 0, high)
  }

  /** A number of up to 32 bits; 0 takes it out. Hot. */
  set (fingerprint: number, value: number): void {
    const high = highOf(fingerprint)
    const part = this.#parts[high & (PARTS - 1)]
    const before = part.size
    value === 0 ? part.delete(fingerprint >>> 0, high) : part.set(fingerprint >>> 0, high, value)
    this.#size += part.size - before
  }
}

function highOf (fingerprint: number): number {
  return Math.floor(fingerprint / 2 ** 32)
}

/** Open addressing with linear probing; what is taken out leaves no grave, for those behind it move up. */
class Part {
  #words = new Uint32Array(WORDS * SMALLEST)
  #mask = SMALLEST - 1
  size = 0

  get (low: number, high: number): number {
    return this.#words[WORDS * this.#find(low, high) + 2]
  }

  set (low: number, high: number, value: number): void {
    const slot = this.#find(low, high)
    const isNew = this.#isFree(slot)
    this.#write(slot, low, high, value)

    if (isNew && ++this.size > 0.75 * (this.#mask + 1)) {
      this.#grow()
    }
  }

  delete (low: number, high: number): void {
    let hole = this.#find(low, high)

    if (this.#isFree(hole)) {
      return
    }

    for (let slot = this.#next(hole); !this.#isFree(slot); slot = this.#next(slot)) {
      const home = this.#words[WORDS * slot] & this.#mask

      // not before its own place, or it would not be found again
      if (((slot - home) & this.#mask) >= ((slot - hole) & this.#mask)) {
        this.#words.copyWithin(WORDS * hole, WORDS * slot, WORDS * (slot + 1))
        hole = slot
      }
    }

    this.#write(hole, 0, 0, 0)
    this.size--
  }

  /** Where it is, or where it would be. There is always a free slot. */
  #find (low: number, high: number): number {
    let slot = low & this.#mask

    while (!this.#isFree(slot) && (this.#words[WORDS * slot] !== low || this.#words[WORDS * slot + 1] !== high)) {
      slot = this.#next(slot)
    }

    return slot
  }

  #isFree (slot: number): boolean {
    return this.#words[WORDS * slot + 2] === 0
  }

  #next (slot: number): number {
    return (slot + 1) & this.#mask
  }

  #write (slot: number, low: number, high: number, value: number): void {
    this.#words[WORDS * slot] = low
    this.#words[WORDS * slot + 1] = high
    this.#words[WORDS * slot + 2] = value
  }

  #grow (): void {
    const words = this.#words
    this.#mask = 2 * this.#mask + 1
    this.#words = new Uint32Array(WORDS * (this.#mask + 1))

    for (let i = 0; i < words.length; i += WORDS) {
      if (words[i + 2] !== 0) {
        this.#write(this.#find(words[i], words[i + 1]), words[i], words[i + 1], words[i + 2])
      }
    }
  }
}
