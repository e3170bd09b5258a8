// Keeps the table right: asks for the own neighbourhood and for buckets that no lookup visits, and probes those not heard of.

import { raceSignal } from 'race-signal'
import { bytesInBucket } from '../kademlia/bucket-key.ts'
import { BucketRefresh } from '../kademlia/bucket-refresh.ts'
import { keyOf } from '../kademlia/key.ts'
import { FULL_REFRESH_FACTOR, JITTER, MAX_REFRESH_DEPTH, SELF_INTERVAL_GROWTH } from '../kademlia/parameters.ts'
import { findClosest } from '../query/find-closest.ts'
import { jittered } from './jitter.ts'
import type { LiveTable } from './live-table.ts'
import type { Prober } from './prober.ts'
import type { Seeds } from './seeds.ts'
import type { Patience } from '../kademlia/routing-table.ts'
import type { Contact } from '../query/contact.ts'
import type { QueryManager } from '../query/manager.ts'
import type { AbortOptions, Logger } from '@libp2p/interface'

export interface MaintenanceOptions {
  /** between the first two self lookups after the node has joined, ms; it grows from there */
  initialSelfInterval: number
  /** between two self lookups, ms */
  selfInterval: number
  /** between two refreshes of buckets that no lookup went to, ms */
  refreshInterval: number
  /** between two looks at who is to be probed, ms */
  probeInterval: number
  /** when a peer that nothing is heard of is probed */
  patience: Patience
  /** probes that one look may start */
  maxProbes: number
}

export interface MaintenanceNeeds {
  self: Contact
  queries: QueryManager
  table: LiveTable
  seeds: Seeds
  prober: Prober
  /** bytes that nobody can foresee */
  randomBytes (length: number): Uint8Array
  /** a self lookup begins; call what is returned when it ends */
  onSelfLookup (): (failed: boolean) => void
  /** the own neighbourhood has just been looked for */
  onSettled (): void
  /** the table is empty */
  onAlone (): void
  log: Logger
}

/** Trials for a key between two chances for others to run, about 10 ms. */
const TRIES_AT_ONCE = 4096

/** However often something calls for a refresh out of turn, so long lies between two, ms. */
const BETWEEN_REFRESHES = 30_000

/** The table runs low when it has lost so much since it was last refreshed. */
const LOW = 0.5

/** A refresh that is under way. */
interface Refreshing {
  age: number
  done: Promise<void>
}

export class Maintenance {
  readonly #options: MaintenanceOptions
  readonly #needs: MaintenanceNeeds
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>()
  #shutdown?: AbortController
  #refreshing?: Refreshing
  #refreshedAt = 0
  /** how many peers the table had then */
  #sizeThen = 0
  /** when only seeds were there to ask, and they were asked */
  #seedsAskedAt = 0
  #nextSelfInterval = 0

  constructor (options: MaintenanceOptions, needs: MaintenanceNeeds) {
    this.#options = options
    this.#needs = needs
  }

  /** No effect while it runs. */
  start (): void {
    if (this.#shutdown == null) {
      this.#shutdown = new AbortController()
      this.#every('probe', () => this.#options.probeInterval, async () => { this.#probe() })

      if (this.#needs.table.size > 0) {
        this.#join([], this.#shutdown.signal)
      }
    }
  }

  stop (): void {
    this.#shutdown?.abort()
    this.#shutdown = undefined
    this.#timers.forEach(timer => { clearTimeout(timer) })
    this.#timers.clear()
    this.#refreshing = undefined
  }

  /** The table was empty, and is no more: joins through whoever is there, and the regular intervals begin anew. */
  onFirstPeer (): void {
    const { table } = this.#needs

    if (this.#shutdown != null) {
      this.#join([...table.table.entries()].map(({ peer }) => peer.id), this.#shutdown.signal)
    }
  }

  #join (through: string[], signal: AbortSignal): void {
    this.#needs.seeds.onJoin(through, Date.now())
    this.#seedsAskedAt = 0
    this.#nextSelfInterval = this.#options.initialSelfInterval

    void this.#quietly('join', async () => this.refresh(0, { signal })).then(() => {
      if (signal.aborted) {
        return
      }

