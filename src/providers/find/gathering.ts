// What a search hears, made into providers that can be reached: each is told as soon as it is one.

import { AbortError } from '@libp2p/interface'
import { setMaxListeners } from 'main-event'
import { contactFromPeerId } from '../../query/contact.ts'
import { Completion } from './completion.ts'
import { FoundProviders } from './found-providers.ts'
import type { CompletionNeeds } from './completion.ts'
import type { Provider } from './found-providers.ts'
import type { Contact } from '../../query/contact.ts'
import type { PeerInfoMapper } from '../../wire/peer.ts'
import type { PeerId, PeerInfo } from '@libp2p/interface'

/**
 * When everyone has answered, the lookups for addresses may go on for so long, ms: about as long as one takes that meets peers which do not answer.
 * Providers that came with addresses were told long before.
 */
const COMPLETION_LONGEST = 5_000

/** What is still under way is ended with, when nobody needs it. */
const ENOUGH = new AbortError('The search has what it wanted')

export interface GatheringOptions {
  /** with so many that can be reached it ends; Infinity for never */
  enough: number
  /** no more are taken */
  most: number
  useCache?: boolean
  useNetwork?: boolean
}

export interface GatheringNeeds extends Pick<CompletionNeeds, 'findPeer'> {
  /** oneself, with the addresses that others may use */
  own: Contact
  mapper: PeerInfoMapper
  /** a peer as this node knows it, with addresses that may be used or none */
  known (id: PeerId): Promise<PeerInfo>
  /** more providers came without addresses than are looked up */
  onIncomplete? (): void
  /** there are further providers, or further addresses of them */
  tell (from: PeerId, providers: Provider[]): void
}

export class Gathering {
  readonly #options: GatheringOptions
  readonly #needs: GatheringNeeds
  readonly #found: FoundProviders
  readonly #completion: Completion
  readonly #ending = new AbortController()

  constructor (options: GatheringOptions, needs: GatheringNeeds) {
    this.#options = options
    this.#needs = needs
    this.#found = new FoundProviders({ self: needs.own.id, mapper: needs.mapper, most: options.most })
    setMaxListeners(Infinity, this.#ending.signal)
    this.#completion = new Completion({
      findPeer: async (id, options) => needs.findPeer(id, options),
      onFound: (provider, peer) => {
        this.#complete(provider, peer)

        if (this.isEnough) {
          this.end(ENOUGH)
        }
      },
      onLimit: needs.onIncomplete
    }, this.#ending.signal)
  }

  /** Is given when nothing further is wanted. */
  get signal (): AbortSignal {
    return this.#ending.signal
  }

  get isEnough (): boolean {
    return this.#found.reachable >= this.#options.enough
  }

  /** In the order in which they were found. */
  get reachable (): Provider[] {
    return this.#found.all().filter(provider => this.#found.isReachable(provider))
  }

  /** Those that no address is known of. */
  get unreachable (): Provider[] {
    return this.#found.all().filter(provider => !this.#found.isReachable(provider))
  }

  /** A peer names providers. Resolves with whether there are enough now. */
  async hear (from: PeerId, witness: string, contacts: Contact[]): Promise<boolean> {
    const { own, tell } = this.#needs
    // nobody knows better where this node is
    const heard = this.#found.hear(from, witness, contacts.map(contact => contact.id === own.id ? own : contact))
    const reachable = heard.filter(provider => this.#found.isReachable(provider))

    if (reachable.length > 0) {
      tell(from, reachable)
      reachable.forEach(provider => { this.#completion.drop(provider) })
    }

    for (const provider of heard) {
      await this.#remember(provider)

      if (this.#options.useNetwork !== false && !this.#found.isReachable(provider)) {
        this.#completion.add(provider)
      }
    }

    return this.isEnough
  }

  /** Everyone has answered: resolves when the lookups for addresses have ended, too, which is in bounded time. */
  async done (): Promise<void> {
    const timer = setTimeout(() => { this.end(ENOUGH) }, COMPLETION_LONGEST)

    try {
      await this.#completion.done()
    } finally {
      clearTimeout(timer)
    }
  }

  /** Ends what is under way. */
  end (reason: Error = ENOUGH): void {
    this.#ending.abort(reason)
  }

  /** Takes the addresses that this node knows itself, of one that has none. */
  async #remember (provider: Provider): Promise<void> {
    if (this.#options.useCache === false || this.#found.isReachable(provider)) {
      return
    }

    try {
      this.#complete(provider, await this.#needs.known(provider.peer.id))
    } catch {
      // a peer store that fails knows nobody: others may
    }
  }

  #complete (provider: Provider, { id, multiaddrs }: PeerInfo): void {
    if (this.#found.learn(provider, contactFromPeerId(id, multiaddrs))) {
      this.#needs.tell(provider.from, [provider])
    }
  }
}
