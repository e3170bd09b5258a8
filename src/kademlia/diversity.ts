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

export interface Spread<E extends Grouped> {
  /** those over the limits; whoever comes first is not */
  over: E[]
  /** how many are left without them */
  within: number
}

/** `bucketOf`: the bucket that one is in */
export function spread <E extends Grouped> (entries: Iterable<E>, bucketOf: (entry: E) => number, { perBucket, perTable }: GroupLimits): Spread<E> {
  const groups = new Map<string, Map<number, number>>()
  const over: E[] = []
  let within = 0

  for (const entry of entries) {
    const { group } = entry

    if (group != null) {
      const counts = groups.get(group) ?? new Map<number, number>()
      const bucket = bucketOf(entry)
      const inBucket = counts.get(bucket) ?? 0
      groups.set(group, counts)

      if (inBucket >= perBucket || sum(counts.values()) >= perTable) {
        over.push(entry)
        continue
      }

      counts.set(bucket, inBucket + 1)
    }

    within++
  }

  return { over, within }
}

function sum (numbers: Iterable<number>): number {
  let total = 0

  for (const number of numbers) {
    total += number
  }

  return total
}
