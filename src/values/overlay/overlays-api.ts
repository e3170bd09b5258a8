// Who is in an overlay: what applications get to work with.

import type { WriteResult } from '../../query/write-result.ts'
import type { AbortOptions, PeerId, PrivateKey } from '@libp2p/interface'

export interface OverlayMember {
  id: PeerId
  /** the higher one of two entries of a member holds; a time, unix ms */
  version: bigint
  /** when the entry lapses if its member does not sign another, unix ms */
  expires: number
}

export interface OverlayOptions extends AbortOptions {
  /**
   * The member's key.
   *
   * @default the node's own
   */
  privateKey?: PrivateKey
}

export interface JoinOptions extends OverlayOptions {
  /**
   * false: be in it for 47 hours. true: until `leave`, also after a restart; only with the node's own key.
   *
   * @default true
   */
  republish?: boolean
}

/** Lists of who takes part in something, each entry signed by its member. Any number of nodes may write at once: lists are merged wherever they meet. */
export interface Overlays {
  /**
   * Enters this node. `overlay`: 1 to 64 bytes that stand for it.
   *
   * @throws {InvalidParametersError} when the id is not of 1 to 64 bytes
   * @throws {QueryError} when no node took it; it is tried again until `leave`
   */
  join (overlay: Uint8Array, options?: JoinOptions): Promise<WriteResult>

  /**
   * Takes this node out of it.
   *
   * @throws {QueryError} when no node took it
   */
  leave (overlay: Uint8Array, options?: OverlayOptions): Promise<WriteResult>

  /** Who is in it, in no order that means anything; nobody is an empty list. */
  members (overlay: Uint8Array, options?: AbortOptions): Promise<OverlayMember[]>
}
