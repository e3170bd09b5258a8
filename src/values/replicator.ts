// Keeps the values that are held for others alive: puts each to the nearest nodes when nobody has done so for an hour, and hands it to
// newcomers that belong among them. When and to whom is the business of kademlia/replication.ts.

import PQueue from 'p-queue'
import { keyOf } from '../kademlia/key.ts'
import { isAmongNearest, isDue, jitteredInterval, replicationTargets, shouldHandOver, ttlLeft } from '../kademlia/replication.ts'
import { findClosest } from '../query/find-closest.ts'
import { hold } from './hold.ts'
import { BetterValueError, encodePut, sendPut } from './put.ts'
import { nameOf } from './record-name.ts'
import type { PutNeeds } from './put.ts'
import type { Refusals } from './refusals.ts'
import type { HeldForOthers } from './store/received-records.ts'
import type { Key } from '../kademlia/key.ts'
import type { Contact } from '../query/contact.ts'
import type { Logger } from '@libp2p/interface'

export interface ReplicatorOptions {
  /** a value that nobody has put here for so long is put to the nearest again, ms */
  interval: number
  /** values at once */
  concurrency: number
  /** values that may wait for their turn; those over that wait for the next look */
  maxQueueSize: number
}

export interface ReplicatorNeeds extends PutNeeds {
  self: Contact
  /** the peers of the table nearest to a key */
  closest (target: Key, n: number): Contact[]
  random (): number
  /** who has refused what lately */
  refusals: Refusals
  /** values wait for the next look, for too many are due */
  onFull? (): void
  /** a value was put to others, or handed to one */
  onReplicated? (requests: number): void
  log: Logger
}

/** How often it looks for what is due, ms: each value is due at a time of its own. */
const LOOK_INTERVAL = 60_000

/** Newcomers are gathered for so long, ms, and served together: a node that joins meets many at once. */
const GATHERING = 5_000

/** So many newcomers are remembered until then. */
const MAX_NEWCOMERS = 256

/** When this node last put a value to others, and how long that is to last. */
interface Replicated {
  at: number
  interval: number
}

export class Replicator {
  readonly #options: ReplicatorOptions
  readonly #needs: ReplicatorNeeds
  readonly #queue: PQueue
  readonly #replicated = new Map<string, Replicated>()
  readonly #newcomers = new Map<string, Contact>()
  #shutdown?: AbortController
  #look?: ReturnType<typeof setInterval>
  #gathering?: ReturnType<typeof setTimeout>
  #startedAt = 0
  #looking = false

  constructor (options: ReplicatorOptions, needs: ReplicatorNeeds) {
    this.#options = options
    this.#needs = needs
    this.#queue = new PQueue({ concurrency: options.concurrency })
  }

  /** How many values wait or are being put to others. */
  get pending (): number {
    return this.#queue.size + this.#queue.pending
  }

  /** No effect while it runs. */
  start (): void {
    if (this.#shutdown == null) {
      this.#shutdown = new AbortController()
      this.#startedAt = Date.now()
      this.#look = setInterval(() => { void this.run() }, LOOK_INTERVAL)
    }
  }

  /** Resolves when what was under way has ended. */
  async stop (): Promise<void> {
    clearInterval(this.#look)
    clearTimeout(this.#gathering)
    this.#gathering = undefined
    this.#shutdown?.abort()
    this.#shutdown = undefined
    this.#queue.clear()
    this.#replicated.clear()
    this.#newcomers.clear()
    await this.#queue.onIdle()
  }

  /** A peer has entered the table: what belongs to it is handed to it soon. No effect when stopped. */
  onNewcomer (peer: Contact): void {
    if (this.#shutdown != null && this.#newcomers.size < MAX_NEWCOMERS) {
      this.#newcomers.set(peer.id, peer)
      this.#gathering ??= setTimeout(() => {
        this.#gathering = undefined
        void this.#guarded('hand values to newcomers', async signal => this.#handOver(signal))
      }, GATHERING)
    }
  }

  /** Puts what is due to others; resolves when it is known what that is. No effect when stopped, or while it looks already. */
  async run (): Promise<void> {
    if (!this.#looking) {
      this.#looking = true
      await this.#guarded('replicate values', async signal => this.#enqueueDue(signal))
      this.#looking = false
    }
  }

