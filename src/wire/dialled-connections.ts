// The connections that the DHT has opened. A lookup opens some to peers that nobody needs afterwards, and libp2p closes none
// before it has hundreds: those that have had no request for some time, and nothing else to do, are closed.

import type { Connection } from '@libp2p/interface'

/** How many are kept in mind; of those beyond, the one unused longest is left to libp2p. */
const MOST = 1_024

/** How long the other side may take to close its end, ms. */
const CLOSE_TIMEOUT = 1_000

/** Resolves with whether someone else wants to keep the connection. */
export interface Keeps {
  (connection: Connection): Promise<boolean>
}

export class DialledConnections {
  readonly #keeps: Keeps
  readonly #idle: number
  /** when it was used last; who was used last stands last */
  readonly #usedAt = new Map<Connection, number>()

  /** `idle`: how long one may be unused, ms */
  constructor (idle: number, keeps: Keeps) {
    this.#idle = idle
    this.#keeps = keeps
  }

  get size (): number {
    return this.#usedAt.size
  }

  /** The DHT has opened it. */
  onDialled (connection: Connection): void {
    this.#usedAt.set(connection, Date.now())

    if (this.#usedAt.size > MOST) {
      const [oldest] = this.#usedAt.keys()
      this.#usedAt.delete(oldest)
    }
  }

  /** A request goes out on it. No effect on one that others have opened. */
  onUsed (connection: Connection): void {
    if (this.#usedAt.delete(connection)) {
      this.#usedAt.set(connection, Date.now())
    }
  }

  /** Forgets those that are gone, and closes those that nobody needs. */
  sweep (): void {
    const now = Date.now()

    // a copy: those in use go to the end
    for (const [connection, usedAt] of [...this.#usedAt]) {
      if (connection.status !== 'open') {
        this.#usedAt.delete(connection)
      } else if (connection.streams.length > 0) {
        // someone is talking
        this.onUsed(connection)
      } else if (now - usedAt >= this.#idle) {
        void this.#closeUnlessKept(connection, usedAt)
      }
    }
  }

  clear (): void {
    this.#usedAt.clear()
  }

  async #closeUnlessKept (connection: Connection, usedAt: number): Promise<void> {
    // when it cannot be found out, it is kept
    const kept = await this.#keeps(connection).catch(() => true)

    if (this.#usedAt.get(connection) !== usedAt || connection.streams.length > 0) {
      // it was used meanwhile, or the DHT was stopped
      return
    }

    if (kept) {
      this.onUsed(connection)
      return
    }

    this.#usedAt.delete(connection)

    try {
      await connection.close({ signal: AbortSignal.timeout(CLOSE_TIMEOUT) })
    } catch (error: any) {
      connection.abort(error)
    }
  }
}
