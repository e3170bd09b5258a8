// Files as content: a file's CID is that of its bytes as one raw block, so that whoever has them can check them.

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import * as Digest from 'multiformats/hashes/digest'
import { sha256 } from 'multiformats/hashes/sha2'
import prettyBytes from 'pretty-bytes'
import { UsageError } from './errors.ts'

/** A block that is checked only when it is complete must not be endless. */
export const MAX_FILE = 64 * 1024 * 1024

/** Takes a file's bytes as they come and ends with its CID. */
export class FileHash {
  readonly #hash = createHash('sha256')
  size = 0

  /** @throws {Error} when there are more than a file may have */
  update (bytes: Uint8Array): void {
    this.size += bytes.byteLength

    if (this.size > MAX_FILE) {
      throw new Error(`The file is over the limit of ${prettyBytes(MAX_FILE, { binary: true })}`)
    }

    this.#hash.update(bytes)
  }

  /** No bytes can follow. */
  cid (): CID {
    return CID.createV1(raw.code, Digest.create(sha256.code, this.#hash.digest()))
  }
}

export async function hashFile (path: string): Promise<{ cid: CID, size: number }> {
  const { size } = await stat(path)

  if (size > MAX_FILE) {
    throw new UsageError(`${path} has ${prettyBytes(size, { binary: true })}, and the most is ${prettyBytes(MAX_FILE, { binary: true })}`)
  }

  const hash = new FileHash()

  for await (const chunk of createReadStream(path)) {
    hash.update(chunk)
  }

  return { cid: hash.cid(), size: hash.size }
}
