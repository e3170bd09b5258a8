// Length-prefixed frames on a stream: an unsigned varint, then as many bytes. A length over the limit is refused when its
// prefix is read, before anything of the body is kept.

import { InvalidMessageError } from '@libp2p/interface'
import type { Uint8ArrayList } from 'uint8arraylist'

/** A length fits a 28-bit varint, or it is over every limit anyway. */
const MAX_PREFIX = 4

/** Puts the length prefix before a message. */
export function frame (message: Uint8Array): Uint8Array {
  const prefix: number[] = []
  let length = message.byteLength

  while (length >= 0x80) {
    prefix.push((length & 0x7f) | 0x80)
    length >>>= 7
  }

  prefix.push(length)

  const framed = new Uint8Array(prefix.length + message.byteLength)
  framed.set(prefix)
  framed.set(message, prefix.length)

  return framed
}

/** Cuts what a stream brings into frames. */
export class FrameReader {
  readonly #limit: number
  /** what has come in is copied: a view of each of a million small chunks would keep a million buffers */
  #bytes = new Uint8Array(0)
  #start = 0
  #end = 0

  /** `limit`: the longest frame, bytes */
  constructor (limit: number) {
    this.#limit = limit
  }

  /** Bytes that are not yet a whole frame, or not yet taken. */
  get pending (): number {
    return this.#end - this.#start
  }

  push (chunk: Uint8Array | Uint8ArrayList): void {
    this.#reserve(chunk.byteLength)

    for (const part of chunk instanceof Uint8Array ? [chunk] : chunk) {
      this.#bytes.set(part, this.#end)
      this.#end += part.byteLength
    }
  }

  /**
   * The next whole frame, if there is one.
   *
   * @throws {InvalidMessageError} when the length is over the limit or no varint
   */
  next (): Uint8Array | undefined {
    let length = 0

    for (let i = 0; this.#start + i < this.#end; i++) {
      const byte = this.#bytes[this.#start + i]
      length += (byte & 0x7f) * 2 ** (7 * i)

      if (byte === 0 && i > 0) {
        throw new InvalidMessageError('The length of a message is not in its shortest form')
      }

      if (byte < 0x80) {
        return this.#take(i + 1, length)
      }

      if (i + 1 === MAX_PREFIX) {
        throw new InvalidMessageError('The length of a message is not a varint, or far over the limit')
      }
    }
  }

  /** Room for so many more bytes, at most twice of what is needed. */
  #reserve (more: number): void {
    if (this.#end + more <= this.#bytes.byteLength) {
      return
    }

    const needed = this.pending + more
    const bytes = new Uint8Array(this.pending === 0 ? needed : 2 * needed)
    bytes.set(this.#bytes.subarray(this.#start, this.#end))
    this.#bytes = bytes
    this.#end = this.pending
    this.#start = 0
  }

  #take (prefix: number, length: number): Uint8Array | undefined {
    if (length > this.#limit) {
      throw new InvalidMessageError(`A message of ${length} bytes is over the limit of ${this.#limit}`)
    }

    if (this.pending < prefix + length) {
      return
    }

    const start = this.#start + prefix
    this.#start = start + length
    // a frame is never written over: the room before the end of the last one is not used again
    const frame = this.#bytes.subarray(start, this.#start)

    if (this.#start === this.#end) {
      this.#bytes = new Uint8Array(0)
      this.#start = this.#end = 0
    }

    return frame
  }
}
