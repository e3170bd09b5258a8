// Bytes that follow from a text.

import { createHash } from 'node:crypto'

/** 32 bytes that look random. */
export function digest (text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
