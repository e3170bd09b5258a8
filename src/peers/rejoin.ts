// Brings a node that knows nobody into the network: asks the peers of the last time, whose answers bring them back into the
// table, and only if none of them answers the seeds. Tries again until somebody does.

import { raceSignal } from 'race-signal'
import { JITTER } from '../kademlia/parameters.ts'
import type { Seeds } from './seeds.ts'
import type { Contact } from '../query/contact.ts'
import type { AbortOptions, Logger } from '@libp2p/interface'

const SECOND = 1000

/** So long the peers of the last time may take to answer before the seeds are asked, ms. */
const PATIENCE = 5 * SECOND

/** Between two tries, ms; doubled after each. */
const FIRST_RETRY = SECOND
const LAST_RETRY = 60 * SECOND

export interface RejoinNeeds {
  /** asks a peer of the last time whether it is there; it does not hold up the seeds */
  probeSaved (peer: Contact): Promise<boolean>
  probeSeed (peer: Contact): Promise<boolean>
  seeds: Seeds
  /** who was in the table when it was last saved */
  saved (options: AbortOptions): Promise<Contact[]>
  /** whether the table is empty */
  isAlone (): boolean
  /** from 0 to 1 */
  random (): number
  log: Logger
}

export class Rejoin {
  readonly #needs: RejoinNeeds
  #shutdown?: AbortController

  constructor (needs: RejoinNeeds) {
    this.#needs = needs
  }

  /** No effect while it is at it. Ends when the table has a peer, or there is nobody to ask. */
  start (): void {
    if (this.#shutdown == null) {
      const shutdown = this.#shutdown = new AbortController()

      this.#run(shutdown.signal)
        .catch((error: Error) => {
          if (!shutdown.signal.aborted) {
            this.#needs.log.error('could not rejoin - %e', error)
          }
        })
        .finally(() => {
          if (this.#shutdown === shutdown) {
            this.#shutdown = undefined
          }
        })
    }
  }

  stop (): void {
    this.#shutdown?.abort()
    this.#shutdown = undefined
  }

  async #run (signal: AbortSignal): Promise<void> {
    const { probeSaved, probeSeed, seeds, saved, isAlone, random, log } = this.#needs

    for (let retry = FIRST_RETRY; isAlone(); retry = Math.min(2 * retry, LAST_RETRY)) {
      const known = (await saved({ signal })).filter(({ id }) => !seeds.has(id))
      seeds.onSaved(known.length)

      // somebody may answer while the others are still asked
      await firstTrue(known.map(probeSaved), PATIENCE, signal)

      if (isAlone()) {
        await firstTrue(seeds.all.map(probeSeed), LAST_RETRY, signal)
      }

      if (!isAlone() || known.length + seeds.all.length === 0) {
        return
      }

      log('nobody of %d known peers and %d seeds has answered', known.length, seeds.all.length)
      await sleep(retry * (1 + JITTER * (2 * random() - 1)), signal)
    }
  }
}

/** Resolves when one of them is true, when all have settled, or after so many ms. */
async function firstTrue (answers: Array<Promise<boolean>>, ms: number, signal: AbortSignal): Promise<void> {
  const first = Promise.any(answers.map(async answer => {
    if (!await answer) {
      throw new Error('no answer')
    }
  })).catch(() => {})
  const timeout = new AbortController()

  try {
    await Promise.race([raceSignal(first, signal), sleep(ms, timeout.signal).catch(() => {})])
  } finally {
    timeout.abort()
  }
}
