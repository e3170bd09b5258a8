// Records that their owner, and nobody else, may change: what applications get to work with. Values go in and come out as plain
// bytes; the signed envelopes that travel are nobody's business but ours.

import type { WriteResult } from '../../query/write-result.ts'
import type { Quorum } from '../quorum.ts'
import type { AbortOptions, PeerId, PrivateKey } from '@libp2p/interface'

/** A record as it was found. */
export interface ResolvedRecord {
  /** who signed it */
  owner: PeerId
  name: string
  value: Uint8Array
  /** grows with each change */
  seq: bigint
  /** when it lapses if it is not published again, unix ms */
  expires: number
  /** how long it may be cached, seconds */
  ttl: number
}

/** Who signs. */
export interface OwnerOptions extends AbortOptions {
  /**
   * The owner's key, so that several nodes can write the records of one owner.
   *
   * @default the node's own
   */
  privateKey?: PrivateKey
}

export interface PublishOptions extends OwnerOptions {
  /**
   * How long readers may cache it, in seconds.
   *
   * @default 3_600
   */
  ttl?: number
  /**
   * Until when it is to be found, unix ms. This node publishes it again until then, also after a restart, and signs it anew
   * each time, for the network keeps nothing longer than 48 hours.
   *
   * @default until it is removed
   */
  expires?: number
  /**
   * false: publish it once; it lapses after 48 hours, or when `expires` says so if that is earlier.
   *
   * @default true
   */
  republish?: boolean
  /**
   * With fewer holders than that it is an error.
   *
   * @default 1
   */
  minSuccesses?: number
}

export interface UpdateOptions extends PublishOptions {
  /**
   * How often to try again when another writer was faster; then it is a `RecordConflictError`.
   *
   * @default 10
   */
  retries?: number
}

export interface PublishedRecord extends ResolvedRecord, WriteResult {}

export interface WatchOptions extends AbortOptions {
  /**
   * The shortest pause between two looks, in ms. Each that finds nothing new makes it longer by half.
   *
   * @default 5_000
   */
  minInterval?: number
  /**
   * The longest, in ms.
   *
   * @default 300_000
   */
  maxInterval?: number
}

export interface ResolveOptions extends AbortOptions {
  /**
   * How many nodes have to answer with a valid record before the highest of them is returned; given, it ends the search, which saves messages.
   *
   * @default "majority"
   */
  quorum?: Quorum
  /** false: do not take what this node holds, or has read lately, into account */
  useCache?: boolean
  /** false: take only what this node holds */
  useNetwork?: boolean
}

/** A version that a watch has seen. */
export interface WatchedRecord extends ResolvedRecord {
  /** the owner has removed the record: there is no value */
  removed: boolean
}

export interface Records {
  /**
   * Stores the bytes under this owner and name, in place of what was there.
   *
   * @throws {InvalidParametersError} when the name is not 1–127 bytes of UTF-8
   * @throws {InvalidRecordError} when it is too long
   * @throws {RecordConflictError} when a record with a higher sequence number turned up meanwhile
   * @throws {QueryError} when fewer than `minSuccesses` nodes took it
   */
  publish (name: string, value: Uint8Array, options?: PublishOptions): Promise<PublishedRecord>

  /**
   * The latest record of that owner and name.
   *
   * @throws {NotFoundError} when nobody has one, or it was removed
   */
  resolve (owner: PeerId, name: string, options?: ResolveOptions): Promise<ResolvedRecord>

  /**
   * Compare-and-swap: reads, applies `change`, writes. `change` gets `undefined` when there is no record; when it returns `undefined`
   * nothing is written. It may be called several times, for another writer may be faster. An update that was acknowledged is lost to another
   * in the rarest of races only; it is not linearizable (docs/records.md).
   *
   * @throws {RecordConflictError} when another writer was faster `retries` times
   */
  update (name: string, change: (value: Uint8Array | undefined) => Uint8Array | undefined | Promise<Uint8Array | undefined>, options?: UpdateOptions): Promise<PublishedRecord | undefined>

  /**
   * Leaves a tombstone in its place, which wins over what was there until that can't be there any more; stops publishing it again.
   *
   * @throws {QueryError} when no node took it
   */
  remove (name: string, options?: OwnerOptions): Promise<WriteResult>

  /**
   * Newer versions as they appear, the present one first if there is one. One request to a known holder a look, not a lookup, unless that has
   * nothing any more. Leaving the loop ends it.
   *
   * @throws {AbortError} when the signal says so
   * @throws {NotStartedError} when the node stops
   */
  watch (owner: PeerId, name: string, options?: WatchOptions): AsyncIterable<WatchedRecord>
}

/** Another writer was faster. */
export class RecordConflictError extends Error {
  override name = 'RecordConflictError'
}
