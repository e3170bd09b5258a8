// The routing table: a bucket per common prefix length with oneself, so that it is at full depth where it matters,
// near oneself. Each bucket holds k live peers and k candidates that take their places. Pure (law 2): it never asks
// anyone anything, it is told what was seen and answers what to do.

import { Bucket } from './bucket.ts'
import { spread } from './diversity.ts'
import { commonPrefixLength, differAt, KEY_BITS } from './key.ts'
import { NearestPeers } from './nearest.ts'
import { Entry } from './table-entry.ts'
import type { Candidate } from './bucket.ts'
import type { DiversityLimits, Spread } from './diversity.ts'
import type { Key, PeerKey } from './key.ts'
import type { Sighting, TableEntry } from './table-entry.ts'

/** What the table did with a peer that answered. */
export type Admission =
  /** it is in the table now, and was not before */
  'added' |
  /** it was in the table and is refreshed */
  'refreshed' |
  /** its bucket is full: it waits for a place */
  'waiting' |
  /** there are enough of its group */
  'crowded' |
  /** it is oneself */
  'self'

/** What a failure changed. */
export interface Demotion<P extends PeerKey> {
  /** the peer that lost its place, if it did */
  removed?: P
  /** the candidate that took it, if there was one; it is to be probed, for it may be dead itself */
  promoted?: P
}

/** A bucket as tools see it. */
export interface BucketView<P extends PeerKey> {
  /** how many leading bits its peers share with oneself */
  commonPrefixLength: number
  entries: ReadonlyArray<TableEntry<P>>
  candidates: readonly P[]
}

export interface RoutingTableOptions {
  /** one's own key */
  self: Key
  /** live peers a bucket; as many candidates wait beside them */
  k: number
  /** after so many failures in a row a peer loses its place */
  maxFailures: number
  /**
   * A failure counts only so long after the one before, ms; doubled with each. However many requests fail at once, they are one
   * failure: it may be one's own network that was gone for a moment.
   */
  backoff: number
  /** how many peers of one group it takes */
  diversity: DiversityLimits
}

/** When a peer that nothing is heard of is asked whether it is there, ms. */
export interface Patience {
  /** a peer that is new; longer the longer it has been known, for it is the likelier to stay (Kademlia paper, 2.2) */
  least: number
  /** one that has been known for ever */
  most: number
  /** one that is connected: libp2p sees for itself when a connection breaks */
  connected: number
}

/** A peer is asked when nothing was heard of it for this share of the time that it has been known. */
const PATIENCE_BY_AGE = 0.5

const NOTHING: Sighting = {}

export class RoutingTable<P extends PeerKey> {
  readonly #options: RoutingTableOptions
  readonly #buckets: Array<Bucket<P> | undefined> = []
  readonly #index = new Map<string, Entry<P>>()
  #counted?: Spread<Entry<P>>

  constructor (options: RoutingTableOptions) {
    this.#options = options
  }

  /** How many live peers it holds. */
  get size (): number {
    return this.#index.size
  }

  has (id: string): boolean {
    return this.#index.has(id)
  }

  get (id: string): TableEntry<P> | undefined {
    return this.#index.get(id)
  }

  /** The live peers, oldest first. */
  * entries (): Generator<TableEntry<P>> {
    yield * this.#index.values()
  }

  /** The buckets that hold anyone, from the farthest to the nearest. */
  * buckets (): Generator<BucketView<P>> {
    for (let cpl = 0; cpl < this.#buckets.length; cpl++) {
      const bucket = this.#buckets[cpl]

      if (bucket != null && bucket.entries.length > 0) {
        yield { commonPrefixLength: cpl, entries: bucket.entries, candidates: [...bucket.candidates.values()].map(({ peer }) => peer) }
      }
    }
  }

