// One iterative lookup as a state machine. It is told what peers answered and says whom to ask next; it sends nothing
// and has no clock (law 2), so that the live driver and the simulator run the same code.
//
// Candidates are kept sorted by distance. At any time the *window* is the nearest k that may be alive, that is, all but
// those that failed, are slow, or are named by liars alone. Whoever is in the window is asked, nearest first, a few at a
// time to begin with and α in the end; the lookup is done when everyone in the window has answered.
//
// Where peers within reach were lost, those found are asked around for others that were not named in their stead
// (look-around.ts). Where the nearest are much farther away than they should be, more of those known from the beginning are
// asked: the first ones may have named only their friends.
//
// With several disjoint paths (S/Kademlia, section 4.4) each path has a window of its own, over the peers that its own
// replies named. A peer is asked once, by the path that gets to it first, and what it names is known to that path alone:
// peers that lie can lead astray only the path that met them. α is shared by all paths.

import { CandidateList } from './candidate-list.ts'
import { become, isBelieved, isTrusted, isVouchedFor, mayBeTried, nameAgain, newCandidate } from './candidate.ts'
import { compareDistance } from './key.ts'
import { centresFor, nextCentre } from './look-around.ts'
import { offerNearest } from './nearest.ts'
import type { Candidate } from './candidate.ts'
import type { Key, PeerKey } from './key.ts'
import type { DoubtRules, LookupRules } from './lookup-rules.ts'

export interface LookupOptions<P extends PeerKey> {
  /** what to look for the neighbours of */
  target: Key
  /** one's own id: never a candidate */
  self: string
  /** how many neighbours to confirm */
  k: number
  /** how many requests may hold a slot at once, all paths together */
  alpha: number
  /** disjoint paths, at least 1 */
  paths: number
  /**
   * When so many peers were asked, no other is: ends a lookup that liars lead on and on. A path remembers no more
   * candidates than that, for it could not ask them.
   */
  maxAsked: number
  rules: LookupRules
  /** within which distance of a key its nearest k are to be expected, the first word of it; undefined when that is not known */
  expected?: number
  /** how long, in ms, a request to the peer may hold a slot */
  slowAfter (peer: P): number
  /** after what time, in ms, another is asked as well, as if it would not answer; when it loses its slot if left out */
  overdueAfter? (peer: P): number
  /**
   * What is known of a peer that is named again; undefined when that is nothing new. The first to name a peer is not to
   * have the last word on how to reach it.
   */
  merge? (known: P, named: P): P | undefined
}

/** What to do next. */
export type LookupStep<P extends PeerKey> =
  /** send the request to this peer, for this path; where `about` is given, ask for the neighbours of that one instead */
  { ask: P, path: number, about?: P } |
  /** nothing until a reply, or until this time (unix ms) */
  { wait: number } |
  /** it is over */
  { done: true }

export class Lookup<P extends PeerKey> {
  readonly #options: LookupOptions<P>
  readonly #known = new Map<string, Candidate<P>>()
  readonly #paths: Array<CandidateList<P>>
  /** who holds a slot */
  readonly #asked = new Set<Candidate<P>>()
  /** who holds one and is waited for, however far away: asked around, or in doubt */
  readonly #awaited = new Set<Candidate<P>>()
  /** who was asked around, and has lost it without an answer */
  readonly #owing = new Set<Candidate<P>>()
  /** who has lost it, and has not answered yet */
  readonly #slow = new Set<Candidate<P>>()
  /** who has failed or is slow */
  readonly #lost = new Set<Candidate<P>>()
  /** peers whose neighbours were asked for, the target first */
  readonly #askedFor: Key[]
  /** still to be asked for the neighbours of the last one of them */
  #around: { about: P, left: Array<Candidate<P>> } | undefined
  #askedTotal = 0
  #answered = 0
  #doubted = 0
  /** of those who hold a slot, how many are overdue */
  #overdue = 0
  #turn = 0
  #now = 0
  #done = false
  #endedEarly = false

  /** `seeds`: whom to start with; they are dealt to the paths in turn */
  constructor (options: LookupOptions<P>, seeds: Iterable<P>) {
    this.#options = options
    this.#askedFor = [options.target]
    this.#paths = Array.from({ length: options.paths }, () => new CandidateList(options.target, options.maxAsked, options.rules.trust))

    let i = 0

    for (const seed of seeds) {
      this.#hear(seed, 0, i++ % options.paths)
    }
  }

  /** How many requests were made. */
  get asked (): number {
    return this.#askedTotal
  }

  /** How many peers have answered. */
  get answered (): number {
    return this.#answered
  }

