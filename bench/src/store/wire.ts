// As much of the protocol as a client of the bench needs, written for it alone: what it asks with is no subject's code.

/** Types of messages, and the tags of `Message` and `Peer`. */
const ADD_PROVIDER = 2
const GET_PROVIDERS = 3
const MESSAGE = { type: 1, key: 2, providers: 9 }
const PEER = { id: 1, addrs: 2 }

const VARINT = 0
const BYTES = 2

export interface Provider {
  multihash: Uint8Array
  addrs: Uint8Array[]
}

/** With its length. */
export function getProviders (key: Uint8Array): Uint8Array {
  return framed([MESSAGE.type << 3, GET_PROVIDERS, ...encodeField(MESSAGE.key, key)])
}

/** With its length. */
export function addProvider (key: Uint8Array, { multihash, addrs }: Provider): Uint8Array {
  return framed([
    MESSAGE.type << 3, ADD_PROVIDER,
    ...encodeField(MESSAGE.key, key),
    ...encodeField(MESSAGE.providers, [...encodeField(PEER.id, multihash), ...addrs.flatMap(addr => encodeField(PEER.addrs, addr))])
  ])
}

/** The multihashes of the providers that a reply names, as hexadecimal digits, those without an address left out. */
export function providersIn (reply: Uint8Array): string[] {
  return fields(reply)
    .filter(({ tag }) => tag === MESSAGE.providers)
    .map(({ bytes }) => fields(bytes))
    .filter(peer => peer.some(({ tag }) => tag === PEER.addrs))
    .flatMap(peer => peer.filter(({ tag }) => tag === PEER.id).map(({ bytes }) => Buffer.from(bytes).toString('hex')))
}

/** A message behind its length, if all of it is there, and where the next one begins. */
export function unframe (bytes: Uint8Array): { message: Uint8Array, end: number } | undefined {
  const length = decodeVarint(bytes, 0)

  if (length != null && length.end + length.value <= bytes.byteLength) {
    const end = length.end + length.value

    return { message: bytes.subarray(length.end, end), end }
  }
}

export function encodeVarint (value: number): number[] {
  return value < 0x80 ? [value] : [value % 0x80 + 0x80, ...encodeVarint(Math.floor(value / 0x80))]
}

/** A protobuf field of bytes. */
export function encodeField (tag: number, bytes: Uint8Array | number[]): number[] {
  return [tag << 3 | BYTES, ...encodeVarint(bytes.length), ...bytes]
}

function framed (message: number[]): Uint8Array {
  return Uint8Array.from([...encodeVarint(message.length), ...message])
}

/** Those of bytes, in their order. */
function fields (message: Uint8Array): Array<{ tag: number, bytes: Uint8Array }> {
  const found: Array<{ tag: number, bytes: Uint8Array }> = []

  for (let at = 0; at < message.byteLength;) {
    const head = required(message, at)
    const next = required(message, head.end)
    at = next.end

    if ((head.value & 7) === BYTES) {
      at += next.value
      found.push({ tag: head.value >> 3, bytes: message.subarray(next.end, at) })
    } else if ((head.value & 7) !== VARINT) {
      throw new Error('A reply has a field of a kind that no message has')
    }
  }

  return found
}

function required (bytes: Uint8Array, at: number): { value: number, end: number } {
  const found = decodeVarint(bytes, at)

  if (found == null) {
    throw new Error('A reply ends too early')
  }

  return found
}

function decodeVarint (bytes: Uint8Array, at: number): { value: number, end: number } | undefined {
  let value = 0

  for (let i = at, factor = 1; i < bytes.byteLength; i++, factor *= 0x80) {
    value += (bytes[i] & 0x7f) * factor

    if (bytes[i] < 0x80) {
      return { value, end: i + 1 }
    }
  }
}
