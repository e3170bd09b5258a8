// The attempts of one write: who was given what is to be stored, each once, and what became of it.

import { compareDistance } from '../kademlia/key.ts'
import { toPeerId } from '../wire/peer.ts'
import type { Contact } from './contact.ts'
import type { QueryResult } from './manager.ts'
import type { WriteResult } from './write-result.ts'
import type { Key } from '../kademlia/key.ts'

interface Attempt {
  peer: Contact
  outcome: 'under way' | 'stored' | Error
  ended: Promise<void>
}

export interface AttemptsNeeds {
  target: Key
  /** rejects when the peer did not take it */
  store (peer: Contact): Promise<void>
  /** the attempt at this peer has ended, well or not */
  onEnd (peer: Contact, error?: Error): void
}

export class Attempts {
  readonly #needs: AttemptsNeeds
  readonly #attempts = new Map<string, Attempt>()

  constructor (needs: AttemptsNeeds) {
    this.#needs = needs
  }

  get size (): number {
    return this.#attempts.size
  }

  /** How many have taken it. */
  get stored (): number {
    let count = 0

    for (const { outcome } of this.#attempts.values()) {
      count += outcome === 'stored' ? 1 : 0
    }

    return count
  }

  /** Those that have taken it, nearest first. */
  get holders (): Contact[] {
    return this.#sorted().filter(({ outcome }) => outcome === 'stored').map(({ peer }) => peer)
  }

  /** Gives it to each of them. No effect on those that were given it before. */
  begin (peers: readonly Contact[]): void {
    for (const peer of peers) {
      if (!this.#attempts.has(peer.id)) {
        const attempt: Attempt = { peer, outcome: 'under way', ended: Promise.resolve() }
        this.#attempts.set(peer.id, attempt)
        attempt.ended = this.#run(attempt)
      }
    }
  }

  /** Resolves when all have ended, those that begin meanwhile too. */
  async ended (): Promise<void> {
    for (let begun = 0; begun < this.#attempts.size;) {
      begun = this.#attempts.size
      await Promise.all([...this.#attempts.values()].map(async ({ ended }) => ended))
    }
  }

  /** `lookup`: what the search for them took */
  result ({ messages, hops }: Pick<QueryResult, 'messages' | 'hops'>): WriteResult {
    const attempts = this.#sorted()

    return {
      stored: this.holders.map(peer => toPeerId(peer)),
      failed: attempts.flatMap(({ peer, outcome }) => outcome instanceof Error ? [{ peer: toPeerId(peer), error: outcome }] : []),
      messages: messages + attempts.length,
      hops
    }
  }

  async #run (attempt: Attempt): Promise<void> {
    const { store, onEnd } = this.#needs

    try {
      await store(attempt.peer)
      attempt.outcome = 'stored'
      onEnd(attempt.peer)
    } catch (error: any) {
      attempt.outcome = error
      onEnd(attempt.peer, error)
    }
  }

  #sorted (): Attempt[] {
    return [...this.#attempts.values()].sort((a, b) => compareDistance(a.peer.key, b.peer.key, this.#needs.target))
  }
}