      this.#every('self', () => this.#selfInterval(), async () => this.#lookUpSelf(signal))
      this.#every('refresh', () => this.#options.refreshInterval, async () => {
        // the last one may have been so much less ago
        await this.refresh((1 - JITTER) * this.#options.refreshInterval, { signal })
      })
    })
  }

  /** The table has one less: refreshes it when too many are gone. */
  onRemoved (): void {
    if (this.#needs.table.size < LOW * this.#sizeThen) {
      this.refreshSoon()
    }
  }

  /** Refreshes the whole table at once, or as soon as the last refresh is long enough ago. */
  refreshSoon (): void {
    const signal = this.#shutdown?.signal

    if (signal != null && !this.#timers.has('soon') && this.#needs.table.size > 0) {
      this.#timers.set('soon', setTimeout(() => {
        this.#timers.delete('soon')
        void this.#quietly('refresh', async () => this.refresh(0, { signal }))
      }, Math.min(BETWEEN_REFRESHES, Math.max(0, this.#refreshedAt + BETWEEN_REFRESHES - Date.now()))))
    }
  }

  /**
   * Looks for the own neighbourhood, then into each bucket that no lookup went to for `age` ms. One that is
   * under way already serves both. Resolves when all is done.
   */
  async refresh (age: number, { signal }: AbortOptions = {}): Promise<void> {
    const shutdown = this.#shutdown?.signal

    if (shutdown == null) {
      return
    }

    while (this.#refreshing != null && this.#refreshing.age > age) {
      // it looks into fewer buckets
      await raceSignal(this.#refreshing.done.catch(() => {}), signal)
    }

    this.#refreshing ??= this.#beginRefresh(age, shutdown)
    // the work is everyone's who waits for it: one who waits no longer does not end it
    await raceSignal(this.#refreshing.done, signal)
  }

  #beginRefresh (age: number, signal: AbortSignal): Refreshing {
    const refreshing: Refreshing = {
      age,
      done: this.#refresh(age, signal).finally(() => {
        if (this.#refreshing === refreshing) {
          this.#refreshing = undefined
        }
      })
    }

    return refreshing
  }

  /** All of it, whoever is there to be asked. */
  async refreshNow (options?: AbortOptions): Promise<void> {
    this.#seedsAskedAt = 0
    await this.refresh(0, options)
  }

  async #refresh (age: number, signal: AbortSignal): Promise<void> {
    const now = this.#refreshedAt = Date.now()
    await this.#lookUpSelf(signal)

    for (const cpl of this.#needs.table.table.stale(now - age, now - FULL_REFRESH_FACTOR * age)) {
      signal.throwIfAborted()

      if (cpl > MAX_REFRESH_DEPTH) {
        break
      }

      await this.#lookInto(cpl, await this.#bytesFor(cpl, signal), signal)
    }

    this.#sizeThen = this.#needs.table.size
  }

  /** Looks for peers that the bucket lacks; when there are too few to tell, for all there are. */
  async #lookInto (cpl: number, key: Uint8Array, signal: AbortSignal): Promise<void> {
    const { queries, table, seeds, self } = this.#needs
    const now = Date.now()
    const refresh = new BucketRefresh(table.table, self.key, cpl, keyOf(key), ({ id }) => seeds.spares(id, now))

    if (refresh.possible) {
      try {
        await findClosest(queries, { key, signal, avoid: peer => refresh.avoids(peer), onReply: () => refresh.onReply() })
        return
      } catch (error) {
        signal.throwIfAborted()
        this.#needs.log('those who were to tell of peers for bucket %d did not - %e', cpl, error)
      }
    }

    await this.#plan()?.(key, signal)
  }

  async #lookUpSelf (signal: AbortSignal): Promise<void> {
    const lookup = this.#plan()

    if (lookup == null) {
      return
    }

    const onEnd = this.#needs.onSelfLookup()
    let failed = true

    try {
      await lookup(this.#needs.self.multihash, signal)
      failed = false
    } finally {
      onEnd(failed)
    }

    this.#needs.onSettled()
  }

  /**
   * A lookup that spares the seeds: those of the options whenever anyone else is known, the others as long as there are more.
   * Undefined when only such as are to be spared are there, and were asked not long ago.
   */
  #plan (): ((key: Uint8Array, signal: AbortSignal) => Promise<unknown>) | undefined {
    const { queries, table, seeds } = this.#needs
    const now = Date.now()
    const peers = [...table.table.entries()].map(({ peer }) => peer)
    const isSpared = ({ id }: Contact): boolean => seeds.spares(id, now)
    const isSeed = ({ id }: Contact): boolean => seeds.has(id)

    if (!peers.every(isSpared)) {
      return async (key, signal) => findClosest(queries, { key, signal, avoid: isSpared })
    }

    if (peers.length > 0 && now >= this.#seedsAskedAt + this.#options.refreshInterval) {
      this.#seedsAskedAt = now

      return async (key, signal) => findClosest(queries, { key, signal, avoid: peers.every(isSeed) ? undefined : isSeed })
    }
  }

  async #bytesFor (cpl: number, signal: AbortSignal): Promise<Uint8Array> {
    const seed = this.#needs.randomBytes(32)

    while (true) {
      const bytes = bytesInBucket(this.#needs.self.key, cpl, seed, TRIES_AT_ONCE)

      if (bytes != null) {
        return bytes
      }

      await new Promise(resolve => setTimeout(resolve, 0))
      signal.throwIfAborted()
    }
  }

  #probe (): void {
    const { table, prober, onAlone } = this.#needs

    if (table.size === 0) {
      onAlone()
      return
    }

    for (const peer of table.table.due(Date.now(), this.#options.patience).slice(0, this.#options.maxProbes)) {
      void prober.probe(peer)
    }
  }

  #selfInterval (): number {
    const interval = this.#nextSelfInterval
    this.#nextSelfInterval = Math.min(interval * SELF_INTERVAL_GROWTH, this.#options.selfInterval)

    return Math.min(interval, this.#options.selfInterval)
  }

  /** Runs `task` again and again, never twice at once, until it is stopped or begun anew. */
  #every (name: string, interval: () => number, task: () => Promise<void>): void {
    clearTimeout(this.#timers.get(name))
    const timer = setTimeout(() => {
      void this.#quietly(name, task).then(() => {
        if (this.#timers.get(name) === timer) {
          this.#every(name, interval, task)
        }
      })
    }, jittered(interval(), this.#needs.randomBytes))
    this.#timers.set(name, timer)
  }

  /** What fails in the background is tried again the next time. */
  async #quietly (name: string, task: () => Promise<void>): Promise<void> {
    try {
      await task()
    } catch (error) {
      this.#needs.log('%s failed - %e', name, error)
    }
  }
}