  /** How many requests hold a slot. */
  get inFlight (): number {
    return this.#asked.size
  }

  /** How many are known that nobody has asked. */
  get waiting (): number {
    let waiting = 0

    for (const candidate of this.#known.values()) {
      if (candidate.state === 'heard') {
        waiting++
      }
    }

    return waiting
  }

  get done (): boolean {
    return this.#done
  }

  /** Whether the nearest that were found are about as near as they should be. */
  get plausible (): boolean {
    const { doubt } = this.#options.rules

    return doubt == null || this.#isPlausible(doubt)
  }

  /**
   * What to do next. An `ask` counts as sent: call again until it says otherwise. Call again at the latest when the time
   * of a `wait` has come. Once done it stays done.
   */
  next (now: number): LookupStep<P> {
    if (this.#done) {
      return { done: true }
    }

    this.#now = now
    const deadline = this.#expire()

    if (this.#hasSlot() && this.#askedTotal < this.#options.maxAsked) {
      const ask = this.#askNearest() ?? this.#askAround() ?? this.#askOthers()

      if (ask != null) {
        return ask
      }
    }

    if (this.#asked.size > 0 && !this.#hasAll()) {
      return { wait: deadline }
    }

    const patience = this.#patience()

    if (patience > now) {
      return { wait: Math.min(patience, deadline) }
    }

    this.#done = true

    return { done: true }
  }

  /** `peer` answered and named `closer`. No effect once done, on a peer that was not asked, or a second time. */
  onReply (peer: PeerKey, closer: Iterable<P>): void {
    const candidate = this.#settle(peer, 'answered')

    if (candidate != null) {
      for (const named of closer) {
        this.#hear(named, candidate.depth + 1, candidate.path, candidate)
      }
    }
  }

  /** `peer` did not answer, or not as it should. No effect once done, on a peer that was not asked, or a second time. */
  onFailure (peer: PeerKey): void {
    this.#settle(peer, 'failed')
  }

  /** `peer`, whom `next` said to ask, has no address that we can dial: it is not counted as asked. */
  onUndialable (peer: PeerKey): void {
    if (this.#settle(peer, 'undialable') != null) {
      this.#askedTotal--
    }
  }

  /** The caller has what it wanted. What is still in flight is of no more use. No effect once done. */
  finish (): void {
    this.#endedEarly ||= !this.#done
    this.#done = true
  }

  /** Whether the caller ended it, so that nearer ones may be left. */
  get endedEarly (): boolean {
    return this.#endedEarly
  }

  /** The nearest peers that answered, nearest first, at most `n`. */
  closest (n: number): P[] {
    return this.#nearest(n, ({ state }) => state === 'answered').map(({ peer }) => peer)
  }

  /** Those of the nearest k that only others can reach. */
  unreached (): P[] {
    const { k } = this.#options
    const windows = this.#paths.flatMap(path => path.window(k).filter(({ state }) => state === 'undialable'))

    return [...new Set(windows)].map(({ peer }) => peer)
  }

  /**
   * Those of the nearest `n` that have answered and are nearer than anyone who may still answer: unless somebody turns up of whom nobody
   * has told yet, they are what will be found.
   */
  settled (n: number): P[] {
    const nearest = this.#likely(n)
    const open = nearest.findIndex(({ state }) => state !== 'answered')

    return nearest.slice(0, open === -1 ? n : open).map(({ peer }) => peer)
  }

  /** The nearest `n` of those that have answered or may, as far as they are believed, nearest first. */
  likely (n: number): P[] {
    return this.#likely(n).map(({ peer }) => peer)
  }

  /** Those that were asked, took too long, and have not answered. */
  slow (): P[] {
    return [...this.#slow].map(({ peer }) => peer)
  }

  /** How many replies, one leading to the next, it took to hear of the nearest peer that answered. */
  hops (): number {
    return this.#nearest(1, ({ state }) => state === 'answered')[0]?.depth ?? 0
  }

  #likely (n: number): Array<Candidate<P>> {
    return this.#nearest(n, candidate => candidate.state === 'answered' ||
      ((candidate.state === 'heard' || candidate.state === 'asked') && isBelieved(candidate, this.#options.rules.trust)))
  }

  #nearest (n: number, which: (candidate: Candidate<P>) => boolean, target = this.#options.target): Array<Candidate<P>> {
    const nearest: Array<Candidate<P>> = []

    for (const candidate of this.#known.values()) {
      if (which(candidate)) {
        offerNearest(nearest, candidate, target, n)
      }
    }

    return nearest
  }

  #hear (peer: P, depth: number, path: number, by?: Candidate<P>): void {
    if (peer.id === this.#options.self) {
      return
    }

    let candidate = this.#known.get(peer.id)

    if (candidate == null) {
      candidate = newCandidate(peer, depth, path, by)
    } else if (!this.#hearAgain(candidate, peer, by)) {
      return
    }

    const { kept, left } = this.#paths[path].add(candidate)

    if (kept) {
      this.#known.set(peer.id, candidate)
    }

    if (left?.state === 'heard' && !this.#paths.some(path => path.has(left))) {
      this.#known.delete(left.id)
    }
  }

