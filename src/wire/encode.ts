// A message as it goes out, with its length before it. What it is made of is bytes already, so it is written by hand, each part
// copied once; the codec in `dht.ts` would make a copy of everything more. Hot: every reply comes through here.

import { MessageType } from './dht.ts'

/** Tags of the fields, as in `proto/dht.proto`: number and wire type, one byte each. */
const TYPE = 1 << 3
const KEY = 2 << 3 | 2
const RECORD = 3 << 3 | 2
const CLOSER = 8 << 3 | 2
const PROVIDERS = 9 << 3 | 2

/** As in `proto/dht.proto`; the zeroth is not written. */
const TYPES = [MessageType.PUT_VALUE, MessageType.GET_VALUE, MessageType.ADD_PROVIDER, MessageType.GET_PROVIDERS, MessageType.FIND_NODE, MessageType.PING]

/** A message, of which what is left out is empty. */
export interface MessageParts {
  type: MessageType
  key?: Uint8Array
  record?: Uint8Array
  closer?: readonly Uint8Array[]
  providers?: readonly Uint8Array[]
}

const NONE: readonly Uint8Array[] = []

/** How many bytes the message takes, without its length. */
export function encodedLength ({ type, key, record, closer = NONE, providers = NONE }: MessageParts): number {
  let length = TYPES.indexOf(type) === 0 ? 0 : 2

  if (key != null && key.byteLength > 0) {
    length += fieldLength(key)
  }

  if (record != null) {
    length += fieldLength(record)
  }

  for (const peer of closer) {
    length += fieldLength(peer)
  }

  for (const peer of providers) {
    length += fieldLength(peer)
  }

  return length
}

/** The message with its length before it; `length` is what `encodedLength` says. */
export function encodeFramed (message: MessageParts, length: number): Uint8Array {
  const { type, key, record, closer = NONE, providers = NONE } = message
  const bytes = new Uint8Array(varintLength(length) + length)
  let at = writeVarint(bytes, length, 0)

  if (TYPES.indexOf(type) > 0) {
    bytes[at++] = TYPE
    bytes[at++] = TYPES.indexOf(type)
  }

  if (key != null && key.byteLength > 0) {
    at = writeField(bytes, KEY, key, at)
  }

  if (record != null) {
    at = writeField(bytes, RECORD, record, at)
  }

  for (const peer of closer) {
    at = writeField(bytes, CLOSER, peer, at)
  }

  for (const peer of providers) {
    at = writeField(bytes, PROVIDERS, peer, at)
  }

  return bytes
}

function writeField (bytes: Uint8Array, tag: number, value: Uint8Array, at: number): number {
  bytes[at] = tag
  const start = writeVarint(bytes, value.byteLength, at + 1)
  bytes.set(value, start)

  return start + value.byteLength
}

function writeVarint (bytes: Uint8Array, value: number, at: number): number {
  while (value >= 0x80) {
    bytes[at++] = (value & 0x7f) | 0x80
    value >>>= 7
  }

  bytes[at] = value

  return at + 1
}

function fieldLength ({ byteLength }: Uint8Array): number {
  return 1 + varintLength(byteLength) + byteLength
}

function varintLength (value: number): number {
  let length = 1

  while (value >= 0x80) {
    value >>>= 7
    length++
  }

  return length
}
