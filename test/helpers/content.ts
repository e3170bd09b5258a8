// Keys, values and CIDs for tests.

import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import * as Digest from 'multiformats/hashes/digest'
import { sha256 } from 'multiformats/hashes/sha2'
import { randomBytes } from './random.ts'

export function bytes (text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** The CID of a text as a raw block. */
export async function cidOf (text: string): Promise<CID> {
  return CID.createV1(raw.code, await sha256.digest(bytes(text)))
}

/** So many CIDs, of content that nobody has seen. */
export function cidsOf (count: number, random: () => number): CID[] {
  return Array.from({ length: count }, () => CID.createV1(raw.code, Digest.create(sha256.code, randomBytes(random, 32))))
}
