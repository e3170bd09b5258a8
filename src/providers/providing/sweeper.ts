// Announces again what this node provides, each part of the key space in its turn, and at once what is new or late: when is the business of
// kademlia/sweep-schedule.ts, how that of announcer.ts. What it has done stands in the datastore, key by key, so a node that is killed goes on where it was.

import { NotStartedError } from '@libp2p/interface'
import { setMaxListeners } from 'main-event'
import { SweepSchedule } from '../../kademlia/sweep-schedule.ts'
import { NoPeersError, QueryError } from '../../query/errors.ts'
import { cellOf, CELLS } from './cells.ts'
import { Retries } from './retries.ts'
import type { Announced, Announcer } from './announcer.ts'
import type { Block } from './cells.ts'
import type { ProvidedKey, ProvidedKeys } from './provided-keys.ts'
import type { SweepScheduleOptions } from '../../kademlia/sweep-schedule.ts'
import type { AbortOptions, Logger } from '@libp2p/interface'

export interface SweeperOptions extends SweepScheduleOptions {
  /** keys that are held in memory at once */
  maxKeys: number
  /** what failed is tried again after so long at the latest, ms */
  retryInterval: number
}

export interface SweeperNeeds {
  keys: ProvidedKeys
  announcer: Pick<Announcer, 'announce'>
  /** counts the keys; may be called again */
  load (options: AbortOptions): Promise<void>
  /** why nothing can be announced at the moment; undefined when it can */
  obstacle (): Obstacle | undefined
  /** which share of the key space one exploration tells of, at the most */
  regionShare (): number
  /** at least 0, less than 1 */
  random (): number
  /** a batch was announced */
  onAnnounced? (batch: Announced): void
  log: Logger
}

/** Nobody to tell, or no address to tell. */
export type Obstacle = 'offline' | 'no address'

/** What was done since the start. */
export interface SweepCounts {
  /** keys that were announced */
  announced: number
  /** announcements that failed, and are tried again */
  failed: number
  /** announcements that peers took */
  records: number
  lookups: number
  messages: number
}

/** Where the sweep is. Times are unix ms. */
export interface SweepStatus extends SweepCounts {
  state: 'stopped' | 'waiting' | 'announcing' | Obstacle
  /** keys that are provided */
  keys: number
  /** of them, those that have never been announced */
  neverAnnounced: number
  /** keys in the parts of the key space that are due: an upper bound of those that are */
  due: number
  /** which part of the key space has had its turn in this cycle, from 0 to 1 */
  progress: number
  /** how far the one longest overdue is behind its time, ms */
  lag: number
  /** when the next part is due; undefined without any key, and when it is already */
  nextAt?: number
  /** what the last announcement that failed has failed for */
  error?: string
}

/** An exploration may be used for no more than this part of all cells at once: what is announced before its turn must not be due again at it. */
const MAX_CELLS = CELLS / 16

/** Where all of the key space is one region, it has so many turns in a cycle at the least, if each then has so many keys. */
const PARTS = 64
const LEAST_KEYS = 512

/** By chance, a part has its turn up to this share of the cycle late. */
const JITTER = 0.001

/** What was announced so much of a cycle ago is announced again with what is due beside it. */
const STALE = 1 / 2

/** What failed is tried again after so long, ms; doubled with each failure in a row. */
const FIRST_RETRY = 60_000

/** Longer timers run out at once, in every JavaScript engine. */
const LONGEST_TIMER = 2 ** 31 - 1

export class Sweeper {
  readonly #options: SweeperOptions
  readonly #needs: SweeperNeeds
  readonly #schedule: SweepSchedule
  readonly #retries: Retries
  readonly #counts: SweepCounts = { announced: 0, failed: 0, records: 0, lookups: 0, messages: 0 }
  readonly #listeners = new Set<(batch: Announced) => void>()
  #shutdown?: AbortController
  #timer?: ReturnType<typeof setTimeout>
  /** what it has failed for, if it has */
  #sweeping?: Promise<Error | undefined>
  /** the last one that has ended had to be given up */
  #isStuck = false
  /** the cell at which the next one begins then */
  #resumeAt?: number
  #error?: Error

  constructor (options: SweeperOptions, needs: SweeperNeeds) {
    this.#options = options
    this.#needs = needs
    this.#schedule = new SweepSchedule(options)
    this.#retries = new Retries({ first: FIRST_RETRY, most: options.retryInterval })
  }

