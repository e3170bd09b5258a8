// What is measured: a DHT service for libp2p, behind operations that mean the same for every subject.

import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'

export interface OperationOptions {
  signal: AbortSignal
  /** hears the subject's own events; left out where they are not wanted, so that none need be built */
  onProgress? (event: any): void
}

export interface SearchOptions extends OperationOptions {
  /** the answer is here, though the operation may still have to clean up */
  onAnswer? (): void
}

/** What a sweep has done. */
export interface Swept {
  failed: number
  lookups: number
  messages: number
}

/** The operations, each called as the subject's users call it who want the result and no events. */
export interface DHT {
  /** peers in the routing table */
  readonly size: number
  /** may resolve before it is done */
  refresh (): Promise<void>
  closestPeers (key: Uint8Array, options: OperationOptions): Promise<PeerId[]>
  /** undefined when it is not found; nothing from the node's own memory */
  findPeer (id: PeerId, options: SearchOptions): Promise<PeerId | undefined>
  /** how many nodes were told */
  provide (cid: CID, options: OperationOptions): Promise<number>
  /** announces them all together; left out where it can't */
  sweep? (cids: CID[], options: OperationOptions): Promise<Swept>
  /** the first provider found; the search ends there */
  findProvider (cid: CID, options: SearchOptions): Promise<PeerId | undefined>
  /** all providers found */
  findProviders (cid: CID, options: OperationOptions): Promise<PeerId[]>
  /** how many nodes took it */
  put (key: Uint8Array, value: Uint8Array, options: OperationOptions): Promise<number>
  get (key: Uint8Array, options: OperationOptions): Promise<Uint8Array | undefined>
}

/** What a suite may need beyond the defaults. */
export interface SubjectInit {
  /** bits of the key space down to which the table of `@libp2p/kad-dht` is split; ours always is as deep as it takes */
  prefixLength?: number
}

export interface Subject {
  /** to be added to libp2p's services */
  service (components: any): any
  /** the operations of such a service */
  operations (service: any): DHT
}
