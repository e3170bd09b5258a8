// The one rule by which a held value is replaced.

import { equals as uint8ArrayEquals } from 'uint8arrays/equals'
import { InvalidRecordError } from './namespaces.ts'
import type { Namespaces } from './namespaces.ts'
import type { HeldRecord, RecordStore, UpdateOptions } from './record-store.ts'
import type { ValueRecord } from '../wire/record.ts'

/**
 * Stores a valid record unless a better one is held, as one step. The same value again starts its age anew, and never
 * shortens its life: anyone can send a value back with a shorter one.
 *
 * @throws {InvalidRecordError} when the selector prefers what is held
 */
export async function storeUnlessWorse (store: RecordStore, namespaces: Namespaces, record: HeldRecord, options?: UpdateOptions): Promise<HeldRecord> {
  return store.update(record.key, async held => {
    if (held == null) {
      return record
    }

    if (uint8ArrayEquals(held.value, record.value)) {
      return { ...record, publisher: held.publisher ?? record.publisher, ttl: laterTtl(held, record) }
    }

    if (await namespaces.select(record.key, [record.value, held.value]) !== 0) {
      throw new InvalidRecordError('A better value is held under the key already: get it first, and make one that replaces it')
    }

    return record
  }, options)
}

/** The time to live, in seconds from now on, with which the later of the two ends; undefined for no end of its own. */
function laterTtl (held: ValueRecord, record: ValueRecord): number | undefined {
  if (held.ttl == null || record.ttl == null) {
    return undefined
  }

  const left = held.ttl - Math.floor(((record.timeReceived ?? 0) - (held.timeReceived ?? 0)) / 1000)

  return Math.max(left, record.ttl)
}
