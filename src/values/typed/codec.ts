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

export class Codec<Schema extends StandardSchemaV1> {
  readonly #init: CodecInit<Schema>

  constructor (init: CodecInit<Schema>) {
    this.#init = init
  }

  /**
   * The bytes to store: of what the schema makes of the value, without the fields that it drops and with those that it adds.
   *
   * @throws {InvalidRecordError} when the value does not fit, or would not be read as it was written
   */
  async toBytes (value: StandardSchemaV1.InferOutput<Schema>): Promise<Uint8Array> {
    const { type } = this.#init
    const normal = await fit(this.#init, this.#encode(value), `Change the value to what the schema of "${type}" takes`)
    const bytes = this.#pack(normal)
    const again = await fit(this.#init, unpack(bytes).value, `The schema does not take back what is stored of its own value: give recordType "${type}" an \`encode\` that undoes what the schema does`)

    if (!uint8ArrayEquals(this.#pack(again), bytes)) {
      throw new InvalidRecordError(`${type}: the value would be another one each time it is read. Give recordType "${type}" an \`encode\` that undoes what the schema does`)
    }

    return bytes
  }

  /**
   * The value, from what is stored of it.
   *
   * @throws {InvalidRecordError} when it does not fit
   */
  async toValue (stored: unknown): Promise<StandardSchemaV1.InferOutput<Schema>> {
    return fit(this.#init, stored, 'It was stored so: its owner has to publish it anew, or goes by another version of the schema')
  }

  #pack (value: StandardSchemaV1.InferOutput<Schema>): Uint8Array {
    return pack({ type: this.#init.type, value: this.#encode(value) })
  }

  #encode (value: StandardSchemaV1.InferOutput<Schema>): unknown {
    const { type, encode } = this.#init

    try {
      return encode == null ? value : encode(value)
    } catch (error: any) {
      throw new InvalidRecordError(`${type}: its \`encode\` does not take this value: ${error.message}`, { cause: error })
    }
  }
}