  /** Learns what is new of a peer that was named before. True when a path may have to get it. */
  #hearAgain (candidate: Candidate<P>, named: P, by?: Candidate<P>): boolean {
    if (by != null) {
      nameAgain(candidate, by, this.#options.rules.trust)
    }

    const { state } = candidate

    if (state === 'failed') {
      return false
    }

    // also of one that was asked: whoever is found is told of with its addresses
    const merged = this.#options.merge?.(candidate.peer, named)

    if (merged != null) {
      candidate.peer = merged

      if (state === 'undialable') {
        become(candidate, 'heard')
      }
    }

    // an only path has all that are known
    return this.#paths.length > 1
  }

  #hasSlot (): boolean {
    const { alpha, rules: { ramp } } = this.#options
    const inTime = this.#asked.size - this.#overdue

    return this.#asked.size < alpha && (ramp == null || inTime < ramp.start + Math.floor(ramp.growth * (this.#answered + this.#lost.size)))
  }

  #askNearest (): LookupStep<P> | undefined {
    for (let i = 0; i < this.#paths.length; i++) {
      const path = this.#turn++ % this.#paths.length
      const candidate = this.#nextOf(path)

      if (candidate != null) {
        return this.#ask(candidate, path)
      }
    }
  }

  /** The nearest of the path's window that nobody has asked. */
  #nextOf (path: number): Candidate<P> | undefined {
    const { k, rules: { trust } } = this.#options

    // in place of those who are overdue others are asked already
    return this.#paths[path].window(k, ({ state, overdue }) => state === 'asked' && overdue <= this.#now)
      .find(candidate => candidate.state === 'heard' && mayBeTried(candidate, trust))
  }

  /** Whether nobody in any window may still answer: whom else was asked is of no more use, once k have answered. */
  #hasAll (): boolean {
    const { k } = this.#options

    return this.#answered >= k && this.#awaited.size === 0 && this.#paths.every(path => path.window(k).every(({ state }) => state === 'answered' || state === 'undialable'))
  }

  /** Asks those found for the neighbours of one of them, if so many are lost that some of the nearest may not have been named. */
  #askAround (): LookupStep<P> | undefined {
    const { k, rules: { around } } = this.#options

    if (around == null) {
      return
    }

    if (this.#around == null || this.#around.left.length === 0) {
      this.#around = undefined
      const found = this.#nearest(k, ({ state }) => state === 'answered' || state === 'asked')
      const centre = this.#askedFor.length <= centresFor(this.#lostWithin(found), k, around) ? nextCentre(found, this.#askedFor) : undefined

      if (centre == null) {
        return
      }

      // not itself: go-libp2p names nobody but itself then
      const left = this.#nearest(around.askedPerCentre, candidate => candidate !== centre && this.#mayBeAskedAround(candidate), centre.key)

      if (left.length === 0) {
        return
      }

      this.#askedFor.push(centre.key)
      this.#around = { about: centre.peer, left }
    }

    const candidate = this.#around.left.shift()

    if (candidate != null) {
      this.#awaited.add(candidate)
      this.#occupy(candidate)

      return { ask: candidate.peer, path: candidate.path, about: this.#around.about }
    }
  }

  /** It has answered, names peers that are there, and owes no other answer. */
  #mayBeAskedAround (candidate: Candidate<P>): boolean {
    return candidate.state === 'answered' && isTrusted(candidate, this.#options.rules.trust) && !this.#asked.has(candidate) && !this.#owing.has(candidate)
  }

  #lostWithin (found: Array<Candidate<P>>): number {
    const { target, rules: { trust } } = this.#options
    const farthest = found.at(-1)
    let lost = 0

    for (const candidate of this.#lost) {
      if (farthest != null && compareDistance(candidate.key, farthest.key, target) < 0 && isBelieved(candidate, trust)) {
        lost++
      }
    }

    return lost
  }

  /** Asks one more of those known from the beginning, if what was found can hardly be all there is. */
  #askOthers (): LookupStep<P> | undefined {
    const { doubt, trust } = this.#options.rules

    if (doubt == null || this.#doubted >= doubt.most || this.#asked.size >= doubt.atOnce || this.#isPlausible(doubt)) {
      return
    }

    // in turn one of those whom nobody has named, and one to whom they lead
    const anyone = this.#doubted % 2 === 1

    for (let path = 0; path < this.#paths.length; path++) {
      for (const candidate of this.#paths[path]) {
        if (candidate.state === 'heard' && (candidate.depth === 0 || (anyone && isBelieved(candidate, trust)))) {
          this.#doubted++
          this.#awaited.add(candidate)

          return this.#ask(candidate, path)
        }
      }
    }
  }

  /** Whether the nearest are about as near as they should be, those that are lost counted in. */
  #isPlausible ({ deviations }: DoubtRules): boolean {
    const { k, target, expected, rules: { trust } } = this.#options
    const there = this.#nearest(k, candidate => candidate.state !== 'heard' && isBelieved(candidate, trust) && (candidate.state !== 'undialable' || isVouchedFor(candidate, k)))

    // ids are spread evenly, so the distance of the k-th nearest varies by a share of 1 / √k of itself
    return expected == null || there.length < k || ((there[k - 1].key[0] ^ target[0]) >>> 0) <= expected * (1 + deviations / Math.sqrt(k))
  }

  #ask (candidate: Candidate<P>, path: number): LookupStep<P> {
    become(candidate, 'asked')
    candidate.path = path
    this.#occupy(candidate)

    return { ask: candidate.peer, path }
  }

  #occupy (candidate: Candidate<P>): void {
    const slot = this.#options.slowAfter(candidate.peer)
    candidate.overdue = this.#now + Math.min(slot, this.#options.overdueAfter?.(candidate.peer) ?? slot)
    candidate.slot = slot
    candidate.deadline = this.#now + slot
    this.#asked.add(candidate)
    this.#askedTotal++
  }

  #settle (peer: PeerKey, state: 'answered' | 'failed' | 'undialable'): Candidate<P> | undefined {
    const candidate = this.#known.get(peer.id)

    if (this.#done || candidate == null) {
      return
    }

    if (!this.#asked.delete(candidate) && !this.#slow.delete(candidate) && !this.#owing.delete(candidate)) {
      return
    }

    this.#awaited.delete(candidate)

    // one that had answered before was asked for the neighbours of another
    if (candidate.state !== 'answered') {
      become(candidate, state)
      this.#count(candidate)
    }

    return candidate
  }

  #count (candidate: Candidate<P>): void {
    this.#lost.delete(candidate)

    if (candidate.state === 'answered') {
      this.#answered++
      return
    }

    if (candidate.state === 'failed') {
      this.#lost.add(candidate)
    }

    // the dead make room for the living, however many of them a liar names
    if (candidate.state === 'failed') {
      this.#paths.forEach(path => { path.remove(candidate) })
    }
  }

  /**
   * Until when slow peers are waited for once nobody else is left to ask: when fewer than k others have answered, as long
   * again as they had, and to the end when nobody has. When k have, no longer, unless there is grace.
   */
  #patience (): number {
    const { k, rules: { grace } } = this.#options

    if (this.#answered < k) {
      return this.#slow.size > 0 && this.#answered === 0 ? Infinity : this.#longest(1)
    }

    return grace == null || this.#lost.size > grace.lost ? 0 : this.#longest(grace.share, this.#nearest(k, ({ state }) => state === 'answered')[k - 1])
  }

  /** Until when the last of the slow ones has had so much of its time again; of those nearer than `than` if given. */
  #longest (share: number, than?: PeerKey): number {
    let until = 0

    for (const { key, deadline, slot } of this.#slow) {
      if (than == null || compareDistance(key, than.key, this.#options.target) < 0) {
        until = Math.max(until, deadline + share * slot)
      }
    }

    return until
  }

  /** Takes the slots of those past their time, and returns when the next one will be, or be overdue. */
  #expire (): number {
    let next = Infinity
    this.#overdue = 0

    for (const candidate of this.#asked) {
      if (candidate.deadline > this.#now) {
        const isOverdue = candidate.overdue <= this.#now
        this.#overdue += isOverdue ? 1 : 0
        next = Math.min(next, isOverdue ? candidate.deadline : candidate.overdue)
        continue
      }

      this.#asked.delete(candidate)

      this.#awaited.delete(candidate)

      if (candidate.state === 'answered') {
        // what it says of another's neighbours is worth no more waiting
        this.#owing.add(candidate)
      } else {
        become(candidate, 'slow')
        this.#slow.add(candidate)
        this.#lost.add(candidate)
      }
    }

    return next
  }
}
