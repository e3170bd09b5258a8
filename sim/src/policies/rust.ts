// The lookup rules of rust-libp2p's kad 0.49 in our own words: one path, three requests at once, up to k when three replies in a
// row brought nobody new among the nearest k. It ends when the nearest k that did not fail have answered. A peer that takes longer than ten seconds
// gives its place to another; its reply still counts.

import { compareDistance } from '../../../src/kademlia/key.ts'
import { CONFIG } from '../network/config.ts'
import { Candidates } from './candidates.ts'
import type { LookupInit, Policy, Rules, Step } from './policy.ts'
import type { SimNode } from '../network/node.ts'

/** Its `ALPHA_VALUE`. */
const ALPHA = 3

/** Its `peer_timeout`, ms. */
const PEER_TIMEOUT = 10_000

/** Its `query_timeout`, ms. */
const QUERY_TIMEOUT = 60_000

const LIMITS = { dial: 10_000, request: 10_000, total: Infinity }

type State = 'new' | 'waiting' | 'unresponsive' | 'failed' | 'succeeded'

class RustLookup implements Policy {
  readonly #init: LookupInit
  readonly #peers: Candidates<State>
  readonly #deadlines = new Map<SimNode, number>()
  #waiting = 0
  /** replies in a row that brought nobody new among the nearest k */
  #noProgress = 0
  #done = false

  constructor (init: LookupInit, seeds: SimNode[]) {
    this.#init = init
    this.#peers = new Candidates(init.target)
    seeds.forEach(seed => { this.#peers.add(seed, 'new') })
  }

  next (now: number): Step {
    const { k } = this.#init

    for (const candidate of this.#peers.sorted) {
      if (candidate.state === 'waiting' && now >= (this.#deadlines.get(candidate.peer) ?? Infinity)) {
        candidate.state = 'unresponsive'
        this.#deadlines.delete(candidate.peer)
        this.#waiting--
      }
    }

    const full = this.#waiting >= (this.#noProgress < ALPHA ? ALPHA : Math.max(k, ALPHA))
    let succeeded = 0
    // whether one of those looked at so far has not answered yet
    let pending = false

    for (const candidate of this.#done ? [] : this.#peers.sorted) {
      if (candidate.state === 'waiting') {
        if (full) {
          return this.#wait()
        }

        pending = true
      } else if (candidate.state === 'succeeded' && ++succeeded >= k && !pending) {
        this.#done = true
        break
      } else if (candidate.state === 'new') {
        if (full) {
          return this.#wait()
        }

        candidate.state = 'waiting'
        this.#waiting++
        this.#deadlines.set(candidate.peer, now + PEER_TIMEOUT)

        return { ask: candidate.peer }
      }
    }

    return !this.#done && this.#waiting > 0 ? this.#wait() : { done: true }
  }

  onReply (peer: SimNode, closer: SimNode[]): void {
    if (!this.#settle(peer, 'succeeded')) {
      return
    }

    const { k, self, target } = this.#init
    const farthest = this.#peers.sorted[Math.min(k, this.#peers.size) - 1].peer
    let progress = this.#peers.size < k

    for (const named of closer) {
      if (named !== self && this.#peers.add(named, 'new') && compareDistance(named.key, farthest.key, target) < 0) {
        progress = true
      }
    }

    // once it has stalled only progress starts it again
    this.#noProgress = progress ? 0 : this.#noProgress + 1
  }

  onFailure (peer: SimNode): void {
    this.#settle(peer, 'failed')
  }

  closest (): SimNode[] {
    return this.#peers.nearest(this.#init.k, 'succeeded').map(({ peer }) => peer)
  }

  #settle (peer: SimNode, state: State): boolean {
    const candidate = this.#peers.get(peer)

    if (this.#done || (candidate?.state !== 'waiting' && candidate?.state !== 'unresponsive')) {
      return false
    }

    this.#waiting -= candidate.state === 'waiting' ? 1 : 0
    candidate.state = state
    this.#deadlines.delete(peer)

    return true
  }

  #wait (): Step {
    return { wait: Math.min(...this.#deadlines.values()) }
  }
}

export const rust: Rules = {
  name: 'rust',
  limits: LIMITS,
  longest: QUERY_TIMEOUT,
  seeds: CONFIG.k,
  start: (init, seeds) => new RustLookup(init, seeds)
}
