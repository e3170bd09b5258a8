// Looks up random keys now and then, to meet peers for libp2p's peer discovery. Only those that answered are announced.

import { findClosest } from '../query/find-closest.ts'
import { jittered } from './jitter.ts'
import type { Contact } from '../query/contact.ts'
import type { QueryManager } from '../query/manager.ts'
import type { Logger } from '@libp2p/interface'

export interface RandomWalkOptions {
  enabled: boolean
  /** between two walks, ms */
  interval: number
  /** lookups a walk, one after the other */
  queriesPerPeriod: number
  /** how long each may take, ms */
  timeout: number
}

export interface RandomWalkNeeds {
  queries: QueryManager
  /** whether there is nobody to ask */
  isAlone (): boolean
  /** the peer has answered */
  onMet (peer: Contact): void
  /** bytes that nobody can foresee */
  randomBytes (length: number): Uint8Array
  log: Logger
}

export class RandomWalk {
  readonly #options: RandomWalkOptions
  readonly #needs: RandomWalkNeeds
  #timer?: ReturnType<typeof setTimeout>
  #shutdown?: AbortController

  constructor (options: RandomWalkOptions, needs: RandomWalkNeeds) {
    this.#options = options
    this.#needs = needs
  }

  /** No effect while it runs, or when it is not enabled. */
  start (): void {
    if (this.#options.enabled && this.#shutdown == null) {
      this.#shutdown = new AbortController()
      this.#wait(this.#shutdown.signal)
    }
  }

  stop (): void {
    clearTimeout(this.#timer)
    this.#shutdown?.abort()
    this.#shutdown = undefined
  }

  #wait (signal: AbortSignal): void {
    this.#timer = setTimeout(() => {
      void this.#walk(signal).then(() => {
        if (!signal.aborted) {
          this.#wait(signal)
        }
      })
    }, jittered(this.#options.interval, this.#needs.randomBytes))
  }

  async #walk (signal: AbortSignal): Promise<void> {
    const { queries, isAlone, onMet, randomBytes, log } = this.#needs

    for (let i = 0; i < this.#options.queriesPerPeriod && !signal.aborted && !isAlone(); i++) {
      const controller = new AbortController()
      const end = (): void => { controller.abort(signal.reason) }
      const timer = setTimeout(end, this.#options.timeout)
      signal.addEventListener('abort', end)

      try {
        await findClosest(queries, {
          key: randomBytes(32),
          signal: controller.signal,
          onReply: from => {
            onMet(from)
            return false
          }
        })
      } catch (error) {
        // those that answered until then are met all the same
        log('a random walk ended early - %e', error)
      } finally {
        clearTimeout(timer)
        signal.removeEventListener('abort', end)
      }
    }
  }
}
