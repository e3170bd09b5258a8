// CIDs of all the shapes that content has in the wild.

import { blake3 } from '@noble/hashes/blake3.js'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import * as Digest from 'multiformats/hashes/digest'
import { identity } from 'multiformats/hashes/identity'
import { sha256 } from 'multiformats/hashes/sha2'
import { bytes } from '../../helpers/content.ts'

const CODE_BLAKE3 = 0x1e

export const CIDS: Record<string, (content: string) => Promise<CID>> = {
  'a CIDv0': async content => CID.createV0(await sha256.digest(bytes(content))),
  'a CIDv1 with sha2-256': async content => CID.createV1(raw.code, await sha256.digest(bytes(content))),
  'a CID with blake3': async content => CID.createV1(raw.code, Digest.create(CODE_BLAKE3, blake3(bytes(content)))),
  'a CID with the content itself (identity)': async content => CID.createV1(raw.code, identity.digest(bytes(content)))
}