  /** `peer` has answered: it enters the table, is refreshed there, or waits for a place in its bucket. */
  onAlive (peer: P, now: number, sighting: Sighting = NOTHING): Admission {
    const entry = this.#index.get(peer.id)

    if (entry != null) {
      entry.lastSeen = now
      entry.failures = 0
      entry.connected ||= sighting.connected === true
      entry.onRoundTrip(sighting.roundTrip)

      if (sighting.group != null && sighting.group !== entry.group) {
        entry.group = sighting.group
        this.#counted = undefined
      }

      return 'refreshed'
    }

    const cpl = commonPrefixLength(this.#options.self, peer.key)

    if (cpl === KEY_BITS) {
      return 'self'
    }

    const bucket = this.#bucket(cpl)
    bucket.candidates.delete(peer.id)

    const { group } = sighting

    if (this.#isCrowded({ peer, group })) {
      return 'crowded'
    }

    if (bucket.entries.length < this.#options.k) {
      this.#add(bucket, new Entry(peer, now, now, sighting))
      return 'added'
    }

    bucket.wait({ peer, group }, this.#options.k, this.#options.diversity.perBucket)

    return 'waiting'
  }

  /** Whether fewer than k peers share just so many leading bits with oneself. */
  hasRoom (cpl: number): boolean {
    return (this.#buckets[cpl]?.entries.length ?? 0) < this.#options.k
  }

  /**
   * Whether it is worth finding out if a peer answers that says that it serves: unless it is known, or its bucket is full of
   * peers that have not failed, with as many others waiting for their places, all of them within the limits of groups.
   */
  wants ({ id, key }: PeerKey): boolean {
    const { self, k, diversity } = this.#options
    const cpl = commonPrefixLength(self, key)
    const bucket = this.#buckets[cpl]

    if (cpl === KEY_BITS || this.#index.has(id) || bucket?.candidates.has(id) === true) {
      return false
    }

    return bucket?.isSettled(k) !== true || this.#spread().over.length > 0 || spread(bucket.candidates.values(), () => cpl, diversity).within < k
  }

  /**
   * The peer has shown that it is there, by asking something. That does not say that it can be asked, too: what it failed
   * still counts. No effect on a peer that is not in the table.
   */
  onHeard (id: string, now: number): void {
    const entry = this.#index.get(id)

    if (entry != null) {
      entry.lastSeen = now
    }
  }

  /** There is a connection to the peer, or none any more. No effect on a peer that is not in the table. */
  onConnection (id: string, connected: boolean): void {
    const entry = this.#index.get(id)

    if (entry != null) {
      entry.connected = connected
    }
  }

  /**
   * The peer failed to answer. After `maxFailures` in a row it loses its place to the freshest candidate. For a
   * candidate one failure is enough. No effect on a peer the table does not know.
   */
  onFailure (id: string, key: Key, now: number): Demotion<P> {
    const entry = this.#index.get(id)

    if (entry == null) {
      this.forget(id, key)

      return {}
    }

    if (entry.failures > 0 && now < this.#countsAgainAt(entry)) {
      return {}
    }

    entry.failures++
    entry.lastFailure = now

    return entry.failures < this.#options.maxFailures ? {} : this.remove(id, now)
  }

  /** The peer waits for a place no more. */
  forget (id: string, key: Key): void {
    this.#buckets[commonPrefixLength(this.#options.self, key)]?.candidates.delete(id)
  }

  /** Takes a peer out at once, with its place given to the freshest candidate. No effect when it is not there. */
  remove (id: string, now: number): Demotion<P> {
    const entry = this.#index.get(id)

    if (entry == null) {
      return {}
    }

    const bucket = this.#bucket(commonPrefixLength(this.#options.self, entry.peer.key))
    bucket.remove(entry)
    this.#index.delete(id)
    this.#counted = undefined

    // freshest first
    const candidates = [...bucket.candidates.values()].reverse()
    const promoted = candidates.find(candidate => !this.#isOver(candidate)) ?? candidates.find(candidate => !this.#isCrowded(candidate))

    if (promoted != null) {
      const { peer, group } = promoted
      bucket.candidates.delete(peer.id)
      // it answered once, yet not lately: `lastSeen` 0 makes it the first to be probed
      this.#add(bucket, new Entry(peer, now, 0, { group }))
    }

    return { removed: entry.peer, promoted: promoted?.peer }
  }

  /**
   * The peers that the limits of groups leave out: all of those over them as soon as there are enough others, and before that as
   * many as others wait for their places. To be removed.
   */
  crowding (): P[] {
    const { over, within } = this.#spread()

    if (within >= this.#options.diversity.enough) {
      return over.map(({ peer }) => peer)
    }

    const crowding: P[] = []
    const waiting = new Map<Bucket<P>, number>()

    // the last to come go first
    for (const { peer } of over.toReversed()) {
      const bucket = this.#bucket(this.#cplOf(peer))
      const others = waiting.get(bucket) ?? [...bucket.candidates.values()].filter(candidate => !this.#isOver(candidate)).length
      waiting.set(bucket, others - 1)

      if (others > 0) {
        crowding.push(peer)
      }
    }

    return crowding
  }

  /**
   * The `n` peers nearest to `target`, nearest first. Hot: walks the buckets in the order of their distance from the
   * target and stops when it has enough, so that only the last one has peers that are looked at in vain.
   *
   * `accept`: leaves out those it says no to
   */
  closest (target: Key, n: number, accept?: (peer: P) => boolean): P[] {
    const nearest = new NearestPeers<P>(target, n)
    const { self } = this.#options
    const shared = commonPrefixLength(self, target)
    const deepest = this.#buckets.length - 1

    // peers of the target's own bucket share more bits with it than anyone else does
    this.#buckets[shared]?.offerTo(nearest, accept)

    // All buckets nearer to oneself share as many bits with the target as oneself does. The peers of a bucket differ from
    // oneself, and from all deeper buckets, in the bit that the bucket is for: where the target differs there from oneself
    // too, they are nearer to it than all deeper ones, elsewhere farther.
    for (let cpl = shared + 1; cpl <= deepest && !nearest.full; cpl++) {
      if (differAt(self, target, cpl)) {
        this.#buckets[cpl]?.offerTo(nearest, accept)
      }
    }

    for (let cpl = deepest; cpl > shared && !nearest.full; cpl--) {
      if (!differAt(self, target, cpl)) {
        this.#buckets[cpl]?.offerTo(nearest, accept)
      }
    }

    for (let cpl = Math.min(shared, deepest + 1) - 1; cpl >= 0 && !nearest.full; cpl--) {
      this.#buckets[cpl]?.offerTo(nearest, accept)
    }

    return nearest.peers
  }

  /**
   * The peers that are due for a probe, most urgent first: those that failed and whose back-off has passed, then those
   * not heard of for too long.
   */
  due (now: number, patience: Patience): P[] {
    const due: Array<Entry<P>> = []

    for (const entry of this.#index.values()) {
      const at = entry.failures > 0 ? this.#countsAgainAt(entry) : entry.lastSeen + patienceWith(entry, patience)

      if (at <= now) {
        due.push(entry)
      }
    }

    return due
      .sort((a, b) => b.failures - a.failures || a.lastSeen - b.lastSeen)
      .map(entry => entry.peer)
  }

  /**
   * A lookup went towards `target` and confirmed `closest`, nearest first: the target's bucket needs no refresh for a while.
   * After one for oneself neither do the buckets deeper than the farthest of k that were found: it has met all who belong there.
   */
  onLookup (target: Key, closest: readonly PeerKey[], now: number): void {
    const { self, k } = this.#options
    const cpl = commonPrefixLength(self, target)

    if (cpl < KEY_BITS) {
      this.#bucket(cpl).refreshedAt = now
    } else if (closest.length >= k) {
      const farthest = commonPrefixLength(self, closest[k - 1].key)

      for (let deeper = this.#buckets.length - 1; deeper > farthest; deeper--) {
        this.#bucket(deeper).refreshedAt = now
      }
    }
  }

  /**
   * The common prefix lengths of the buckets to refresh: each down to the deepest that holds anyone, if no lookup went
   * there since `before`; one that is full of peers that have not failed has little to gain, and waits until none went there
   * since `fullBefore`.
   */
  stale (before: number, fullBefore = before): number[] {
    let deepest = this.#buckets.length - 1

    while (deepest >= 0 && (this.#buckets[deepest]?.entries.length ?? 0) === 0) {
      deepest--
    }

    const stale: number[] = []

    for (let cpl = 0; cpl <= deepest; cpl++) {
      const bucket = this.#buckets[cpl]

      if ((bucket?.refreshedAt ?? 0) <= (bucket?.isSettled(this.#options.k) === true ? fullBefore : before)) {
        stale.push(cpl)
      }
    }

    return stale
  }

  /** When a failure of the peer counts again. */
  #countsAgainAt ({ lastFailure, failures }: Entry<P>): number {
    return lastFailure + this.#options.backoff * 2 ** (failures - 1)
  }

  /** Whether the limits of its group leave it no place. */
  #isCrowded (candidate: Candidate<P>): boolean {
    return this.#isOver(candidate) && this.#spread().within >= this.#options.diversity.enough
  }

  /** Whether it would be over the limits of its group. Hot: most are of a group that hardly anyone else is of. */
  #isOver ({ peer, group }: Candidate<P>): boolean {
    if (group == null) {
      return false
    }

    const { perBucket, perTable } = this.#options.diversity
    const bucket = this.#cplOf(peer)
    let inTable = 0
    let inBucket = 0

    for (const entry of this.#index.values()) {
      if (entry.group === group) {
        inTable++
        inBucket += this.#cplOf(entry.peer) === bucket ? 1 : 0
      }
    }

    return inBucket >= perBucket || inTable >= perTable
  }

  /** How the entries keep to the limits; counted anew when they have changed. */
  #spread (): Spread<Entry<P>> {
    this.#counted ??= spread(this.#index.values(), ({ peer }) => this.#cplOf(peer), this.#options.diversity)

    return this.#counted
  }

  #cplOf (peer: P): number {
    return commonPrefixLength(this.#options.self, peer.key)
  }

  #bucket (cpl: number): Bucket<P> {
    const bucket = this.#buckets[cpl] ?? new Bucket<P>()

    while (this.#buckets.length <= cpl) {
      this.#buckets.push(undefined)
    }

    this.#buckets[cpl] = bucket

    return bucket
  }

  #add (bucket: Bucket<P>, entry: Entry<P>): void {
    bucket.add(entry)
    this.#index.set(entry.peer.id, entry)
    this.#counted = undefined
  }
}

function patienceWith ({ lastSeen, firstSeen, connected }: Entry<PeerKey>, { least, most, connected: whenConnected }: Patience): number {
  return connected ? whenConnected : Math.min(most, Math.max(least, PATIENCE_BY_AGE * (lastSeen - firstSeen)))
}
