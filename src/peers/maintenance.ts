// Keeps the table right: joins when there is a first peer, asks for the own neighbourhood and for buckets that no lookup
// visits, and probes those not heard of.

import { raceSignal } from 'race-signal'
import { bytesInBucket } from '../kademlia/bucket-key.ts'
import { JITTER, MAX_REFRESH_DEPTH, SELF_INTERVAL_GROWTH } from '../kademlia/parameters.ts'
import { findClosest } from '../query/find-closest.ts'
import type { LiveTable } from './live-table.ts'
import type { Prober } from './prober.ts'
import type { Contact } from '../query/contact.ts'
import type { QueryManager } from '../query/manager.ts'
import type { AbortOptions, Logger } from '@libp2p/interface'

export interface MaintenanceOptions {
  /** between the first two self lookups after the first peer was met, ms; it grows from there */
  initialSelfInterval: number
  /** between two self lookups, ms */
  selfInterval: number
  /** between two refreshes of buckets that no lookup went to, ms */
  refreshInterval: number
  /** between two looks at who is to be probed, ms */
  probeInterval: number
  /** a peer not heard of for so long is probed, ms */
  staleAfter: number
  /** how long to wait before the first repeated probe of a peer that failed, ms; doubled with each failure */
  probeBackoff: number
  /** probes that one look may start */
  maxProbes: number
}

export interface MaintenanceNeeds {
  self: Contact
  queries: QueryManager
  table: LiveTable
  prober: Prober
  /** bytes that nobody can foresee */
  randomBytes (length: number): Uint8Array
  /** the own neighbourhood has just been looked for */
  onSettled (): void
  /** the table is empty */
  onAlone (): void
  log: Logger
}

/** Longer timers run out at once, in every JavaScript engine. */
const LONGEST_TIMER = 2 ** 31 - 1

/** Trials for a key between two chances for others to run, about 10 ms. */
const TRIES_AT_ONCE = 4096

export class Maintenance {
  readonly #options: MaintenanceOptions
  readonly #needs: MaintenanceNeeds
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>()
  #shutdown?: AbortController
  #refreshing?: Promise<void>

  constructor (options: MaintenanceOptions, needs: MaintenanceNeeds) {
    this.#options = options
    this.#needs = needs
  }

  /** No effect while it runs. */
  start (): void {
    if (this.#shutdown != null) {
      return
    }

    this.#shutdown = new AbortController()
    const { signal } = this.#shutdown

    this.#every('probe', () => this.#options.probeInterval, async () => { this.#probe() })
    void this.#join(signal)
  }

  stop (): void {
    this.#shutdown?.abort()
    this.#shutdown = undefined
    this.#timers.forEach(timer => { clearTimeout(timer) })
    this.#timers.clear()
  }

  /**
   * Looks for the own neighbourhood, then into each bucket that no lookup went to since `before` (unix ms). One that is
   * under way already serves both. Resolves when all is done.
   */
  async refresh (before: number, { signal }: AbortOptions = {}): Promise<void> {
    const shutdown = this.#shutdown?.signal

    if (shutdown != null) {
      // the work is everyone's who waits for it: one who waits no longer does not end it
      this.#refreshing ??= this.#refresh(before, shutdown).finally(() => { this.#refreshing = undefined })
      await raceSignal(this.#refreshing, signal)
    }
  }

  async #refresh (before: number, signal: AbortSignal): Promise<void> {
    await this.#lookUpSelf(signal)

    for (const cpl of this.#needs.table.table.stale(before)) {
      signal.throwIfAborted()

      if (cpl > MAX_REFRESH_DEPTH) {
        break
      }

      await this.#lookUp(await this.#bytesFor(cpl, signal), signal)
    }
  }

  /** Waits for the first peer, then settles in; the regular intervals begin. */
  async #join (signal: AbortSignal): Promise<void> {
    try {
      await this.#needs.table.firstPeer({ signal })
    } catch {
      // stopped before anyone was met
      return
    }

    let interval = this.#options.initialSelfInterval / SELF_INTERVAL_GROWTH

    await this.#quietly('join', async () => this.refresh(Date.now(), { signal }))

    if (signal.aborted) {
      return
    }

    this.#every('self', () => {
      interval = Math.min(interval * SELF_INTERVAL_GROWTH, this.#options.selfInterval)
      return interval
    }, async () => this.#lookUpSelf(signal))

    this.#every('refresh', () => this.#options.refreshInterval, async () => {
      await this.refresh(Date.now() - this.#options.refreshInterval, { signal })
    })
  }

  async #lookUpSelf (signal: AbortSignal): Promise<void> {
    await this.#lookUp(this.#needs.self.multihash, signal)
    this.#needs.onSettled()
  }

  async #lookUp (key: Uint8Array, signal: AbortSignal): Promise<void> {
    if (this.#needs.table.size > 0) {
      await findClosest(this.#needs.queries, { key, signal })
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
    if (this.#needs.table.size === 0) {
      this.#needs.onAlone()
      return
    }

    const { probeBackoff, staleAfter, maxProbes } = this.#options
    const due = this.#needs.table.table.due(Date.now(), staleAfter, failures => probeBackoff * 2 ** (failures - 1))

    for (const peer of due.slice(0, maxProbes)) {
      void this.#needs.prober.probe(peer)
    }
  }

  /** Runs `task` again and again, never twice at once, until it is stopped. */
  #every (name: string, interval: () => number, task: () => Promise<void>): void {
    const shutdown = this.#shutdown
    const jitter = 1 + JITTER * (this.#needs.randomBytes(1)[0] / 127.5 - 1)

    this.#timers.set(name, setTimeout(() => {
      void this.#quietly(name, task).then(() => {
        if (this.#shutdown === shutdown && shutdown != null) {
          this.#every(name, interval, task)
        }
      })
    }, Math.min(LONGEST_TIMER, interval() * jitter)))
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
