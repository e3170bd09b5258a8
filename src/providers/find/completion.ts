// Looks for the addresses of providers that were named without any. Each takes a lookup of its own, so it is done for a few of them, those that most
// peers named first: whoever makes providers up is one witness of each.

import { Slots } from '../../wire/slots.ts'
import { mostNamedFirst } from './found-providers.ts'
import type { Provider } from './found-providers.ts'
import type { PeerId, PeerInfo } from '@libp2p/interface'

/** Lookups of one search at once: a few, for each has as many requests under way as the search itself. */
const AT_ONCE = 3

/** Lookups of one search in all: as many as there are holders of a key. */
const MOST = 20

export interface CompletionNeeds {
  /** a peer with its addresses; rejects when nobody knows any */
  findPeer (id: PeerId, options: { signal: AbortSignal }): Promise<PeerInfo>
  onFound (provider: Provider, peer: PeerInfo): void
  /** there were more providers without addresses than are looked up */
  onLimit? (): void
}

export class Completion {
  readonly #needs: CompletionNeeds
  readonly #signal: AbortSignal
  readonly #slots = new Slots(AT_ONCE)
  readonly #lacking = new Set<Provider>()
  readonly #running = new Map<Provider, AbortController>()
  readonly #tasks = new Set<Promise<void>>()
  /** lookups that were made or will be */
  #planned = 0

  /** `signal`: ends all of it */
  constructor (needs: CompletionNeeds, signal: AbortSignal) {
    this.#needs = needs
    this.#signal = signal
  }

  /** Looks for its addresses, when its turn comes. */
  add (provider: Provider): void {
    this.#lacking.add(provider)

    if (this.#planned < MOST) {
      this.#planned++
      const task = this.#lookUp().finally(() => { this.#tasks.delete(task) })
      this.#tasks.add(task)
    }
  }

  /** Its addresses have become known. No effect on one that was never added. */
  drop (provider: Provider): void {
    this.#lacking.delete(provider)
    this.#running.get(provider)?.abort()
  }

  /** Resolves when there is nothing left to do, or it was ended. */
  async done (): Promise<void> {
    while (this.#tasks.size > 0) {
      await Promise.all(this.#tasks)
    }

    if (this.#lacking.size > 0 && !this.#signal.aborted) {
      this.#needs.onLimit?.()
    }
  }

  /** Never rejects: of whom nobody knows an address, there is nothing to say. */
  async #lookUp (): Promise<void> {
    try {
      await this.#slots.take(this.#signal)
    } catch {
      return
    }

    try {
      // not the one that it was planned for: others may have more witnesses by now
      const [provider] = mostNamedFirst([...this.#lacking])

      if (provider == null) {
        this.#planned--
      } else {
        this.#lacking.delete(provider)
        await this.#find(provider)
      }
    } finally {
      this.#slots.give()
    }
  }

  async #find (provider: Provider): Promise<void> {
    const controller = new AbortController()
    const onAbort = (): void => { controller.abort(this.#signal.reason) }
    this.#signal.addEventListener('abort', onAbort)
    this.#running.set(provider, controller)

    try {
      const peer = await this.#needs.findPeer(provider.peer.id, { signal: controller.signal })

      if (!controller.signal.aborted) {
        this.#needs.onFound(provider, peer)
      }
    } catch {
      // nobody knows where it is, and nobody can fetch from it
    } finally {
      this.#running.delete(provider)
      this.#signal.removeEventListener('abort', onAbort)
    }
  }
}
