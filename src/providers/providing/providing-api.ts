// What this node provides, as its users see it.

import type { SweepCounts, SweepStatus } from './sweep-status.ts'
import type { AbortOptions } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'

/** Any number of them, all at once or one after the other. */
export type CIDs = Iterable<CID> | AsyncIterable<CID>

/** Something that this node provides. */
export interface Provided {
  /** its multihash with the codec "raw": other nodes are told of multihashes only. Undefined when the multihash is none of those that a CID may have */
  cid?: CID
  multihash: Uint8Array
  /** when it was last announced, unix ms; 0 for never */
  announcedAt: number
}

export interface AddOptions extends AbortOptions {
  /** hears how many were read so far */
  onProgress? (read: number): void
}

/** How far an announcement of what is due has come. */
export interface AnnounceProgress extends SweepCounts {
  /** keys that may still have to be announced */
  due: number
}

export interface AnnounceOptions extends AbortOptions {
  /** hears of each batch */
  onProgress? (progress: AnnounceProgress): void
}

/**
 * The keys that this node provides. They are kept in the datastore, however many they are, and announced every 22 hours: part after part of the key space, for keys that
 * live together are announced together, which takes a lookup for some ten peers of the network and not one for each key.
 */
export interface Providing {
  /**
   * Adds keys; when it resolves they are in the datastore, and are announced in the background, those beside each other together. For a few keys, `provide` tells who
   * holds them.
   */
  add (cids: CIDs, options?: AddOptions): Promise<{ read: number, added: number }>

  /**
   * Announces now what is due, new keys and what has failed before first, and resolves when that is done, with what was done.
   *
   * @throws {NoPeersError} when there is nobody to tell
   * @throws {QueryError} when this node has no address to tell
   */
  announce (options?: AnnounceOptions): Promise<SweepCounts>

  /** Announces them no more. What others were told lapses by itself. */
  remove (cids: CIDs, options?: AbortOptions): Promise<void>

  has (cid: CID, options?: AbortOptions): Promise<boolean>

  /** All keys, in no order. */
  list (options?: AbortOptions): AsyncIterable<Provided>

  /** Where the sweep is, and what it has done since the start. */
  status (): SweepStatus
}
