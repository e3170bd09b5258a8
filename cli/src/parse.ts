// Reads what users write. What cannot be read is a UsageError that says what was given and what is taken.

import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { bases } from 'multiformats/basics'
import { CID } from 'multiformats/cid'
import { describe, UsageError } from './errors.ts'
import type { PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

const PACKAGE = resolve(fileURLToPath(import.meta.url), '../..')
const UNITS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** The longest multihash that DHT nodes take, bytes: the library's own limit, which Go shares. */
const MAX_MULTIHASH = 80

/** So much is shown of what is wrong, characters. */
const SHOWN = 120

/** The longest delay a timer takes; a longer one fires at once. */
const MAX_DELAY = 2 ** 31 - 1

export function parseMultiaddr (text: string): Multiaddr {
  try {
    return multiaddr(text)
  } catch {
    throw new UsageError(`"${text}" is not a multiaddr: one looks like /ip4/127.0.0.1/tcp/4001`)
  }
}

/** An address that says who is there, too: without that, anybody could answer. */
export function parsePeerAddress (text: string): Multiaddr {
  const address = parseMultiaddr(text)

  const parts = address.getComponents()

  if (parts.at(-1)?.name !== 'p2p') {
    throw new UsageError(`"${text}" does not say which peer is there: add /p2p/<peer id> at its end, as "kad start" prints it`)
  }

  if (parts.length === 1) {
    throw new UsageError(`"${text}" does not say where the peer is: write its address before that, as "kad start" prints it`)
  }

  return address
}

export function parseCID (text: string): CID {
  try {
    // CIDv0 has no prefix that tells of its base, and needs none
    return CID.parse(text, Object.values(bases).find(({ prefix }) => prefix === text[0]))
  } catch {
    throw new UsageError(`"${shortened(text)}" is not a CID: one begins with bafk…, bafy… or Qm…, and "kad provide <file>" prints that of a file`)
  }
}

/** One that may be provided. */
export function parseProvidable (text: string): CID {
  const cid = parseCID(text)
  const { byteLength } = cid.multihash.bytes

  if (byteLength > MAX_MULTIHASH) {
    throw new UsageError(`"${shortened(text)}" has a multihash of ${byteLength} bytes, and the most that nodes take is ${MAX_MULTIHASH}: content that is inlined in its CID needs no provider`)
  }

  return cid
}

/** Somebody may have named a file of anything. */
function shortened (text: string): string {
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text
}

export function parsePeerId (text: string): PeerId {
  try {
    return peerIdFromString(text)
  } catch {
    throw new UsageError(`"${text}" is not a peer id: one begins with 12D3KooW… or Qm…, and "kad start" prints its own`)
  }
}

export function isPeerId (text: string): boolean {
  try {
    peerIdFromString(text)
    return true
  } catch {
    return false
  }
}

/** In ms; a number alone is seconds. */
export function parseDuration (text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text)
  const ms = match == null ? NaN : Math.round(Number(match[1]) * UNITS[match[2] ?? 's'])

  if (!(ms >= 1 && ms <= MAX_DELAY)) {
    throw new UsageError(`"${text}" is not a duration: write 30s, 500ms or 2m, up to 596h`)
  }

  return ms
}

export function parseProtocol (text: string): string {
  if (!/^\/.*[^/]$/.test(text)) {
    throw new UsageError(`"${text}" is not a protocol: one begins with a slash and ends without one, such as /ipfs/kad/1.0.0`)
  }

  return text
}

/** @param min - the least that is taken */
export function parseCount (min: number, max: number): (text: string) => number {
  return text => {
    const count = Number(text)

    if (!/^\d+$/.test(text) || count < min || count > max) {
      throw new UsageError(`"${text}" is not a number that is taken here: a whole number from ${min} to ${max} is`)
    }

    return count
  }
}

/** What is wrong is told with the name of the option that it was given for. */
export function named <T> (option: string, parse: (text: string) => T): (text: string) => T {
  return text => {
    try {
      return parse(text)
    } catch (error) {
      throw new UsageError(`${option}: ${describe(error)}`)
    }
  }
}

/** npm runs a workspace's scripts in the workspace's folder; where the user is, INIT_CWD says. */
export function resolvePath (path: string): string {
  const folder = process.cwd() === PACKAGE ? process.env.INIT_CWD : undefined

  return resolve(folder ?? process.cwd(), path)
}

/** The path of a file that is there. */
export async function parseFile (text: string, orElse: string): Promise<string> {
  const path = resolvePath(text)
  const stats = await stat(path).catch(() => undefined)

  if (stats?.isFile() !== true) {
    throw new UsageError(`"${text}" is ${stats == null ? `neither ${orElse} nor a file that is there` : 'not a file'}`)
  }

  return path
}
