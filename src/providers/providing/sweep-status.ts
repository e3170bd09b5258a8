// What a sweep says of itself.

/** Nobody to tell, or no address to tell. */
export type Obstacle = 'offline' | 'no address'

/** What was done since the start. */
export interface SweepCounts {
  /** keys that were announced */
  announced: number
  /** announcements that failed, and are tried again */
  failed: number
  /** announcements that peers took */
  records: number
  lookups: number
  messages: number
}

/** Where the sweep is. Times are unix ms. */
export interface SweepStatus extends SweepCounts {
  state: 'stopped' | 'waiting' | 'announcing' | Obstacle
  /** keys that are provided */
  keys: number
  /** of them, those that have never been announced */
  neverAnnounced: number
  /** keys in the parts of the key space that are due: an upper bound of those that are */
  due: number
  /** which part of the key space has had its turn in this cycle, from 0 to 1 */
  progress: number
  /** how far the one longest overdue is behind its time, ms */
  lag: number
  /** when the next part is due; undefined without any key, and when it is already */
  nextAt?: number
  /** what the last announcement that failed has failed for */
  error?: string
}

export function noCounts (): SweepCounts {
  return { announced: 0, failed: 0, records: 0, lookups: 0, messages: 0 }
}

/** A batch of announcements is counted with those before it. */
export function addCounts (counts: SweepCounts, { announced, failed, records, lookups, messages }: Omit<SweepCounts, 'announced' | 'failed'> & { announced: unknown[], failed: unknown[] }): void {
  counts.announced += announced.length
  counts.failed += failed.length
  counts.records += records
  counts.lookups += lookups
  counts.messages += messages
}

/** What was done in between. */
export function countsSince (before: SweepCounts, after: SweepCounts): SweepCounts {
  return {
    announced: after.announced - before.announced,
    failed: after.failed - before.failed,
    records: after.records - before.records,
    lookups: after.lookups - before.lookups,
    messages: after.messages - before.messages
  }
}
