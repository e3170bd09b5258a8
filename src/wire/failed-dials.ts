// Whom dialling has just failed for, so that one lookup after the other does not dial the same dead peer. A peer is dialled
// all the same when somebody names an address of it that was not tried; and whoever connects to us need not be dialled.

import QuickLRU from 'quick-lru'

/** How many peers are remembered. */
const PEERS = 1_024

/**
 * For how long after the first failure, ms, doubled with each in a row: a little less than the table's back-off
 * (`kademlia/parameters.ts`), so that its probe of a peer that failed does dial.
 */
const FIRST = 4_500

/** Not longer than this, ms: who has restarted shall be found. */
const MOST = 60_000

interface Failed {
  /** those that were tried */
  addresses: ReadonlySet<string>
  failures: number
  at: number
  until: number
}

export class FailedDials {
  readonly #peers = new QuickLRU<string, Failed>({ maxSize: PEERS / 2 })

  /** How many ms ago dialling these addresses failed, if that was lately. */
  failedSince (id: string, addresses: Iterable<string>): number | undefined {
    const failed = this.#peers.get(id)
    const now = Date.now()

    if (failed == null || now >= failed.until) {
      return
    }

    for (const address of addresses) {
      if (!failed.addresses.has(address)) {
        return
      }
    }

    return now - failed.at
  }

  onFailed (id: string, addresses: Iterable<string>): void {
    const failures = (this.#peers.get(id)?.failures ?? 0) + 1
    const at = Date.now()
    this.#peers.set(id, { addresses: new Set(addresses), failures, at, until: at + Math.min(MOST, FIRST * 2 ** (failures - 1)) })
  }

  onConnected (id: string): void {
    this.#peers.delete(id)
  }

  clear (): void {
    this.#peers.clear()
  }
}
