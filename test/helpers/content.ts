// Keys, values and CIDs for tests.

import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { sha256 } from 'multiformats/hashes/sha2'

export function bytes (text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** The CID of a text as a raw block. */
export async function cidOf (text: string): Promise<CID> {
  return CID.createV1(raw.code, await sha256.digest(bytes(text)))
}
