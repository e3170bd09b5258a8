// Whether a value fits a schema, and if not, which of its fields.

import { InvalidRecordError } from '../namespaces.ts'
import type { StandardSchemaV1 } from '@standard-schema/spec'

/** So many fields are named at most: what others have stored may be wrong in thousands. */
const NAMED = 5

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u

export interface Fitting<Schema extends StandardSchemaV1> {
  /** its name, 1–127 bytes of UTF-8; every record of the type carries it */
  type: string
  /** of any library that implements Standard Schema, such as zod, valibot and arktype; it may be asynchronous */
  schema: Schema
  /**
   * Makes what the schema takes out of what is stored, which may be anything: the schema has not seen it yet.
   *
   * @default what is stored, as it is
   */
  decode? (stored: unknown): unknown
}

/**
 * What the schema makes of what is stored. `advice`: what to do when it does not fit.
 *
 * @throws {InvalidRecordError} when it does not fit; it names the fields, beginning with the type
 */
export async function fit<Schema extends StandardSchemaV1> (fitting: Fitting<Schema>, stored: unknown, advice: string): Promise<StandardSchemaV1.InferOutput<Schema>> {
  const { type, schema, decode } = fitting
  let result

  try {
    result = await schema['~standard'].validate(decode == null ? stored : decode(stored))
  } catch (error: any) {
    // of the application's own `decode` or schema, which did not expect that
    throw new InvalidRecordError(`${type}: ${error.message}. ${advice}`, { cause: error })
  }

  if (result.issues != null) {
    throw new InvalidRecordError(`${describe(type, result.issues)}. ${advice}`)
  }

  return result.value
}

function describe (type: string, issues: readonly StandardSchemaV1.Issue[]): string {
  const named = issues.slice(0, NAMED).map(({ path = [], message }) => `${type}${path.map(step).join('')}: ${message}`)

  if (issues.length > NAMED) {
    named.push(`and ${issues.length - NAMED} more`)
  }

  return named.join('; ')
}

function step (segment: PropertyKey | StandardSchemaV1.PathSegment): string {
  const key = typeof segment === 'object' ? segment.key : segment

  if (typeof key === 'number') {
    return `[${key}]`
  }

  const name = String(key)

  return IDENTIFIER.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`
}
