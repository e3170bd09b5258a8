// A name that holds a record of one type takes none of another, and readers take none of another than they asked for.

import { InvalidRecordError } from '../namespaces.ts'
import { unpack } from './stored.ts'
import type { Stored } from './stored.ts'
import type { ResolvedRecord } from '../signed/records-api.ts'

/** A record is of another type than the one that was asked for. */
export class RecordTypeError extends Error {
  override name = 'RecordTypeError'
  readonly expected: string
  readonly found: string

  constructor (message: string, expected: string, found: string) {
    super(message)
    this.expected = expected
    this.found = found
  }
}

/**
 * What a name holds, undefined when it holds nothing.
 *
 * @throws {InvalidRecordError} when it holds something that is no typed record
 * @throws {RecordTypeError} when it holds a record of another type
 */
export function refuseOther (name: string, held: Uint8Array | undefined, type: string): Stored | undefined {
  if (held == null) {
    return undefined
  }

  const stored = unpackHeld(name, held)

  if (stored.type !== type) {
    throw new RecordTypeError(`"${name}" holds a record of the type "${stored.type}" and takes none of the type "${type}": choose another name, or remove it first`, type, stored.type)
  }

  return stored
}

/**
 * The value in a record that was found.
 *
 * @throws {InvalidRecordError} when it is no typed record
 * @throws {RecordTypeError} when it is of another type
 */
export function foundIn ({ owner, name, value: bytes }: ResolvedRecord, type: string): unknown {
  const { type: found, value } = unpack(bytes)

  if (found !== type) {
    throw new RecordTypeError(`The record "${name}" of ${owner} is of the type "${found}", not "${type}": read it as that, or look under another name`, type, found)
  }

  return value
}

function unpackHeld (name: string, held: Uint8Array): Stored {
  try {
    return unpack(held)
  } catch (error: any) {
    throw new InvalidRecordError(`"${name}" holds something else than a typed record: choose another name, or remove it first, with \`records.remove\`. ${error.message}`, { cause: error })
  }
}
