// What a subject brings to be weighed.

import { peerIdFromMultihash } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { decode as decodeMultihash } from 'multiformats/hashes/digest'
import { peers } from '../corpus.ts'
import type { PeerId, PeerInfo, PeerStore } from '@libp2p/interface'
import type { Datastore } from 'interface-datastore'

/** Something that can hold more and more. */
export interface Holder {
  /** adds the `i`-th */
  add (i: number): Promise<void>
  /** how many it holds */
  size (): number
  /** until nothing of it is under way */
  settled? (): Promise<void>
}

/** What takes announcements. */
export interface Taker {
  announce (multihash: Uint8Array, from: PeerInfo): Promise<void>
  /** until what was taken is written */
  written (): Promise<void>
}

export interface HolderSubject {
  /** a routing table with place for all, and all that belongs to its entries */
  table (peerStore: Pick<PeerStore, 'merge'>): Holder
  /** takes announcements, as from the wire; `cached`: whether some stay in memory besides, as by default */
  providers (datastore: Datastore, cached: boolean): Promise<Taker>
}

/** The `i`-th peer of those that a label names, as libp2p hands it over; it shares no memory with anything. */
export function peerInfo (label: string, i: number): PeerInfo {
  const [{ multihash, addrs }] = peers(`${label} ${i}`, 1)

  return { id: toPeerId(multihash), multiaddrs: addrs.map(addr => multiaddr(addr)) }
}

function toPeerId (multihash: Uint8Array): PeerId {
  return peerIdFromMultihash(decodeMultihash(multihash) as Parameters<typeof peerIdFromMultihash>[0])
}
