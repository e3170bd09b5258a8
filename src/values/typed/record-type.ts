// Records whose content has a type: declared once by name and schema, checked whenever one is written or read. A name that holds a
// record of one type takes none of another.

import { InvalidParametersError } from '@libp2p/interface'
import { createCodec } from './codec.ts'
import { foundIn, refuseOther } from './same-type.ts'
import { isTypeName, MAX_TYPE_LENGTH } from './stored.ts'
import type { CodecInit } from './codec.ts'
import type { WriteResult } from '../../query/write-result.ts'
import type { OwnerOptions, PublishedRecord, Records, ResolvedRecord, ResolveOptions, UpdateOptions, WatchOptions } from '../signed/records-api.ts'
import type { PeerId } from '@libp2p/interface'
import type { StandardSchemaV1 } from '@standard-schema/spec'

export type RecordTypeInit<Schema extends StandardSchemaV1> = CodecInit<Schema>

/** Which of an owner's records it is. */
export interface NameOptions {
  /**
   * Of the record, 1–127 bytes of UTF-8.
   *
   * @default the type's name
   */
  name?: string
}

/** A record as it was found, and its value as the schema gives it. */
export type TypedRecord<Value> = Omit<ResolvedRecord, 'value'> & { value: Value }

export type PublishedTypedRecord<Value> = Omit<PublishedRecord, 'value'> & { value: Value }

/** A version that a watch has seen; there is no value when the owner has removed the record. */
export type WatchedTypedRecord<Value> = Omit<ResolvedRecord, 'value'> & ({ removed: false, value: Value } | { removed: true, value: undefined })

/**
 * Besides the errors that are named, all methods throw those of the `Records` that they are given.
 */
export interface RecordType<Value> {
  /** its name */
  readonly type: string

  /**
   * Stores the value in place of the one that was there, which may be one that does not fit the schema any more.
   *
   * @throws {InvalidRecordError} when the value does not fit, or the name holds something that is no typed record
   * @throws {RecordTypeError} when the name holds a record of another type
   */
  publish (records: Pick<Records, 'update'>, value: Value, options?: UpdateOptions & NameOptions): Promise<PublishedTypedRecord<Value>>

  /**
   * The latest value. What others have stored is checked as one's own is.
   *
   * @throws {InvalidRecordError} when it does not fit
   * @throws {RecordTypeError} when it is of another type
   */
  resolve (records: Pick<Records, 'resolve'>, owner: PeerId, options?: ResolveOptions & NameOptions): Promise<TypedRecord<Value>>

  /**
   * Compare-and-swap, as `records.update`: `change` gets `undefined` when there is no record, and may be called several times; when it
   * returns `undefined` nothing is written.
   *
   * @throws {InvalidRecordError} when what is held or what `change` makes of it does not fit
   * @throws {RecordTypeError} when the name holds a record of another type
   */
  update (records: Pick<Records, 'update'>, change: (value: Value | undefined) => Value | undefined | Promise<Value | undefined>, options?: UpdateOptions & NameOptions): Promise<PublishedTypedRecord<Value> | undefined>

  /**
   * Leaves a tombstone in its place, after which the name takes any type again.
   *
   * @throws {InvalidRecordError} when the name holds something that is no typed record: `records.remove` removes anything
   * @throws {RecordTypeError} when the name holds a record of another type
   */
  remove (records: Pick<Records, 'update' | 'remove'>, options?: OwnerOptions & NameOptions): Promise<WriteResult>

  /**
   * Newer versions as they appear, its removal included, the present one first if there is one. A version that does not fit ends it
   * with the error that `resolve` would throw.
   */
  watch (records: Pick<Records, 'watch'>, owner: PeerId, options?: WatchOptions & NameOptions): AsyncIterable<WatchedTypedRecord<Value>>
}

/**
 * Declares a type of records.
 *
 * @throws {InvalidParametersError} when the name is not 1–127 bytes of UTF-8, or the schema is none
 */
export function recordType<Schema extends StandardSchemaV1> (init: RecordTypeInit<Schema>): RecordType<StandardSchemaV1.InferOutput<Schema>> {
  checkType(init.type)
  checkSchema(init.schema)

  const { type } = init
  const codec = createCodec(init)

  async function typed <Found extends ResolvedRecord> (record: Found): Promise<Omit<Found, 'value'> & { value: StandardSchemaV1.InferOutput<Schema> }> {
    return { ...record, value: await codec.toValue(foundIn(record, type)) }
  }

  return {
    type,

    async publish (records, value, { name = type, ...options } = {}) {
      const bytes = await codec.toBytes(value)
      // not `records.publish`: the look at what is held and the write are to be one, and only `records` knows who the owner is
      const published = await records.update(name, held => {
        refuseOther(name, held, type)

        return bytes
      }, options)

      if (published == null) {
        throw new InvalidParametersError(`"${name}" was not written: \`records.update\` has to write what its callback returns`)
      }

      return typed(published)
    },

    async resolve (records, owner, { name = type, ...options } = {}) {
      return typed(await records.resolve(owner, name, options))
    },

    async update (records, change, { name = type, ...options } = {}) {
      const published = await records.update(name, async held => {
        const stored = refuseOther(name, held, type)
        const value = await change(stored == null ? undefined : await codec.toValue(stored.value))

        return value === undefined ? undefined : codec.toBytes(value)
      }, options)

      return published == null ? undefined : typed(published)
    },

    async remove (records, { name = type, ...options } = {}) {
      await records.update(name, held => {
        refuseOther(name, held, type)

        return undefined
      }, options)

      return records.remove(name, options)
    },

    async * watch (records, owner, { name = type, ...options } = {}) {
      for await (const record of records.watch(owner, name, options)) {
        yield record.removed ? { ...record, removed: true, value: undefined } : { ...await typed(record), removed: false }
      }
    }
  }
}

function checkType (type: unknown): void {
  if (!isTypeName(type)) {
    throw new InvalidParametersError(`recordType: type is to be a name of 1 to ${MAX_TYPE_LENGTH} bytes, such as "profile", and is ${typeof type === 'string' ? `"${type}"` : typeof type}`)
  }
}

function checkSchema (schema: Partial<StandardSchemaV1> | null | undefined): void {
  if (typeof schema?.['~standard']?.validate !== 'function') {
    throw new InvalidParametersError('recordType: schema is to be of a library that implements Standard Schema, such as zod from 3.24 on, valibot from 1.0 on, or arktype from 2.0 on')
  }
}