  async #guarded (task: string, run: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const signal = this.#shutdown?.signal

    try {
      if (signal != null) {
        await run(signal)
      }
    } catch (error: any) {
      if (signal?.aborted === false) {
        this.#needs.log.error('could not %s - %e', task, error)
      }
    }
  }

  async #enqueueDue (signal: AbortSignal): Promise<void> {
    const held = new Set<string>()

    for await (const value of this.#needs.store.held({ signal })) {
      const name = nameOf(value.key)
      held.add(name)

      if (this.#isDue(name, value.receivedAt)) {
        if (this.#queue.size >= this.#options.maxQueueSize) {
          this.#needs.onFull?.()
          return
        }

        this.#note(name)
        this.#enqueue(async () => this.#replicate(value, signal))
      }
    }

    for (const name of this.#replicated.keys()) {
      if (!held.has(name)) {
        this.#replicated.delete(name)
      }
    }
  }

  #isDue (name: string, receivedAt: number): boolean {
    // what was done before the start is not known: as if it was done then, each at a time of its own
    const { at, interval } = this.#replicated.get(name) ?? this.#note(name, this.#startedAt)

    return isDue({ receivedAt, replicatedAt: at }, Date.now(), interval)
  }

  /** The next time is chosen anew, so that the holders of a value do not stay in step. */
  #note (name: string, at = Date.now()): Replicated {
    const replicated = { at, interval: jitteredInterval(this.#options.interval, this.#needs.random()) }
    this.#replicated.set(name, replicated)

    return replicated
  }

  async #replicate ({ key, receivedAt }: HeldForOthers, signal: AbortSignal): Promise<void> {
    const { self, queries, store } = this.#needs
    const { k } = queries
    const target = keyOf(key)

    // others are nearer, and see to it
    if (!isAmongNearest(target, self, this.#needs.closest(target, k), k)) {
      return
    }

    const { closest } = await findClosest(queries, { key, signal })

    // somebody else may have been faster
    if (store.receivedAt(key) === receivedAt) {
      await this.#give(key, replicationTargets(target, self, closest, k), signal)
    }
  }

  async #handOver (signal: AbortSignal): Promise<void> {
    const { self, queries: { k }, store } = this.#needs
    const newcomers = [...this.#newcomers.values()]
    this.#newcomers.clear()
    // whoever is nearer to a key than this node is most often among its own neighbours: most values need no closer look
    const neighbours = this.#needs.closest(self.key, 2 * k)

    for await (const { key } of store.held({ signal })) {
      const target = keyOf(key)
      const heirs = newcomers.filter(newcomer => shouldHandOver(target, newcomer, self, neighbours, k) &&
        shouldHandOver(target, newcomer, self, this.#needs.closest(target, k), k))

      if (heirs.length > 0 && this.#queue.size >= this.#options.maxQueueSize) {
        this.#needs.onFull?.()
        return
      }

      if (heirs.length > 0) {
        this.#enqueue(async () => this.#give(key, heirs, signal))
      }
    }
  }

  #enqueue (task: () => Promise<void>): void {
    this.#queue.add(async () => this.#guarded('replicate a value', task)).catch(() => {
      // it was cleared: the node stops
    })
  }

  /** Its life is not extended by it: what is left of it goes with it. */
  async #give (key: Uint8Array, peers: Contact[], signal: AbortSignal): Promise<void> {
    const { store, refusals } = this.#needs
    const record = await store.get(key, { signal })
    // another may have taken its place while it waited for its turn
    const ttl = record == null ? 0 : ttlLeft(store.endOf(record), Date.now())

    if (record == null || ttl === 0) {
      return
    }

    const request = encodePut({ key, value: record.value, publisher: record.publisher, ttl })
    const willing = peers.filter(({ id }) => !refusals.has(id, key))

    await Promise.all(willing.map(async peer => {
      try {
        await sendPut(this.#needs, peer, request, record, { signal })
      } catch (error: any) {
        signal.throwIfAborted()

        if (error instanceof BetterValueError) {
          // what is held here was missed: it is brought up to date
          await hold({ key, value: error.held, ttl, timeReceived: Date.now() }, this.#needs, { signal, received: true, from: peer.id })
        } else {
          refusals.add(peer.id, key)
        }
      }
    }))
    this.#needs.onReplicated?.(willing.length)
  }
}
