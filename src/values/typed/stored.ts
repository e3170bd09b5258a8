// A typed record as it is stored: deterministic CBOR of [version, type, value]. CBOR and not JSON, for public keys and other bytes are
// common in records and JSON has none; a record has to be short.

import { decode, encode } from 'cborg'
import { InvalidRecordError } from '../namespaces.ts'

/** Of the encoding; another version may have any other form but for being an array that begins with its number. */
const VERSION = 1

/** Of a type's name, as of a record's: bytes of UTF-8. */
export const MAX_TYPE_LENGTH = 127

/** What another implementation may write in several ways is taken in one only, so that what is read back is stored in the same bytes. */
const STRICT = { strict: true, allowIndefinite: false, rejectDuplicateMapKeys: true }

export interface Stored {
  type: string
  value: unknown
}

/**
 * Properties that are undefined are left out.
 *
 * @throws {InvalidRecordError} when there is something in it that is not plain: neither text, number, boolean, null, bytes nor arrays and objects of those
 */
export function pack ({ type, value }: Stored): Uint8Array {
  try {
    return encode([VERSION, type, value], { ignoreUndefinedProperties: true })
  } catch (error: any) {
    throw new InvalidRecordError(`${type}: this can't be stored (${error.message}): give recordType an \`encode\` that makes text, numbers, bytes, arrays and plain objects of it`, { cause: error })
  }
}

/** @throws {InvalidRecordError} when these are not the bytes of a typed record */
export function unpack (bytes: Uint8Array): Stored {
  let parts: unknown

  try {
    parts = decode(bytes, STRICT)
  } catch (error: any) {
    throw new InvalidRecordError(`These bytes are no typed record (${error.message}): read them as plain bytes, with \`records.resolve\``, { cause: error })
  }

  if (!Array.isArray(parts) || parts.length === 0) {
    throw new InvalidRecordError('These bytes are no typed record: read them as plain bytes, with `records.resolve`')
  }

  const [version, type, value] = parts

  if (version !== VERSION) {
    throw new InvalidRecordError(`This typed record has a version other than ${VERSION}, the only one known here: whoever wrote it may have a newer libp2p-kad`)
  }

  if (parts.length !== 3 || !isTypeName(type)) {
    throw new InvalidRecordError('This typed record is malformed: there should be the name of a type and a value')
  }

  return { type, value }
}

export function isTypeName (type: unknown): type is string {
  return typeof type === 'string' && type.length > 0 && new TextEncoder().encode(type).byteLength <= MAX_TYPE_LENGTH
}
