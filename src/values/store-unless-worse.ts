// The one rule by which a held value is replaced.

import { equals as uint8ArrayEquals } from 'uint8arrays/equals'
import { InvalidRecordError } from './namespaces.ts'
import type { Namespaces } from './namespaces.ts'
import type { RecordStore } from './record-store.ts'
import type { ValueRecord } from '../wire/record.ts'
import type { AbortOptions } from '@libp2p/interface'

/**
 * Stores a valid record unless a better one is held, as one step. The same value again starts its age anew.
 *
 * @throws {InvalidRecordError} when the selector prefers what is held
 */
export async function storeUnlessWorse (store: RecordStore, namespaces: Namespaces, record: ValueRecord, options?: AbortOptions): Promise<ValueRecord> {
  return store.update(record.key, async held => {
    if (held != null && !uint8ArrayEquals(held.value, record.value) && await namespaces.select(record.key, [record.value, held.value]) !== 0) {
      throw new InvalidRecordError('A better value is held under the key already: get it first, and make one that replaces it')
    }

    return record
  }, options)
}
