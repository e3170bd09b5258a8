// What a node does with the values that it holds for others, so that they outlive the nodes that hold them: when it puts one to
// the nearest again, to whom, who hands it to a newcomer, and how long a copy off the way lives (Kademlia paper, 2.3, 2.5 and
// 4.1). Pure (law 2): whoever drives it knows the time, draws the chances, makes the lookups and sends the puts.

import { compareDistance } from './key.ts'
import { REPLICATION } from './parameters.ts'
import type { Key, PeerKey } from './key.ts'

const SECOND = 1000

/** When something happened to a value that is held for others, unix ms. */
export interface HeldSince {
  /** when it was last put here, by whomever */
  receivedAt: number
  /** when this node last put it to the nearest, 0 for never */
  replicatedAt: number
}

/**
 * When a holder is to put a value to the nearest k again, unix ms. One that was put here counts as one's own putting: whoever
 * did that has put it to the other nearest too. So one of k holders does it in each interval, and not all of them (Kademlia
 * paper, 2.5).
 *
 * `interval`: of this holder and this round, as `jitteredInterval` gives it, ms
 */
export function dueAt ({ receivedAt, replicatedAt }: HeldSince, interval: number): number {
  return Math.max(receivedAt, replicatedAt) + interval
}

/** Whether that is now, or was. When `receivedAt` has moved while one looked up, another was first, and the puts are not needed. */
export function isDue (held: HeldSince, now: number, interval: number): boolean {
  return now >= dueAt(held, interval)
}

/**
 * The interval of one holder for one round, ms: never shorter than `interval`, and by chance up to
 * `REPLICATION.jitter` longer. All holders of a value got it at the same moment, and would all put it again at the same one; so the
 * first of them has time for its lookup and its puts, which put off all others.
 *
 * `chance`: at least 0, less than 1; drawn anew whenever the value was put here or from here
 */
export function jitteredInterval (interval: number, chance: number): number {
  return interval * (1 + REPLICATION.jitter * chance)
}

/**
 * What is left of a value's life, in whole seconds as a record's `ttl` has it; 0 when it is over, and then it is not sent any more. A
 * put by a holder carries this and never more: only its publisher makes a value live longer. Rounded down, for the way takes time too.
 *
 * `endsAt`: when the value ends, unix ms
 */
export function ttlLeft (endsAt: number, now: number): number {
  return Math.max(0, Math.floor((endsAt - now) / SECOND))
}

/**
 * To whom a holder puts a value: those of the nearest k that are not itself, nearest first.
 *
 * `found`: by a lookup for the key, nearest first
 */
export function replicationTargets<P extends PeerKey> (key: Key, self: PeerKey, found: readonly P[], k: number): P[] {
  const others = found.filter(({ id }) => id !== self.id)

  return others.slice(0, isAmongNearest(key, self, others, k) ? k - 1 : k)
}

/**
 * Whether a holder replicates a value: while it is one of the k nearest to the key that it knows. One that others have displaced is not put
 * the value by them any more, and would replicate it in each interval, as all others beside it: that was three quarters of all replications
 * (docs/simulation.md). When some of the nearest are gone it is one of them again.
 *
 * `nearest`: the k nearest to the key of the table, in any order
 */
export function isAmongNearest (key: Key, self: PeerKey, nearest: readonly PeerKey[], k: number): boolean {
  return countNearer(key, self, nearest) < k
}

/**
 * Whether this holder hands a value to a peer that has come into its table: when the newcomer belongs to the nearest k of the key, and this node is
 * the nearest of all others that it knows. So one holder does it and not k of them (Kademlia paper, 2.5). It may have gone wrong, or the nearest may have
 * no copy itself: the next round makes up for it. Hot: asked for each value whenever someone new comes near, it allocates nothing.
 *
 * `nearest`: the k nearest to the key of the table, with or without the newcomer, in any order
 */
export function shouldHandOver (key: Key, newcomer: PeerKey, self: PeerKey, nearest: readonly PeerKey[], k: number): boolean {
  let nearer = isNearer(self, newcomer, key) ? 1 : 0

  for (const peer of nearest) {
    if (peer.id !== newcomer.id && peer.id !== self.id) {
      if (isNearer(peer, self, key)) {
        return false
      }

      nearer += isNearer(peer, newcomer, key) ? 1 : 0
    }
  }

  return nearer < k
}

/**
 * How long a copy lives that whoever got a value leaves with the nearest peer that had none, ms: half as long for each node between, so
 * that what many ask for spreads, and copies far from the key do not outlive the interest in them (Kademlia paper, 2.3 and 4.1). 0, and so none,
 * when that is less than `REPLICATION.leastCacheLife`.
 *
 * `life`: what is left of the value's own life, ms. `nodesBetween`: known nodes that are nearer to the key than the copy, without the k that should hold it
 */
export function cacheLife (life: number, nodesBetween: number): number {
  const cached = life * 2 ** -nodesBetween

  return cached < REPLICATION.leastCacheLife ? 0 : cached
}

function countNearer (key: Key, than: PeerKey, peers: readonly PeerKey[]): number {
  return peers.reduce((count, peer) => isNearer(peer, than, key) ? count + 1 : count, 0)
}

function isNearer (a: PeerKey, b: PeerKey, key: Key): boolean {
  return compareDistance(a.key, b.key, key) < 0
}
