// One iterative lookup as a state machine. It is told what peers answered and says whom to ask next; it sends nothing
// and has no clock (law 2), so that the live driver and the simulator run the same code.
//
// Candidates are kept sorted by distance. At any time the *window* is the nearest k that may be alive, that is, all but
// those that failed, are slow or can't be dialled. Whoever is in the window is asked, nearest first, α at a time; the
// lookup is done when everyone in the window has answered.
//
// With several disjoint paths (S/Kademlia, section 4.4) each path has a window of its own, over the peers that its own
// replies named. A peer is asked once, by the path that gets to it first, and what it names is known to that path alone:
// peers that lie can lead astray only the path that met them. α is shared by all paths.

import { compareDistance } from './key.ts'
import { offerNearest } from './nearest.ts'
import type { Key, PeerKey } from './key.ts'

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
  /** how long, in ms, a request to the peer may hold a slot */
  slowAfter (peer: P): number
  /**
   * What is known of a peer that is named again; undefined when that is nothing new. The first to name a peer is not to
   * have the last word on how to reach it.
   */
  merge? (known: P, named: P): P | undefined
}

/** What to do next. */
export type LookupStep<P extends PeerKey> =
  /** send the request to this peer, for this path */
  { ask: P, path: number } |
  /** nothing until a reply, or until this time (unix ms) */
  { wait: number } |
  /** it is over */
  { done: true }

/**
 * heard: named by another, not asked; asked: holds a slot; slow: asked, lost its slot, its reply still counts;
 * undialable: known to have no address that we can use.
 */
type CandidateState = 'heard' | 'asked' | 'slow' | 'answered' | 'failed' | 'undialable'

interface Candidate<P extends PeerKey> extends PeerKey {
  peer: P
  /** replies it took to hear of it: 0 for whom we knew */
  readonly depth: number
  state: CandidateState
  /** the path that asked it */
  path: number
  /** when it loses its slot, unix ms */
  deadline: number
  /** when it is waited for no longer even if fewer than k have answered, unix ms */
  patience: number
}

export class Lookup<P extends PeerKey> {
  readonly #options: LookupOptions<P>
  readonly #known = new Map<string, Candidate<P>>()
  /** each path's candidates, nearest first */
  readonly #paths: Array<Array<Candidate<P>>> = []
  /** who holds a slot */
  readonly #asked = new Set<Candidate<P>>()
  /** who has lost it, and has not answered yet */
  readonly #slow = new Set<Candidate<P>>()
  #askedTotal = 0
  #answered = 0
  #turn = 0
  #done = false

  /** `seeds`: whom to start with; they are dealt to the paths in turn */
  constructor (options: LookupOptions<P>, seeds: Iterable<P>) {
    this.#options = options

    for (let path = 0; path < options.paths; path++) {
      this.#paths.push([])
    }

    let i = 0

    for (const seed of seeds) {
      this.#hear(seed, 0, i++ % options.paths)
    }
  }

  /** How many peers were asked. */
  get asked (): number {
    return this.#askedTotal
  }

  /** How many of them have answered. */
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

  /**
   * What to do next. An `ask` counts as sent: call again until it says otherwise. Call again at the latest when the time
   * of a `wait` has come. Once done it stays done.
   */
  next (now: number): LookupStep<P> {
    if (this.#done) {
      return { done: true }
    }

    const deadline = this.#expire(now)

    if (this.#asked.size < this.#options.alpha && this.#askedTotal < this.#options.maxAsked) {
      for (let i = 0; i < this.#paths.length; i++) {
        const path = this.#turn++ % this.#paths.length
        const candidate = this.#nextOf(path)

        if (candidate != null) {
          return this.#ask(candidate, path, now)
        }
      }
    }

    if (this.#asked.size > 0) {
      return { wait: deadline }
    }

    const patience = this.#patience()

    if (patience > now) {
      return { wait: patience }
    }

    this.#done = true

    return { done: true }
  }

