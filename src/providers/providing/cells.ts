// What is known at hand of the keys that this node provides: how many there are in each of 4,096 equal parts of the key space, and when the one announced
// longest ago was announced. Of millions of keys that is all that is kept in memory.

import type { Key } from '../../kademlia/key.ts'

/** Hexadecimal digits that name a cell. */
export const CELL_DIGITS = 3
export const CELLS = 16 ** CELL_DIGITS

/** In which cell a key lies. */
export function cellOf (key: Key): number {
  return key[0] >>> (32 - 4 * CELL_DIGITS)
}

/** Cells in a row that one hexadecimal name begins: all of them, a sixteenth, and so on. */
export interface Block {
  /** the first digits of the keys in it: none to three */
  readonly digits: string
  readonly from: number
  /** the first cell that is not in it */
  readonly to: number
}

export class Cells {
  readonly #counts = new Uint32Array(CELLS)
  readonly #oldest = new Float64Array(CELLS).fill(Infinity)
  /** how many have never been announced */
  readonly #news = new Uint32Array(CELLS)
  #size = 0
  #neverAnnounced = 0

  /** How many keys there are. */
  get size (): number {
    return this.#size
  }

  /** How many of them have never been announced. */
  get neverAnnounced (): number {
    return this.#neverAnnounced
  }

  count (cell: number): number {
    return this.#counts[cell]
  }

  /** When the one that was announced longest ago was announced, or earlier: 0 for never, Infinity without any key. */
  oldest (cell: number): number {
    return this.#news[cell] > 0 ? 0 : this.#oldest[cell]
  }

  add (cell: number, announcedAt: number): void {
    this.#counts[cell]++
    this.#size++
    this.#note(cell, announcedAt)
  }

  remove (cell: number, announcedAt: number): void {
    this.#counts[cell]--
    this.#size--

    if (announcedAt === 0) {
      this.#news[cell]--
      this.#neverAnnounced--
    }

    if (this.#counts[cell] === 0) {
      this.#oldest[cell] = Infinity
    }
  }

  /** The keys of the cell were announced at these times: all of them. */
  refresh (cell: number, announcedAt: Iterable<number>): void {
    this.#size -= this.#counts[cell]
    this.#neverAnnounced -= this.#news[cell]
    this.#counts[cell] = 0
    this.#news[cell] = 0
    this.#oldest[cell] = Infinity

    for (const at of announcedAt) {
      this.add(cell, at)
    }
  }

  /** Nothing is known any more. */
  clear (): void {
    for (let cell = 0; cell < CELLS; cell++) {
      this.refresh(cell, [])
    }
  }

  /** The largest block around the cell that has no more cells and no more keys than that; at least the cell itself. */
  block (cell: number, { maxCells, maxKeys }: { maxCells: number, maxKeys: number }): Block {
    const name = cell.toString(16).padStart(CELL_DIGITS, '0')

    for (let digits = 0; digits < CELL_DIGITS; digits++) {
      const width = 16 ** (CELL_DIGITS - digits)
      const from = Math.floor(cell / width) * width

      if (width <= maxCells && this.#countIn(from, from + width) <= maxKeys) {
        return { digits: name.slice(0, digits), from, to: from + width }
      }
    }

    return { digits: name, from: cell, to: cell + 1 }
  }

  #note (cell: number, announcedAt: number): void {
    if (announcedAt === 0) {
      this.#news[cell]++
      this.#neverAnnounced++
    } else {
      this.#oldest[cell] = Math.min(this.#oldest[cell], announcedAt)
    }
  }

  #countIn (from: number, to: number): number {
    let count = 0

    for (let cell = from; cell < to; cell++) {
      count += this.#counts[cell]
    }

    return count
  }
}
