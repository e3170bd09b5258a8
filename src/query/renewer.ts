// Does again and again, a while before it lapses, what this node once did: announce, publish. It walks over all there is, does what is due, and
// tries what failed at the next walk.

import PQueue from 'p-queue'
import type { AbortOptions, Logger } from '@libp2p/interface'

export interface RenewerOptions {
  /** at once */
  concurrency: number
  /** that may wait for their turn; the walk waits meanwhile */
  maxQueueSize: number
  /** between two walks, ms */
  interval: number
}

export interface RenewerNeeds<T> {
  /** all there is; `due`: when it is to be done again, unix ms */
  all (options: AbortOptions): AsyncIterable<T & { due: number }>
  renew (item: T, signal: AbortSignal): Promise<void>
  /** what it does, for the log, such as "announce a key again" */
  task: string
  log: Logger
}

export class Renewer<T> {
  readonly #options: RenewerOptions
  readonly #needs: RenewerNeeds<T>
  #shutdown?: AbortController
  #timer?: ReturnType<typeof setTimeout>
  /** the walk under way since the last start */
  #walking?: Promise<void>
  #queue?: PQueue

  constructor (options: RenewerOptions, needs: RenewerNeeds<T>) {
    this.#options = options
    this.#needs = needs
  }

  /** How many wait or run. */
  get pending (): number {
    return (this.#queue?.size ?? 0) + (this.#queue?.pending ?? 0)
  }

  /** No effect while it runs. */
  start (): void {
    if (this.#shutdown == null) {
      this.#shutdown = new AbortController()
      this.#schedule(this.#shutdown.signal)
    }
  }

  /** Resolves when what was under way has ended. */
  async stop (): Promise<void> {
    const walking = this.#walking
    clearTimeout(this.#timer)
    this.#shutdown?.abort()
    this.#shutdown = undefined
    this.#walking = undefined
    this.#queue?.clear()
    await walking
    await this.#queue?.onIdle()
  }

  /** Does what is due. A walk that is under way already serves both. No effect when stopped. */
  async run (): Promise<void> {
    const signal = this.#shutdown?.signal

    if (signal == null) {
      return
    }

    this.#walking ??= this.#walk(signal)
      .catch((error: Error) => {
        if (!signal.aborted) {
          this.#needs.log.error('could not %s - %e', this.#needs.task, error)
        }
      })
      .finally(() => {
        // there may have been another start since
        if (!signal.aborted) {
          this.#walking = undefined
        }
      })

    return this.#walking
  }

  /** Once for each start: a walk that ends after the next one plans nothing. */
  #schedule (signal: AbortSignal): void {
    this.#timer = setTimeout(() => {
      void this.run().then(() => {
        if (!signal.aborted) {
          this.#schedule(signal)
        }
      })
    }, this.#options.interval)
  }

  async #walk (signal: AbortSignal): Promise<void> {
    const queue = this.#queue = new PQueue({ concurrency: this.#options.concurrency })
    const now = Date.now()

    for await (const item of this.#needs.all({ signal })) {
      if (item.due > now) {
        continue
      }

      await queue.onSizeLessThan(this.#options.maxQueueSize)
      signal.throwIfAborted()
      void queue.add(async () => this.#renew(item, signal))
    }

    await queue.onIdle()
  }

  async #renew (item: T, signal: AbortSignal): Promise<void> {
    try {
      await this.#needs.renew(item, signal)
    } catch (error) {
      // it is still due, so the next walk tries it again
      this.#needs.log.error('could not %s - %e', this.#needs.task, error)
    }
  }
}
