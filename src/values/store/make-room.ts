// Which of the values held for others have to go so that the limits hold.

import { StoreFullError } from '../../query/errors.ts'
import { compareUse } from './received-index.ts'
import type { Received, ReceivedIndex } from './received-index.ts'

export interface ReceivedLimits {
  /** how many values are held for others */
  maxRecords: number
  /** how many bytes these values have together; Infinity for any number */
  maxBytes: number
  /** how many values of one publisher are held; Infinity for any number */
  maxPerPublisher: number
}

/** The limit for which a value had to go. */
export type EvictionReason = 'records' | 'bytes' | 'publisher'

export interface Evicted {
  record: Received
  /** undefined when it had expired anyway */
  reason?: EvictionReason
}

/**
 * Adds to the index, in the place of what has its name, and takes out what is of less use until the limits hold: where its
 * publisher has as many as it may, of this publisher's.
 *
 * @throws {StoreFullError} when what would have to go is of more use; the index is as it was
 */
export function makeRoom (index: ReceivedIndex, next: Received, limits: ReceivedLimits, now: number): Evicted[] {
  const before = index.get(next.name)
  const evicted: Evicted[] = []
  index.remove(next.name)

  for (let reason = lackOf(index, next, limits); reason != null; reason = lackOf(index, next, limits)) {
    const least = reason === 'publisher' ? index.leastOf(next.publisher, now) : index.least(now)

    if (least == null || next.bytes > limits.maxBytes || compareUse(next, least, now) < 0) {
      [before, ...evicted.map(({ record }) => record)].forEach(record => { record == null || index.add(record) })
      throw new StoreFullError(REFUSALS[reason](index))
    }

    evicted.push(evict(index, least, reason, now))
  }

  index.add(next)

  return evicted
}

/** Takes out of the index what has expired, and then what is over the limits: they may have been higher when it was stored. */
export function * surplus (index: ReceivedIndex, limits: ReceivedLimits, now: number): Generator<Evicted> {
  for (let expired = index.expired(now); expired != null; expired = index.expired(now)) {
    yield evict(index, expired, 'records', now)
  }

  for (const records of index.crowds(limits.maxPerPublisher)) {
    const over = [...records].sort((a, b) => compareUse(a, b, now)).slice(0, records.length - limits.maxPerPublisher)

    for (const record of over) {
      // it may have been stored again since the last one was asked for
      if (index.get(record.name) === record) {
        yield evict(index, record, 'publisher', now)
      }
    }
  }

  for (let least = index.least(now); least != null; least = index.least(now)) {
    if (index.size > limits.maxRecords) {
      yield evict(index, least, 'records', now)
    } else if (index.bytes > limits.maxBytes) {
      yield evict(index, least, 'bytes', now)
    } else {
      return
    }
  }
}

const REFUSALS: Record<EvictionReason, (index: ReceivedIndex) => string> = {
  records: ({ size }) => `${size} values are held for others, which is the limit, and all of them are of more use than this one`,
  bytes: ({ bytes }) => `The values held for others have ${bytes} bytes; with this one they are over the limit, and all of them are of more use`,
  publisher: () => 'As many values of its publisher are held as may be, and all of them are of more use than this one'
}

/** The limit that does not hold with one more. */
function lackOf (index: ReceivedIndex, next: Received, { maxRecords, maxBytes, maxPerPublisher }: ReceivedLimits): EvictionReason | undefined {
  if (next.publisher !== '' && index.countOf(next.publisher) >= maxPerPublisher) {
    return 'publisher'
  }

  if (index.size >= maxRecords) {
    return 'records'
  }

  if (index.bytes + next.bytes > maxBytes) {
    return 'bytes'
  }
}

function evict (index: ReceivedIndex, record: Received, reason: EvictionReason, now: number): Evicted {
  index.remove(record.name)

  return { record, reason: record.expires <= now ? undefined : reason }
}
