// Length-prefixed frames on a stream: an unsigned varint, then as many bytes. A length over the limit is refused when its
// prefix is read, before anything of the body is kept.

import { InvalidMessageError } from '@libp2p/interface'
import { Uint8ArrayList } from 'uint8arraylist'
import { plainBytes } from './plain-bytes.ts'

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
  readonly #buffer = new Uint8ArrayList()

  /** `limit`: the longest frame, bytes */
  constructor (limit: number) {
    this.#limit = limit
  }

  /** Bytes that are not yet a whole frame, or not yet taken. */
  get pending (): number {
    return this.#buffer.byteLength
  }

  push (chunk: Uint8Array | Uint8ArrayList): void {
    this.#buffer.append(chunk)
  }

  /**
   * The next whole frame, if there is one.
   *
   * @throws {InvalidMessageError} when the length is over the limit or no varint
   */
  next (): Uint8Array | undefined {
    let length = 0

    for (let i = 0; i < this.#buffer.byteLength; i++) {
      const byte = this.#buffer.get(i)
      length += (byte & 0x7f) * 2 ** (7 * i)

      if (byte < 0x80) {
        return this.#take(i + 1, length)
      }

      if (i + 1 === MAX_PREFIX) {
        throw new InvalidMessageError('The length of a message is not a varint, or far over the limit')
      }
    }
  }

  #take (prefix: number, length: number): Uint8Array | undefined {
    if (length > this.#limit) {
      throw new InvalidMessageError(`A message of ${length} bytes is over the limit of ${this.#limit}`)
    }

    if (this.#buffer.byteLength < prefix + length) {
      return
    }

    const frame = plainBytes(this.#buffer.subarray(prefix, prefix + length))
    this.#buffer.consume(prefix + length)

    return frame
  }
}
