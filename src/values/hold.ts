// The one rule by which a held value is replaced, by whomever it is given: another node, the owner on this node, or a repair.

import { equals as uint8ArrayEquals } from 'uint8arrays/equals'
import { InvalidRecordError } from './namespaces.ts'
import type { Namespaces } from './namespaces.ts'
import type { ReadCache } from './read-cache.ts'
import type { HeldRecord, RecordStore, UpdateOptions } from './store/record-store.ts'
import type { ValueRecord } from '../wire/record.ts'

export interface HoldNeeds {
  store: RecordStore
  namespaces: Namespaces
  /** what was read lately, which is not to outlive what is held since */
  cache?: ReadCache
  /** an owner has signed two values that contradict each other */
  onContradiction? (key: Uint8Array, values: [Uint8Array, Uint8Array]): void
}

/**
 * Stores a valid record unless a better one is held, as one step, and returns what is held then. The same value again starts its age
 * anew, and never shortens its life: anyone can send a value back with a shorter one. A value that ends by itself never lives longer.
 *
 * @throws {InvalidRecordError} when the selector prefers what is held, unless it is of a namespace that answers with that
 */
export async function hold (incoming: ValueRecord, { store, namespaces, cache, onContradiction }: HoldNeeds, options: UpdateOptions = {}): Promise<HeldRecord> {
  const { key } = incoming
  const { merge, same, contradict, answersHeld, expires } = namespaces.rulesOf(key)
  const ending = (value: Uint8Array): HeldRecord => ({ ...incoming, value, expires: expires?.(value) })
  const record = ending(merge?.([incoming.value]) ?? incoming.value)

  const now = await store.update(key, async held => {
    if (held == null) {
      return record
    }

    if (uint8ArrayEquals(held.value, record.value) || same?.(held.value, record.value) === true) {
      const value = await namespaces.best(key, [record.value, held.value])

      return { ...record, value, publisher: held.publisher ?? record.publisher, ttl: laterTtl(store, held, record) }
    }

    if (merge != null) {
      return {
        ...ending(merge([held.value, record.value])),
        publisher: held.publisher ?? record.publisher,
        ttl: laterTtl(store, held, record)
      }
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

  cache?.onHeld(key, now.value)

  return now
}

/**
 * The time to live, in seconds from now on, with which the later of the two ends. One that says nothing of that was published anew; one
 * that does was passed on by a node that holds it, which adds nothing to its life.
 */
function laterTtl (store: RecordStore, held: HeldRecord, record: HeldRecord): number | undefined {
  const now = record.timeReceived ?? Date.now()

  return record.ttl == null ? undefined : Math.max(Math.floor((store.endOf(held) - now) / 1000), record.ttl)
}