  /** `peer` answered and named `closer`. No effect once done, on a peer that was not asked, or a second time. */
  onReply (peer: PeerKey, closer: Iterable<P>): void {
    const candidate = this.#settle(peer, 'answered')

    if (candidate != null) {
      this.#answered++

      for (const named of closer) {
        this.#hear(named, candidate.depth + 1, candidate.path)
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

  /** The caller has what it wanted. What is still in flight is of no more use. */
  finish (): void {
    this.#done = true
  }

  /** The nearest peers that answered, nearest first, at most `n`. */
  closest (n: number): P[] {
    const nearest: Array<Candidate<P>> = []

    for (const candidate of this.#known.values()) {
      if (candidate.state === 'answered') {
        offerNearest(nearest, candidate, this.#options.target, n)
      }
    }

    return nearest.map(candidate => candidate.peer)
  }

  /** Those that were asked, took too long, and have not answered. */
  slow (): P[] {
    return [...this.#slow].map(({ peer }) => peer)
  }

  /** How many replies, one leading to the next, it took to hear of the nearest peer that answered. */
  hops (): number {
    let nearest: Candidate<P> | undefined

    for (const candidate of this.#known.values()) {
      if (candidate.state === 'answered' && (nearest == null || compareDistance(candidate.key, nearest.key, this.#options.target) < 0)) {
        nearest = candidate
      }
    }

    return nearest?.depth ?? 0
  }

  #hear (peer: P, depth: number, path: number): void {
    if (peer.id === this.#options.self) {
      return
    }

    const candidates = this.#paths[path]
    let candidate = this.#known.get(peer.id)

    if (candidate == null) {
      candidate = { id: peer.id, key: peer.key, peer, depth, state: 'heard', path, deadline: 0, patience: 0 }
    } else if (!this.#hearAgain(candidate, peer)) {
      return
    }

    const at = this.#place(candidates, candidate)

    // a path that knows the peer already has it just there
    if (at >= this.#options.maxAsked || candidates[at] === candidate) {
      return
    }

    this.#known.set(peer.id, candidate)
    candidates.splice(at, 0, candidate)

    if (candidates.length > this.#options.maxAsked) {
      const farthest = candidates.pop()

      if (farthest?.state === 'heard' && this.#paths.every(path => path[this.#place(path, farthest)] !== farthest)) {
        this.#known.delete(farthest.id)
      }
    }
  }

  /** Learns what is new of a peer that was named before. True when a path may have to get it. */
  #hearAgain (candidate: Candidate<P>, named: P): boolean {
    const { state } = candidate

    if (state === 'failed') {
      return false
    }

    const merged = state === 'heard' || state === 'undialable' ? this.#options.merge?.(candidate.peer, named) : undefined

    if (merged != null) {
      candidate.peer = merged
      candidate.state = 'heard'
    }

    // an only path has all that are known, except the undialable
    return state === 'undialable' ? merged != null : this.#paths.length > 1
  }

  /** The dead make room for the living, however many of them a liar names. */
  #drop (candidate: Candidate<P>): void {
    for (const path of this.#paths) {
      const at = this.#place(path, candidate)

      if (path[at] === candidate) {
        path.splice(at, 1)
      }
    }
  }

  #place (candidates: Array<Candidate<P>>, candidate: Candidate<P>): number {
    let low = 0
    let high = candidates.length

    while (low < high) {
      const middle = (low + high) >>> 1

      if (compareDistance(candidates[middle].key, candidate.key, this.#options.target) < 0) {
        low = middle + 1
      } else {
        high = middle
      }
    }

    return low
  }

  /** The nearest of the path's window that nobody has asked. */
  #nextOf (path: number): Candidate<P> | undefined {
    let window = 0

    for (const candidate of this.#paths[path]) {
      if (candidate.state === 'heard') {
        return candidate
      }

      // for a slow one the window reaches one further
      if (candidate.state !== 'slow' && ++window === this.#options.k) {
        return
      }
    }
  }

  #ask (candidate: Candidate<P>, path: number, now: number): LookupStep<P> {
    candidate.state = 'asked'
    candidate.path = path
    const slowAfter = this.#options.slowAfter(candidate.peer)
    candidate.deadline = now + slowAfter
    candidate.patience = now + 2 * slowAfter
    this.#asked.add(candidate)
    this.#askedTotal++

    return { ask: candidate.peer, path }
  }

  #settle (peer: PeerKey, state: 'answered' | 'failed' | 'undialable'): Candidate<P> | undefined {
    const candidate = this.#known.get(peer.id)

    if (this.#done || candidate == null) {
      return
    }

    if (!this.#asked.delete(candidate) && !this.#slow.delete(candidate)) {
      return
    }

    candidate.state = state

    if (state !== 'answered') {
      this.#drop(candidate)
    }

    return candidate
  }

  /**
   * Until when slow peers are waited for once nobody else is left to ask: not at all when k others have answered, as long
   * again as they had when fewer have, and to the end when nobody has.
   */
  #patience (): number {
    if (this.#slow.size === 0 || this.#answered >= this.#options.k) {
      return 0
    }

    return this.#answered === 0 ? Infinity : Math.max(...[...this.#slow].map(({ patience }) => patience))
  }

  /** Takes the slots of those past their time, and returns when the next one will be. */
  #expire (now: number): number {
    let next = Infinity

    for (const candidate of this.#asked) {
      if (candidate.deadline <= now) {
        candidate.state = 'slow'
        this.#asked.delete(candidate)
        this.#slow.add(candidate)
      } else {
        next = Math.min(next, candidate.deadline)
      }
    }

    return next
  }
}
