// Announces again what this node provides, each part of the key space in its turn, and at once what is new or late: when is the business of
// kademlia/sweep-schedule.ts, how that of announcer.ts. What it has done stands in the datastore, key by key, so a node that is killed goes on where it was.

import { NotStartedError } from '@libp2p/interface'
import { setMaxListeners } from 'main-event'
import { NoPeersError } from '../../query/errors.ts'
import { noAddress } from '../provide.ts'
import { Agenda, FIRST_RETRY } from './agenda.ts'
import { cellOf, CELLS } from './cells.ts'
import { addCounts, countsSince, noCounts } from './sweep-status.ts'
import type { AgendaOptions } from './agenda.ts'
import type { Announced, Announcer } from './announcer.ts'
import type { Block } from './cells.ts'
import type { ProvidedKey, ProvidedKeys } from './provided-keys.ts'
import type { Obstacle, SweepCounts, SweepStatus } from './sweep-status.ts'
import type { AbortOptions, Logger } from '@libp2p/interface'

export interface SweeperNeeds {
  keys: ProvidedKeys
  announcer: Pick<Announcer, 'announce'>
  /** counts the keys; may be called again */
  load (options: AbortOptions): Promise<void>
  /** why nothing can be announced at the moment; undefined when it can */
  obstacle (): Obstacle | undefined
  /** whether this node knows of k peers by now */
  isGrown (): boolean
  /** which share of the key space one exploration tells of, at the most */
  regionShare (): number
  /** at least 0, less than 1 */
  random (): number
  /** a batch was announced */
  onAnnounced? (batch: Announced): void
  log: Logger
}

/** By chance, a part has its turn up to this share of the cycle late. */
const JITTER = 0.001

/** It looks again at the latest after so long, ms: timers stand still while a computer sleeps, and the clock may be set. */
const LONGEST_WAIT = 10 * 60_000

export class Sweeper {
  readonly #options: AgendaOptions
  readonly #needs: SweeperNeeds
  readonly #agenda: Agenda
  readonly #counts = noCounts()
  readonly #listeners = new Set<(batch: Announced) => void>()
  #shutdown?: AbortController
  #timer?: ReturnType<typeof setTimeout>
  /** cells in which keys were announced while there were fewer than k peers; not known over a restart */
  readonly #few = new Set<number>()
  /** what it has failed for, if it has */
  #sweeping?: Promise<Error | undefined>
  /** the last one that has ended had to be given up */
  #isStuck = false
  /** the cell at which the next one begins then */
  #resumeAt?: number
  #error?: Error

  constructor (options: AgendaOptions, needs: SweeperNeeds) {
    this.#options = options
    this.#needs = needs
    this.#agenda = new Agenda(options, needs.keys.cells)
  }

  get status (): SweepStatus {
    const now = Date.now()
    const { cells } = this.#needs.keys
    const due = this.#agenda.due(now)

    return {
      ...this.#counts,
      state: this.#shutdown == null ? 'stopped' : this.#needs.obstacle() ?? (this.#sweeping == null ? 'waiting' : 'announcing'),
      keys: cells.size,
      neverAnnounced: cells.neverAnnounced,
      due: due.reduce((sum, cell) => sum + cells.count(cell), 0),
      progress: this.#agenda.progress(now),
      lag: this.#agenda.lag(now),
      nextAt: due.length > 0 ? undefined : this.#agenda.nextAt(now),
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
    this.#agenda.retries.clear()
    this.wake()
  }

  /** A key in that cell is announced by itself: it is left alone for a minute, and then announced unless `release` was called. */
  hold (cell: number): void {
    const now = Date.now()

    // the others of the cell are not to wait longer for it
    if (!this.#agenda.retries.waits(cell, now)) {
      this.#agenda.retries.onFailure(cell, now)
    }
  }

  /** What is in these cells has its turn, whatever has failed there before or was held: a key was announced by itself, or new ones are there. */
  release (cells: Iterable<number>): void {
    for (const cell of cells) {
      this.#agenda.retries.onSuccess(cell)
    }
  }

  /** These were announced to all the peers there are, fewer than k: they are due again when there are more. */
  onFew (keys: readonly ProvidedKey[]): void {
    // where there are, the lookup has missed them, and the next one is as likely to
    if (!this.#needs.isGrown()) {
      keys.forEach(({ key }) => { this.#few.add(cellOf(key)) })
    }
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
    const counts = countsSince(before, this.#counts)
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
      : noAddress()
  }

  async #sweep (signal: AbortSignal): Promise<void> {
    await this.#needs.load({ signal })

    if (this.#few.size > 0 && this.#needs.isGrown()) {
      this.#few.forEach(cell => { this.#agenda.again.add(cell) })
      this.#few.clear()
    }

    for (let cell = this.#agenda.first(Date.now(), this.#resumeAt); cell != null && this.#needs.obstacle() == null; cell = this.#agenda.first(Date.now(), cell)) {
      signal.throwIfAborted()
      await this.#sweepBlock(this.#agenda.block(cell, this.#needs.regionShare()), signal)
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
      (await keys.read(block, { signal })).filter(key => this.#agenda.isWanted(key, now)).forEach(key => untried.add(key))

      for await (const batch of announcer.announce([...untried], signal)) {
        await keys.announced(batch.announced, Date.now())
        this.onFew(batch.few)
        batch.announced.forEach(key => untried.delete(key))
        batch.failed.forEach(key => {
          untried.delete(key)
          failed.add(cellOf(key.key))
        })
        this.#count(batch)
      }
    } catch (error: any) {
      signal.throwIfAborted()
      this.#count({ announced: [], few: [], failed: [...untried].filter(({ removed }) => removed !== true), records: 0, lookups: 0, messages: 0, error })

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
        this.#agenda.retries.onFailure(cell, Date.now())
      } else {
        this.#agenda.retries.onSuccess(cell)
        this.#agenda.again.delete(cell)
      }
    }
  }

  #count (batch: Announced): void {
    addCounts(this.#counts, batch)
    this.#error = batch.error ?? this.#error
    this.#needs.onAnnounced?.(batch)
    this.#listeners.forEach(listener => { listener(batch) })
  }

  /** Looks again when the next part is due, and now and then while nothing can be announced. */
  #plan (): void {
    const now = Date.now()
    const next = this.#agenda.nextAt(now) ?? (this.#isStuck ? now : undefined)

    if (next != null) {
      const rest = Math.max(next - now, this.#isStuck || this.#needs.obstacle() != null ? FIRST_RETRY : 0)
      const late = JITTER * this.#options.cycle * this.#needs.random()
      this.#timer = setTimeout(() => { this.wake() }, Math.min(LONGEST_WAIT, rest + late))
    }
  }
}
