// How many peers of one group of addresses a table takes: whoever has one network of addresses has any number of peers in
// it, and could fill a table with them. Pure.

/** What the limits are applied to. */
export interface Grouped {
  /** peers that one operator is likely to run, such as those of one /16; undefined for one that no limit applies to */
  readonly group?: string
}

export interface GroupLimits {
  /** peers of one group in a bucket */
  perBucket: number
  /** peers of one group in the table */
  perTable: number
}

export interface DiversityLimits extends GroupLimits {
  /**
   * The limits apply when the table would still hold as many without those over them. In a small network there are no others to
   * choose from.
   */
  enough: number
}

/**
 * Those that are over the limits; whoever comes first is kept.
 *
 * `bucketOf`: the bucket that one is in
 */
export function crowded <E extends Grouped> (entries: Iterable<E>, bucketOf: (entry: E) => number, limits: DiversityLimits): E[] {
  const { perBucket, perTable, enough } = limits
  const buckets = new Map<string, Map<number, number>>()
  const over: E[] = []
  let kept = 0

  for (const entry of entries) {
    const { group } = entry

    if (group != null) {
      const counts = buckets.get(group) ?? new Map<number, number>()
      const bucket = bucketOf(entry)
      const inBucket = counts.get(bucket) ?? 0
      buckets.set(group, counts)

      if (inBucket >= perBucket || sum(counts.values()) >= perTable) {
        over.push(entry)
        continue
      }

      counts.set(bucket, inBucket + 1)
    }

    kept++
  }

  return kept >= enough ? over : []
}

function sum (numbers: Iterable<number>): number {
  let total = 0

  for (const number of numbers) {
    total += number
  }

  return total
}
