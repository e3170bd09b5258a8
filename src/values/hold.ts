// The one rule by which a held value is replaced, by whomever it is given: another node, the owner on this node, or a repair.

import { equals as uint8ArrayEquals } from 'uint8arrays/equals'
import { InvalidRecordError } from './namespaces.ts'
import type { Namespaces } from './namespaces.ts'
import type { RecordStore, UpdateOptions } from './record-store.ts'
import type { ValueRecord } from '../wire/record.ts'

export interface HoldNeeds {
  store: RecordStore
  namespaces: Namespaces
  /** an owner has signed two values that contradict each other */
  onContradiction? (key: Uint8Array, values: [Uint8Array, Uint8Array]): void
}

/**
 * Stores a valid record unless a better one is held, as one step, and returns what is held then. The same value again starts its age
 * anew, and never shortens its life: anyone can send a value back with a shorter one.
 *
 * @throws {InvalidRecordError} when the selector prefers what is held, unless it is of a namespace that answers with that
 */
export async function hold (record: ValueRecord, { store, namespaces, onContradiction }: HoldNeeds, options: UpdateOptions = {}): Promise<ValueRecord> {
  const { key } = record
  const { merge, contradict, answersHeld } = namespaces.rulesOf(key)

  return store.update(key, async held => {
    if (held == null) {
      return record
    }

    if (uint8ArrayEquals(held.value, record.value)) {
      return { ...record, publisher: held.publisher ?? record.publisher, ttl: laterTtl(held, record) }
    }

    if (merge != null) {
      return { ...record, value: merge([held.value, record.value]) }
    }

    if (contradict?.(held.value, record.value) === true) {
      onContradiction?.(key, [held.value, record.value])
    }

    if (await namespaces.select(key, [record.value, held.value]) === 0) {
      return record
    }

    if (answersHeld === true) {
      return held
    }

    throw new InvalidRecordError('A better value is held under the key already: get it first, and make one that replaces it')
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
