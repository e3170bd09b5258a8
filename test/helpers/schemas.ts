// A schema library of a page, for tests: what of Standard Schema a real one does, and no more.

import type { StandardSchemaV1 } from '@standard-schema/spec'

type Result<T> = StandardSchemaV1.Result<T>

interface Schema<T> extends StandardSchemaV1<unknown, T> {
  '~standard': Omit<StandardSchemaV1.Props<unknown, T>, 'validate'> & { validate (value: unknown): Result<T> }
}

function schema<T> (validate: (value: unknown) => Result<T>): Schema<T> {
  return { '~standard': { version: 1, vendor: 'test', validate } }
}

function kind<T> (name: string, is: (value: unknown) => value is T): Schema<T> {
  return schema<T>(value => is(value) ? { value } : { issues: [{ message: `expected ${name}` }] })
}

export const anything: Schema<unknown> = kind('anything', (value): value is unknown => true)
export const text: Schema<string> = kind('string', value => typeof value === 'string')
export const number: Schema<number> = kind('number', value => typeof value === 'number')
export const bigint: Schema<bigint> = kind('bigint', value => typeof value === 'bigint')
export const byteString: Schema<Uint8Array> = kind('bytes', value => value instanceof Uint8Array)
const record = kind('object', (value): value is Record<string, unknown> => typeof value === 'object' && value != null && !Array.isArray(value))
const array = kind('array', (value): value is unknown[] => Array.isArray(value))

/** Drops fields that it does not know. Where `undefined` fits, the field may be missing. */
export function object<Fields extends Record<string, Schema<unknown>>> (fields: Fields): Schema<{ [Name in keyof Fields]: StandardSchemaV1.InferOutput<Fields[Name]> }> {
  return schema(value => {
    const checked = record['~standard'].validate(value)

    if (checked.issues != null) {
      return checked
    }

    return gather(Object.entries(fields).map(([name, field]) => [name, field['~standard'].validate(checked.value[name])]), Object.fromEntries)
  })
}

/** The paths of its issues are made of path segments, as some libraries do it. */
export function list<T> (of: Schema<T>): Schema<T[]> {
  return schema(value => {
    const checked = array['~standard'].validate(value)

    if (checked.issues != null) {
      return checked
    }

    return gather(checked.value.map((item, i) => [i, of['~standard'].validate(item)]), entries => entries.map(([, item]) => item))
  })
}

export function withDefault<T> (of: Schema<T>, value: T): Schema<T> {
  return schema(given => given === undefined ? { value } : of['~standard'].validate(given))
}

export function transformed<T, U> (of: Schema<T>, change: (value: T) => U): Schema<U> {
  return schema(value => {
    const result = of['~standard'].validate(value)

    return result.issues == null ? { value: change(result.value) } : result
  })
}

/** The same, and it takes a turn. */
export function later<T> (of: Schema<T>): StandardSchemaV1<unknown, T> {
  return {
    '~standard': {
      ...of['~standard'],
      async validate (value) {
        await Promise.resolve()

        return of['~standard'].validate(value)
      }
    }
  }
}

function gather<Key extends PropertyKey, T, U> (results: Array<[key: Key, result: Result<T>]>, assemble: (entries: Array<[key: Key, value: T]>) => U): Result<U> {
  const entries: Array<[key: Key, value: T]> = []
  const issues: StandardSchemaV1.Issue[] = []

  for (const [key, result] of results) {
    if (result.issues == null) {
      entries.push([key, result.value])
    } else {
      const segment = typeof key === 'number' ? { key } : key
      issues.push(...result.issues.map(({ message, path = [] }) => ({ message, path: [segment, ...path] })))
    }
  }

  return issues.length > 0 ? { issues } : { value: assemble(entries) }
}
