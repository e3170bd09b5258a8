// Lookups that are not made: what was asked for is kept, and the test says what comes of it.

import type { Query, QueryManager, QueryResult } from '../../src/query/manager.ts'

export interface RecordedLookup extends Query {
  /** when it began, unix ms */
  at: number
}

/** What becomes of a lookup. */
export interface Outcome {
  (query: Query): Promise<QueryResult>
}

export class RecordedQueries {
  readonly k: number
  readonly lookups: RecordedLookup[] = []
  outcome: Outcome

  constructor (outcome: Outcome, k = 20) {
    this.outcome = outcome
    this.k = k
  }

  /** As those who ask take it. */
  get manager (): QueryManager {
    return this as unknown as QueryManager
  }

  async run (query: Query): Promise<QueryResult> {
    query.signal.throwIfAborted()
    this.lookups.push({ ...query, at: Date.now() })

    return this.outcome(query)
  }
}

export const nothingFound: Outcome = async () => ({ closest: [], found: [], unreached: [], hops: 0, messages: 0, complete: true })

/** It goes on until it is ended. */
export const endless: Outcome = async ({ signal }) => new Promise((resolve, reject) => {
  signal.addEventListener('abort', () => { reject(signal.reason) })
})

export const failing: Outcome = async () => {
  throw new Error('nobody has answered')
}
