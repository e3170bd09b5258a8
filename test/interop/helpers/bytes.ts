// Bytes as the tests look at them.

/** The text that the bytes are; none for no bytes. */
export function text (bytes: Uint8Array = new Uint8Array(0)): string {
  return new TextDecoder().decode(bytes)
}

export function concat (...parts: Uint8Array[]): Uint8Array {
  return Buffer.concat(parts)
}
