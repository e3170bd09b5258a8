// Between a value of a type and what is stored of it. Both ways go through the schema, and nothing is stored that would not be read as
// it was written.

import { equals as uint8ArrayEquals } from 'uint8arrays/equals'
import { InvalidRecordError } from '../namespaces.ts'
import { fit } from './fit.ts'
import { pack, unpack } from './stored.ts'
import type { Fitting } from './fit.ts'
import type { StandardSchemaV1 } from '@standard-schema/spec'

export interface CodecInit<Schema extends StandardSchemaV1> extends Fitting<Schema> {
  /**
   * Makes what is stored out of a value: text, numbers, booleans, null, bytes, and arrays and plain objects of those. Needed when the
   * schema transforms: what a schema takes as text and gives as a date is to be made text again.
   *
   * @default the value as it is
   */
  encode? (value: StandardSchemaV1.InferOutput<Schema>): unknown
}

export interface Codec<Value> {
  /**
   * The bytes to store: of what the schema makes of the value, without the fields that it drops and with those that it adds.
   *
   * @throws {InvalidRecordError} when the value does not fit, or would not be read as it was written
   */
  toBytes (value: Value): Promise<Uint8Array>

  /**
   * The value, from what `unpack` gives of the bytes.
   *
   * @throws {InvalidRecordError} when it does not fit
   */
  toValue (stored: unknown): Promise<Value>
}

export function createCodec<Schema extends StandardSchemaV1> (init: CodecInit<Schema>): Codec<StandardSchemaV1.InferOutput<Schema>> {
  type Value = StandardSchemaV1.InferOutput<Schema>

  const { type, encode: encoder } = init

  function encode (value: Value): unknown {
    try {
      return encoder == null ? value : encoder(value)
    } catch (error: any) {
      throw new InvalidRecordError(`${type}: its \`encode\` does not take this value: ${error.message}`, { cause: error })
    }
  }

  return {
    async toBytes (value) {
      const normal = await fit(init, encode(value), `Change the value to what the schema of "${type}" takes`)
      const bytes = pack({ type, value: encode(normal) })
      const again = await fit(init, unpack(bytes).value, `The schema does not take back what is stored of its own value: give recordType "${type}" an \`encode\` that undoes what the schema does`)

      if (!uint8ArrayEquals(pack({ type, value: encode(again) }), bytes)) {
        throw new InvalidRecordError(`${type}: the value would be another one each time it is read. Give recordType "${type}" an \`encode\` that undoes what the schema does`)
      }

      return bytes
    },

    async toValue (stored) {
      return fit(init, stored, 'It was stored so: its owner has to publish it anew, or goes by another version of the schema')
    }
  }
}
