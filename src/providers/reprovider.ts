// Announces again what this node provides before the announcements lapse, and what could not be announced so far as soon
// as there is somebody to tell.

import PQueue from 'p-queue'
import type { ProviderStore } from './provider-store.ts'
import type { Logger } from '@libp2p/interface'

export interface ReproviderOptions {
  /** announcements at once */
  concurrency: number
  /** announcements that may wait for their turn; the walk over all keys waits meanwhile */
  maxQueueSize: number
  /** between two walks over all keys, ms */
  interval: number
  /** how long an announcement holds, ms */
  validity: number
  /** so long before it lapses it is made again, ms */
  threshold: number
}

export interface ReproviderNeeds {
  store: ProviderStore
  provide (multihash: Uint8Array, signal: AbortSignal): Promise<void>
  log: Logger
}

export class Reprovider {
  readonly #options: ReproviderOptions
  readonly #needs: ReproviderNeeds
  #shutdown?: AbortController
  #timer?: ReturnType<typeof setTimeout>
  #walking?: Promise<void>
  #queue?: PQueue

  constructor (options: ReproviderOptions, needs: ReproviderNeeds) {
    this.#options = options
    this.#needs = needs
  }

  /** How many announcements wait or run. */
  get pending (): number {
    return (this.#queue?.size ?? 0) + (this.#queue?.pending ?? 0)
  }

  /** No effect while it runs. */
  start (): void {
    if (this.#shutdown == null) {
      this.#shutdown = new AbortController()
      this.#schedule()
    }
  }

  stop (): void {
    clearTimeout(this.#timer)
    this.#shutdown?.abort()
    this.#shutdown = undefined
    this.#queue?.clear()
  }

  /** Announces what is due. A walk that is under way already serves both. No effect when stopped. */
  async run (): Promise<void> {
    const signal = this.#shutdown?.signal

    if (signal == null) {
      return
    }

    this.#walking ??= this.#walk(signal)
      .catch((error: Error) => { this.#needs.log.error('could not announce again - %e', error) })
      .finally(() => { this.#walking = undefined })

    return this.#walking
  }

  #schedule (): void {
    this.#timer = setTimeout(() => {
      void this.run().then(() => {
        if (this.#shutdown != null) {
          this.#schedule()
        }
      })
    }, this.#options.interval)
  }

  async #walk (signal: AbortSignal): Promise<void> {
    const queue = this.#queue = new PQueue({ concurrency: this.#options.concurrency })
    const due = Date.now() - (this.#options.validity - this.#options.threshold)

    for await (const { multihash, announcedAt } of this.#needs.store.own({ signal })) {
      if (announcedAt > due) {
        continue
      }

      await queue.onSizeLessThan(this.#options.maxQueueSize)
      signal.throwIfAborted()
      void queue.add(async () => this.#announce(multihash, signal))
    }

    await queue.onIdle()
  }

  async #announce (multihash: Uint8Array, signal: AbortSignal): Promise<void> {
    try {
      await this.#needs.provide(multihash, signal)
    } catch (error) {
      // it is still due, so the next walk tries it again
      this.#needs.log.error('could not announce a key again - %e', error)
    }
  }
}
