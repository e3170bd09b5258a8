// In Node bytes often come as a Buffer, whose `slice` is a view where a Uint8Array's is a copy. Inside they never are one.

/** The same bytes, not copied, as a plain Uint8Array. */
export function plainBytes (bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
