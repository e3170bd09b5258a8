// Bytes that follow from a text or from bytes.

import { createHash } from 'node:crypto'

/** sha256: 32 bytes that look random, and where in the key space the bytes belong. */
export function digest (text: string | Uint8Array): Buffer {
  return createHash('sha256').update(text).digest()
}
