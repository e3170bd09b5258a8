// CIDs of nothing in particular.

import { createHash } from 'node:crypto'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import * as Digest from 'multiformats/hashes/digest'
import { sha256 } from 'multiformats/hashes/sha2'

/** So many, different ones; other ones with another name. */
export function manyCIDs (size: number, name = ''): string[] {
  return Array.from({ length: size }, (_, i) => {
    const digest = createHash('sha256').update(`${name} ${i}`).digest()

    return CID.createV1(raw.code, Digest.create(sha256.code, digest)).toString()
  })
}

/** Every so-manieth. */
export function sample (cids: string[], step: number): string[] {
  return cids.filter((_, i) => i % step === 0)
}
