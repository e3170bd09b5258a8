// Work that nobody waits for: bounded, and ended when the node stops.

import { setMaxListeners } from 'main-event'
import PQueue from 'p-queue'
import type { AbortOptions, Logger } from '@libp2p/interface'

export interface BackgroundOptions {
  /** tasks at once */
  concurrency: number
  /** tasks that may wait for their turn; a further one is not done */
  maxQueueSize: number
  /** a task is left undone for that */
  onFull? (): void
}

export class Background {
  readonly #options: BackgroundOptions
  readonly #queue: PQueue
  readonly #log: Logger
  #shutdown?: AbortController

  constructor (options: BackgroundOptions, log: Logger) {
    this.#options = options
    this.#queue = new PQueue({ concurrency: options.concurrency })
    this.#log = log
  }

  /** No effect while it runs. */
  start (): void {
    if (this.#shutdown == null) {
      this.#shutdown = new AbortController()
      setMaxListeners(Infinity, this.#shutdown.signal)
    }
  }

  /** Ends all tasks; resolves when the last one has. */
  async stop (): Promise<void> {
    this.#shutdown?.abort()
    this.#shutdown = undefined
    this.#queue.clear()
    await this.#queue.onIdle()
  }

  /** Does it when there is a place. What fails is logged; what is over the limit is logged and not done. */
  run (name: string, task: (options: Required<AbortOptions>) => Promise<void>): void {
    const signal = this.#shutdown?.signal

    if (signal == null) {
      return
    }

    if (this.#queue.size >= this.#options.maxQueueSize) {
      this.#options.onFull?.()
      this.#log('%s is left undone: %d tasks wait, which is the limit', name, this.#queue.size)
      return
    }

    this.#queue.add(async () => {
      if (!signal.aborted) {
        await task({ signal })
      }
    }).catch(error => {
      if (!signal.aborted) {
        this.#log.error('%s failed - %e', name, error)
      }
    })
  }
}
