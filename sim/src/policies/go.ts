// The lookup rules of go-libp2p-kad-dht 0.42 in our own words: one path, ten requests at once, over as soon as the three
// nearest have answered. Then whoever of the nearest k has not answered is asked, all at once, and everyone is waited for.
// What it gives its caller are the nearest k not known to be unreachable when the first part was over.

import { CONFIG } from '../network/config.ts'
import { Candidates } from './candidates.ts'
import type { LookupInit, Policy, Rules, Step } from './policy.ts'
import type { SimNode } from '../network/node.ts'

/** Requests at once (its `defaultConcurrency`). */
const ALPHA = 10

/** The search is over when so many of the nearest have answered (its `resiliency`). */
const BETA = 3

/** What the TCP transport allows for a connection, and its `dhtReadMessageTimeout`, ms. */
const LIMITS = { dial: 5_000, request: 10_000, total: Infinity }

type State = 'heard' | 'waiting' | 'queried' | 'unreachable'

class GoLookup implements Policy {
  readonly #init: LookupInit
  readonly #peers: Candidates<State>
  /** who has been asked, and has not answered or failed */
  readonly #outstanding = new Set<SimNode>()
  #waiting = 0
  /** the nearest k when the search was over; it is being followed up from then on */
  #result?: SimNode[]
  #followUp?: SimNode[]

  constructor (init: LookupInit, seeds: SimNode[]) {
    this.#init = init
    this.#peers = new Candidates(init.target)
    this.#hear(seeds)
  }

  next (now: number): Step {
    if (this.#result == null && !this.#isOver()) {
      const [nearest] = this.#waiting < ALPHA ? this.#peers.nearest(1, 'heard') : []

      if (nearest == null) {
        return { wait: Infinity }
      }

      nearest.state = 'waiting'
      this.#waiting++
      this.#outstanding.add(nearest.peer)

      return { ask: nearest.peer }
    }

    if (this.#result == null) {
      this.#end()
    }

    // all requests of the first part are waited for, before those of the second are sent
    if (this.#followUp == null && this.#outstanding.size === 0) {
      this.#followUp = this.#peers.nearest(this.#init.k, 'heard', 'waiting', 'queried')
        .filter(({ state }) => state !== 'queried')
        .map(({ peer }) => peer)
    }

    const peer = this.#followUp?.pop()

    if (peer != null) {
      this.#outstanding.add(peer)
      return { ask: peer }
    }

    return this.#outstanding.size === 0 ? { done: true } : { wait: Infinity }
  }

  onReply (peer: SimNode, closer: SimNode[]): void {
    if (this.#outstanding.delete(peer) && this.#result == null) {
      this.#settle(peer, 'queried')
      this.#hear(closer.slice(0, 2 * this.#init.k))
    }
  }

  onFailure (peer: SimNode): void {
    if (this.#outstanding.delete(peer) && this.#result == null) {
      this.#settle(peer, 'unreachable')
    }
  }

  closest (): SimNode[] {
    return this.#result ?? this.#peers.nearest(this.#init.k, 'queried').map(({ peer }) => peer)
  }

  #hear (peers: SimNode[]): void {
    for (const peer of peers) {
      if (peer !== this.#init.self) {
        this.#peers.add(peer, 'heard')
      }
    }
  }

  #settle (peer: SimNode, state: State): void {
    const candidate = this.#peers.get(peer)

    if (candidate?.state === 'waiting') {
      candidate.state = state
      this.#waiting--
    }
  }

  #isOver (): boolean {
    const starved = this.#waiting === 0 && this.#peers.nearest(1, 'heard').length === 0

    return starved || this.#peers.nearest(BETA, 'heard', 'waiting', 'queried').every(({ state }) => state === 'queried')
  }

  /** Dials are given up at once; requests that are under way are waited for. */
  #end (): void {
    this.#result = this.#peers.nearest(this.#init.k, 'heard', 'waiting', 'queried').map(({ peer }) => peer)

    for (const peer of this.#outstanding) {
      if (this.#init.isDialling(peer)) {
        this.#outstanding.delete(peer)
      }
    }
  }
}

export const go: Rules = {
  name: 'go',
  limits: LIMITS,
  seeds: CONFIG.k,
  start: (init, seeds) => new GoLookup(init, seeds)
}
