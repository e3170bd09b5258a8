// What an optimistic write does: it gives what is to be stored to whoever is near enough to be one of the nearest, by the size of the network, and stops
// looking when those found can hardly be bettered (Optimistic Provide, Trautwein et al. 2022). Pure (law 2).

import { sureDistance, sureMeanDistance } from './certainty.ts'
import { distanceShare } from './key.ts'
import type { Key, PeerKey } from './key.ts'
import type { NetworkSize } from './network-size.ts'

/** With a greater error of the network's size nobody is near enough for sure, and the write is a usual one. */
export const MAX_SIZE_ERROR = 0.1

/** Of the nearest k, so many are enough to go on with something else: as in go-libp2p-kad-dht. */
export const ENOUGH_HOLDERS = 3 / 4

export interface OptimisticVerdict<P extends PeerKey> {
  /** those near enough to be among the nearest, whoever else there is */
  sure: P[]
  /** hardly anyone nearer is left to find */
  enough: boolean
}

/** Judges the nearest that a lookup has found so far. */
export type OptimisticRule = <P extends PeerKey>(target: Key, closest: readonly P[]) => OptimisticVerdict<P>

/** Undefined while the size of the network is not known well. */
export function optimisticRule (k: number, size: NetworkSize | undefined): OptimisticRule | undefined {
  if (size == null || size.error > MAX_SIZE_ERROR) {
    return
  }

  const single = sureDistance(k, size.peers)
  const mean = sureMeanDistance(k, size.peers)

  return (target, closest) => {
    const shares = closest.map(({ key }) => distanceShare(key, target))

    return {
      sure: closest.filter((_, i) => shares[i] < single),
      enough: closest.length === k && shares.reduce((a, b) => a + b, 0) / k < mean
    }
  }
}
