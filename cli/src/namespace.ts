// The keys and values that the command takes, as users write them: /kad/<name> with any text, and /pk/<peer id>.

import { fromString as uint8ArrayFromString } from 'uint8arrays/from-string'
import { toString as uint8ArrayToString } from 'uint8arrays/to-string'
import { UsageError } from './errors.ts'
import { isPeerId, parsePeerId } from './parse.ts'
import type { KadDHTInit } from 'libp2p-kad'

/** The longest value: the library's own limit, which other implementations share. */
const MAX_VALUE = 10 * 1024

/** The longest key that the protocol takes, bytes. */
const MAX_KEY = 1024

const PUBLIC_KEY = '/pk/'
const OWN = /^\/kad\/./

/** Any value is valid, the greatest in byte order is best: nodes that were apart agree again, whoever comes last. */
export const KAD_NAMESPACE: Required<Pick<KadDHTInit, 'validators' | 'selectors'>> = {
  validators: {
    kad: (key, value) => {
      if (value.byteLength > MAX_VALUE) {
        throw new Error(`it has ${value.byteLength} bytes, and the most is ${MAX_VALUE}`)
      }
    }
  },
  selectors: {
    kad: (key, values) => values.reduce((best, value, i) => Buffer.compare(value, values[best]) > 0 ? i : best, 0)
  }
}

/** `/pk/` is followed by the bytes of a multihash on the wire, which no one can type: users write the peer id. */
export function parseKey (text: string): Uint8Array {
  if (text.startsWith(PUBLIC_KEY)) {
    const { bytes } = parsePeerId(text.slice(PUBLIC_KEY.length)).toMultihash()

    return Buffer.concat([Buffer.from(PUBLIC_KEY), bytes])
  }

  if (!OWN.test(text)) {
    throw new UsageError(`"${text}" is not a key that values are kept under: write /kad/<name>, or /pk/<peer id> for a public key`)
  }

  return limited(Buffer.from(text), 'key', MAX_KEY)
}

/** A value is text; a public key is its protobuf in base64. */
export function parseValue (key: string, text: string): Uint8Array {
  if (!key.startsWith(PUBLIC_KEY)) {
    return limited(Buffer.from(text), 'value', MAX_VALUE)
  }

  try {
    return uint8ArrayFromString(text, 'base64pad')
  } catch {
    throw new UsageError(`The value of ${PUBLIC_KEY}… is a public key: its protobuf in base64, as "kad get ${PUBLIC_KEY}<peer id>" prints it`)
  }
}

/** Text where it is text; what is not is shown in base64, and said to be. */
export function formatValue (value: Uint8Array): { value: string, encoding: 'utf8' | 'base64' } {
  try {
    return { value: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value), encoding: 'utf8' }
  } catch {
    return { value: uint8ArrayToString(value, 'base64pad'), encoding: 'base64' }
  }
}

/** Where to look for the nearest peers: at a peer's own place, or at that of any text. */
export function parseTarget (text: string): Uint8Array {
  if (text === '') {
    throw new UsageError('The key is empty: write a key or a peer id')
  }

  return isPeerId(text) ? parsePeerId(text).toMultihash().bytes : limited(Buffer.from(text), 'key', MAX_KEY)
}

function limited (bytes: Uint8Array, what: string, most: number): Uint8Array {
  if (bytes.byteLength > most) {
    throw new UsageError(`The ${what} has ${bytes.byteLength} bytes, and the most is ${most}`)
  }

  return bytes
}
