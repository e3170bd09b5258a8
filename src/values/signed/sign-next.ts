// Signs the next version of a record: with a sequence number that was never given before, and an end.

import { InvalidRecordError } from '../namespaces.ts'
import { MAX_AHEAD } from './limits.ts'
import { signRecord } from './signed-record.ts'
import type { SignedRecord } from './payload.ts'
import type { Version } from './update-record.ts'
import type { Sequences } from '../sequences.ts'
import type { PrivateKey } from '@libp2p/interface'

/** A record expires so long after it was signed, ms, unless its owner wants it to end earlier: an hour less than allowed, for holders whose clocks are behind. */
const LIFE = MAX_AHEAD - 60 * 60 * 1000

/** How long readers may cache a record whose owner says nothing about that, seconds. */
const TTL = 3_600

/** Who signs under which key. */
export interface Owned {
  key: Uint8Array
  privateKey: PrivateKey
}

/** What it is to say. */
export type Said = Pick<SignedRecord, 'value' | 'rule'>

export interface SignOptions {
  /** the highest sequence number that is known to be there */
  above?: bigint
  /** when it is to end, unix ms; at the latest when it has to */
  expires?: number
  /** seconds */
  ttl?: number
  signal: AbortSignal
}

export interface SignNeeds {
  sequences: Sequences
  /** the longest signed record, bytes */
  maxSize: number
}

/** @throws {InvalidRecordError} when it gets too long */
export async function signNext ({ key, privateKey }: Owned, { value, rule }: Said, { above = 0n, expires = Infinity, ttl = TTL, signal }: SignOptions, { sequences, maxSize }: SignNeeds): Promise<Version> {
  const record: SignedRecord = {
    key,
    seq: await sequences.next(key, above, { signal }),
    expires: Math.min(expires, Date.now() + LIFE),
    ttl,
    value,
    rule
  }
  const bytes = await signRecord(record, privateKey, { signal })

  if (bytes.byteLength > maxSize) {
    throw new InvalidRecordError(`A signed record of ${bytes.byteLength} bytes, of which ${value.byteLength} are the value, is over the limit of ${maxSize}: store the value elsewhere and publish its address, or raise limits.signedRecordSize on every node`)
  }

  return { bytes, record }
}