  get status (): SweepStatus {
    const now = Date.now()
    const { cells } = this.#needs.keys
    const due = this.#cells(cell => this.#isDue(cell, now))
    const late = due.map(cell => cells.oldest(cell)).filter(at => at > 0)

    return {
      ...this.#counts,
      state: this.#shutdown == null ? 'stopped' : this.#needs.obstacle() ?? (this.#sweeping == null ? 'waiting' : 'announcing'),
      keys: cells.size,
      neverAnnounced: cells.neverAnnounced,
      due: due.reduce((sum, cell) => sum + cells.count(cell), 0),
      progress: this.#schedule.progress(now),
      lag: Math.max(0, ...late.map(at => this.#schedule.lag(at, now))),
      nextAt: due.length > 0 ? undefined : this.#nextAt(now),
      error: this.#error?.message
    }
  }

  /** No effect while it runs. */
  start (): void {
    if (this.#shutdown == null) {
      this.#shutdown = new AbortController()
      setMaxListeners(Infinity, this.#shutdown.signal)
      this.wake()
    }
  }

  /** Resolves when what was under way has ended. */
  async stop (): Promise<void> {
    const sweeping = this.#sweeping
    clearTimeout(this.#timer)
    this.#shutdown?.abort(new NotStartedError('The DHT was stopped'))
    this.#shutdown = undefined
    this.#sweeping = undefined
    await sweeping
  }

  /** Announces what is due, for something is, or there is somebody to tell. What is under way serves this too. No effect when stopped. */
  wake (): void {
    const signal = this.#shutdown?.signal

    if (signal == null) {
      return
    }

    clearTimeout(this.#timer)
    this.#sweeping ??= this.#sweep(signal)
      .then(() => undefined, (error: Error) => error)
      .then(error => {
        // there may have been another start since
        if (!signal.aborted) {
          this.#onEnd(error)
        }

        return error
      })
  }

  /** The same, and what has failed a moment ago may go well now. */
  retry (): void {
    this.#retries.clear()
    this.wake()
  }

  /** A key in that cell is announced by itself: it is left alone for a minute, and then announced unless `release` was called. */
  hold (cell: number): void {
    const now = Date.now()

    // the others of the cell are not to wait longer for it
    if (!this.#retries.waits(cell, now)) {
      this.#retries.onFailure(cell, now)
    }
  }

  /** It was announced, and has its turn like all others. */
  release (cell: number): void {
    this.#retries.onSuccess(cell)
    this.replan()
  }

  /** Something is provided that was not before: it has its turn, too. No effect when stopped. */
  replan (): void {
    if (this.#sweeping == null && this.#shutdown != null) {
      clearTimeout(this.#timer)
      this.#plan()
    }
  }

  /**
   * Announces all that is due, what has failed before too, and resolves when it has been tried. `onBatch` hears of each batch.
   *
   * @throws {NoPeersError} when there is nobody to tell
   * @throws {QueryError} when this node has no address to tell
   * @throws {NotStartedError} when it is stopped meanwhile
   */
  async announceDue ({ signal, onBatch }: AbortOptions & { onBatch? (batch: Announced): void } = {}): Promise<SweepCounts> {
    const shutdown = this.#shutdown?.signal

    if (shutdown == null) {
      throw new NotStartedError('The DHT is not started: start the libp2p node first')
    }

    const before = { ...this.#counts }
    const ended = Promise.withResolvers<never>()
    const onAbort = (): void => { ended.reject(signal?.reason) }
    signal?.throwIfAborted()
    signal?.addEventListener('abort', onAbort)
    let failure: Error | undefined

    const listener = (batch: Announced): void => {
      try {
        onBatch?.(batch)
      } catch (error) {
        // the caller's own: that is how its call ends, and nothing else
        ended.reject(error)
      }
    }

    this.#listeners.add(listener)

    try {
      // what is under way may have passed by what is due since
      for (let rounds = 0; rounds < 2 && failure == null; rounds++) {
        if (rounds === 0) {
          this.retry()
        } else {
          this.wake()
        }

        failure = await Promise.race([this.#sweeping, ended.promise])
      }
    } finally {
      signal?.removeEventListener('abort', onAbort)
      this.#listeners.delete(listener)
    }

    shutdown.throwIfAborted()
    const counts = difference(this.#counts, before)
    this.#requireWay(counts, failure)

    return counts
  }

  /** @throws {Error} when nothing was announced because nothing can be, or what was could not be noted */
  #requireWay ({ announced }: SweepCounts, failure: Error | undefined): void {
    const obstacle = this.#needs.obstacle()

    if (failure != null && (announced === 0 || failure.name !== 'NoPeersError')) {
      throw failure
    }

    if (announced > 0 || obstacle == null || this.status.due === 0) {
      return
    }

    throw obstacle === 'offline'
      ? new NoPeersError('There is no peer to tell: the routing table is empty. Connect to a peer of the network first; what is provided is announced as soon as there is one')
      : new QueryError('This node has no address that others may use, so they could not fetch from it: listen on one, or let peerInfoMapper pass those it has')
  }

  async #sweep (signal: AbortSignal): Promise<void> {
    await this.#needs.load({ signal })

    for (let cell = this.#firstDue(this.#resumeAt); cell != null && this.#needs.obstacle() == null; cell = this.#firstDue(cell)) {
      signal.throwIfAborted()
      await this.#sweepBlock(this.#needs.keys.cells.block(cell, { maxCells: this.#maxCells(), maxKeys: this.#maxKeys() }), signal)
    }
  }

  #onEnd (error: Error | undefined): void {
    this.#sweeping = undefined
    this.#isStuck = error != null

    if (error == null) {
      this.#resumeAt = undefined
    } else {
      const log = error.name === 'NoPeersError' ? this.#needs.log : this.#needs.log.error
      this.#error = error
      log('could not announce what this node provides - %e', error)
    }

    this.#plan()
  }

  async #sweepBlock (block: Block, signal: AbortSignal): Promise<void> {
    const { keys, announcer } = this.#needs
    const untried = new Set<ProvidedKey>()
    const failed = new Set<number>()

    try {
      const now = Date.now();
      (await keys.read(block, { signal })).filter(key => this.#isWanted(key, now)).forEach(key => untried.add(key))

      for await (const batch of announcer.announce([...untried], signal)) {
        await keys.announced(batch.announced, Date.now())
        batch.announced.forEach(key => untried.delete(key))
        batch.failed.forEach(key => {
          untried.delete(key)
          failed.add(cellOf(key.key))
        })
        this.#count(batch)
      }
    } catch (error: any) {
      signal.throwIfAborted()
      this.#count({ announced: [], failed: [...untried].filter(({ removed }) => removed !== true), records: 0, lookups: 0, messages: 0, error })

      // others have their turn before it is tried again
      this.#resumeAt = block.to % CELLS

      for (let cell = block.from; cell < block.to; cell++) {
        failed.add(cell)
      }

      throw error
    } finally {
      keys.release()
      this.#settle(block, failed)
    }
  }

  #settle (block: Block, failed: ReadonlySet<number>): void {
    for (let cell = block.from; cell < block.to; cell++) {
      if (failed.has(cell)) {
        this.#retries.onFailure(cell, Date.now())
      } else {
        this.#retries.onSuccess(cell)
      }
    }
  }

  #count (batch: Announced): void {
    this.#counts.announced += batch.announced.length
    this.#counts.failed += batch.failed.length
    this.#counts.records += batch.records
    this.#counts.lookups += batch.lookups
    this.#counts.messages += batch.messages
    this.#error = batch.error ?? this.#error
    this.#needs.onAnnounced?.(batch)
    this.#listeners.forEach(listener => { listener(batch) })
  }

  /** Whether it is due, or near enough to what is. */
  #isWanted ({ key, announcedAt }: ProvidedKey, now: number): boolean {
    return this.#schedule.isDue(cellOf(key) / CELLS, announcedAt, now) || now - announcedAt >= STALE * this.#options.cycle
  }

  #maxCells (): number {
    return Math.min(MAX_CELLS, Math.max(1, Math.floor(this.#needs.regionShare() * CELLS)))
  }

  /** What is new is announced as fast as may be; what has its turn again, in parts that are small, however small the network is. */
  #maxKeys (): number {
    const { maxKeys } = this.#options
    const { size, neverAnnounced } = this.#needs.keys.cells

    return neverAnnounced > 0 ? maxKeys : Math.min(maxKeys, Math.max(LEAST_KEYS, size / PARTS))
  }

  /** The first cell in the order of the key space, from that one or from where the cycle is, that is due and has not failed a moment ago. */
  #firstDue (from = Math.floor(this.#schedule.progress(Date.now()) * CELLS)): number | undefined {
    const now = Date.now()

    for (let i = 0; i < CELLS; i++) {
      const cell = (from + i) % CELLS

      if (this.#isDue(cell, now) && !this.#retries.waits(cell, now)) {
        return cell
      }
    }
  }

  #isDue (cell: number, now: number): boolean {
    const oldest = this.#needs.keys.cells.oldest(cell)

    return oldest !== Infinity && this.#schedule.isDue(cell / CELLS, oldest, now)
  }

  #cells (which: (cell: number) => boolean): number[] {
    return Array.from({ length: CELLS }, (_, cell) => cell).filter(which)
  }

  #nextAt (now: number): number | undefined {
    const { cells } = this.#needs.keys
    const times = this.#cells(cell => cells.count(cell) > 0)
      .map(cell => this.#isDue(cell, now) ? this.#retries.at(cell) ?? now : this.#schedule.next(cell / CELLS, now))
    const next = times.reduce((a, b) => Math.min(a, b), Infinity)

    return next === Infinity ? undefined : next
  }

  /** Looks again when the next part is due, and now and then while nothing can be announced. */
  #plan (): void {
    const now = Date.now()
    const next = this.#nextAt(now) ?? (this.#isStuck ? now : undefined)

    if (next != null) {
      const rest = Math.max(next - now, this.#isStuck || this.#needs.obstacle() != null ? FIRST_RETRY : 0)
      const late = JITTER * this.#options.cycle * this.#needs.random()
      this.#timer = setTimeout(() => { this.wake() }, Math.min(LONGEST_TIMER, rest + late))
    }
  }
}

function difference (after: SweepCounts, before: SweepCounts): SweepCounts {
  return {
    announced: after.announced - before.announced,
    failed: after.failed - before.failed,
    records: after.records - before.records,
    lookups: after.lookups - before.lookups,
    messages: after.messages - before.messages
  }
}
