// What a sweep has to do: which cells of the key space are due, which of them is next, and how many keys are taken on together. When a part is due is the business of
// kademlia/sweep-schedule.ts; what has failed waits.

import { SweepSchedule } from '../../kademlia/sweep-schedule.ts'
import { cellOf, CELLS } from './cells.ts'
import { Retries } from './retries.ts'
import type { Block, Cells } from './cells.ts'
import type { ProvidedKey } from './provided-keys.ts'
import type { SweepScheduleOptions } from '../../kademlia/sweep-schedule.ts'

export interface AgendaOptions extends SweepScheduleOptions {
  /** keys that are held in memory at once */
  maxKeys: number
  /** what failed is tried again after so long at the latest, ms */
  retryInterval: number
}

/** An exploration may be used for no more than this part of all cells at once: what is announced before its turn must not be due again at it. */
const MAX_CELLS = CELLS / 16

/** Where all of the key space is one region, it has so many turns in a cycle at the least, if each then has so many keys. */
const PARTS = 64
const LEAST_KEYS = 512

/** What was announced so much of a cycle ago is announced again with what is due beside it. */
const STALE = 1 / 2

/** What failed is tried again after so long, ms; doubled with each failure in a row. */
export const FIRST_RETRY = 60_000

export class Agenda {
  readonly retries: Retries
  /** cells that are due whenever their keys were announced */
  readonly again = new Set<number>()
  readonly #options: AgendaOptions
  readonly #cells: Cells
  readonly #schedule: SweepSchedule

  constructor (options: AgendaOptions, cells: Cells) {
    this.#options = options
    this.#cells = cells
    this.#schedule = new SweepSchedule(options)
    this.retries = new Retries({ first: FIRST_RETRY, most: options.retryInterval })
  }

  /** Which part of the key space has had its turn in this cycle, from 0 to 1. */
  progress (now: number): number {
    return this.#schedule.progress(now)
  }

  /** All cells that are due. */
  due (now: number): number[] {
    return this.#which(cell => this.#isDue(cell, now))
  }

  /** How far the one longest overdue is behind its time, ms. */
  lag (now: number): number {
    // for what is new there was no time yet
    const late = this.due(now).filter(cell => this.#cells.oldest(cell) > 0)

    return late.reduce((most, cell) => Math.max(most, this.#schedule.lag(cell / CELLS, this.#cells.oldest(cell), now)), 0)
  }

  /** The first cell in the order of the key space, from that one or from where the cycle is, that is due and has not failed a moment ago. */
  first (now: number, from = Math.floor(this.progress(now) * CELLS)): number | undefined {
    let first: number | undefined

    for (let i = 0; i < CELLS; i++) {
      const cell = (from + i) % CELLS

      if (this.#isDue(cell, now) && !this.retries.waits(cell, now)) {
        // what is new does not wait for all that is late
        if (this.#cells.neverAnnounced === 0 || this.#cells.oldest(cell) === 0) {
          return cell
        }

        first ??= cell
      }
    }

    return first
  }

  /** When anything is due next, or tried again, unix ms; undefined when there is nothing. */
  nextAt (now: number): number | undefined {
    const next = this.#which(cell => this.#cells.count(cell) > 0)
      .map(cell => this.#isDue(cell, now) ? (this.retries.waits(cell, now) ? this.retries.at(cell) as number : now) : this.#schedule.next(cell / CELLS, now))
      .reduce((a, b) => Math.min(a, b), Infinity)

    return next === Infinity ? undefined : next
  }

  /**
   * What is taken on together with a cell. What is new is announced as fast as may be; what has its turn again, in parts that are small, however
   * small the network is.
   *
   * `regionShare`: which share of the key space one exploration tells of, at the most
   */
  block (cell: number, regionShare: number): Block {
    const { maxKeys } = this.#options
    const { size, neverAnnounced } = this.#cells

    return this.#cells.block(cell, {
      maxCells: Math.min(MAX_CELLS, Math.max(1, Math.floor(regionShare * CELLS))),
      maxKeys: neverAnnounced > 0 ? maxKeys : Math.min(maxKeys, Math.max(LEAST_KEYS, size / PARTS))
    })
  }

  /** Whether a key is due, or near enough to what is. */
  isWanted ({ key, announcedAt }: ProvidedKey, now: number): boolean {
    return this.again.has(cellOf(key)) || this.#schedule.isDue(cellOf(key) / CELLS, announcedAt, now) || now - announcedAt >= STALE * this.#options.cycle
  }

  #isDue (cell: number, now: number): boolean {
    const oldest = this.#cells.oldest(cell)

    return oldest !== Infinity && (this.again.has(cell) || this.#schedule.isDue(cell / CELLS, oldest, now))
  }

  /** Hot: all cells are looked at whenever something is provided. */
  #which (which: (cell: number) => boolean): number[] {
    const cells: number[] = []

    for (let cell = 0; cell < CELLS; cell++) {
      if (which(cell)) {
        cells.push(cell)
      }
    }

    return cells
  }
}
