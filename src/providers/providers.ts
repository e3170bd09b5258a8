// The provider store, and what this node provides: the parts that providers need, put together.

import { AbortError } from '@libp2p/interface'
import { keyOf } from '../kademlia/key.ts'
import { OneByOne } from '../query/one-by-one.ts'
import { MAX_PROVIDER_KEY } from '../wire/limits.ts'
import { Searches } from './find/searches.ts'
import { findProviders } from './find-providers.ts'
import { addProviderHandler, getProvidersHandler } from './handlers.ts'
import { announcementOf, provide, withAddress } from './provide.ts'
import { Announcer } from './providing/announcer.ts'
import { cellOf, CELLS } from './providing/cells.ts'
import { ProvidedKeys } from './providing/provided-keys.ts'
import { ProvidedSet } from './providing/provided-set.ts'
import { Sweeper } from './providing/sweeper.ts'
import { Settling } from './settling.ts'
import { ProviderStore } from './store/provider-store.ts'
import type { FindProvidersNeeds, ProviderSearch } from './find-providers.ts'
import type { ProviderHandlerNeeds } from './handlers.ts'
import type { ProvideNeeds } from './provide.ts'
import type { AgendaOptions } from './providing/agenda.ts'
import type { AnnouncerNeeds, AnnouncerOptions } from './providing/announcer.ts'
import type { ProvidedKey } from './providing/provided-keys.ts'
import type { ProvidedSetNeeds } from './providing/provided-set.ts'
import type { Providing } from './providing/providing-api.ts'
import type { SweeperNeeds } from './providing/sweeper.ts'
import type { ProviderStoreOptions } from './store/provider-store.ts'
import type { Contact } from '../query/contact.ts'
import type { StoreOptions } from '../query/store-nearest.ts'
import type { WriteResult } from '../query/write-result.ts'
import type { RequestHandler } from '../wire/server.ts'
import type { AbortOptions, Logger, PeerId, PeerInfo } from '@libp2p/interface'
import type { Datastore } from 'interface-datastore'

export interface ProvidersOptions extends ProviderStoreOptions, Pick<AnnouncerOptions, 'region'> {
  /** of the datastore's keys that say what this node provides */
  providedPrefix: string
  sweep: Pick<AgendaOptions, 'cycle' | 'threshold' | 'maxKeys' | 'retryInterval'> & Pick<AnnouncerOptions, 'concurrency'>
}

export type ProvidersNeeds = ProvideNeeds &
  Omit<FindProvidersNeeds, 'store' | 'self' | 'region'> &
  Omit<ProviderHandlerNeeds, 'store' | 'self'> &
  Pick<AnnouncerNeeds, 'request'> &
  Pick<SweeperNeeds, 'onAnnounced'> &
  Pick<ProvidedSetNeeds, 'multihashOf'> & {
    /** oneself, without addresses */
    self: Contact
    /** how many peers there are in the table */
    tableSize (): number
    datastore: Datastore
    peerId: PeerId
    log: Logger
  }

export interface ProvideOptions extends Omit<StoreOptions, 'region'> {
  /** false: remember it only; it is announced when the time for that comes */
  useNetwork?: boolean
}

export class Providers {
  readonly onAdd: RequestHandler
  readonly onGet: RequestHandler
  /** what this node provides */
  readonly providing: Providing
  readonly #store: ProviderStore
  readonly #options: ProvidersOptions
  readonly #needs: ProvidersNeeds
  readonly #keys: ProvidedKeys
  readonly #announcer: Announcer
  readonly #sweeper: Sweeper
  /** what is remembered and what is forgotten, one after the other: both are written at two places */
  readonly #memory = new OneByOne()
  readonly #settling = new Settling()
  readonly #searches = new Searches()

  constructor (options: ProvidersOptions, needs: ProvidersNeeds) {
    const { datastore, self, queries, contact } = needs
    const store = this.#store = new ProviderStore(datastore, self, options)
    const keys = this.#keys = new ProvidedKeys(datastore, options.providedPrefix)
    this.#options = options
    this.#needs = needs
    this.onAdd = addProviderHandler({ ...needs, store, self: self.id })
    this.onGet = getProvidersHandler({ ...needs, store, self: self.id })
    const announcer = this.#announcer = new Announcer({ ...options, ...options.sweep, k: queries.k }, {
      ...needs,
      provide: async (key, signal) => provide(key.multihash, {
        ...needs,
        notify: async (to, request, options) => {
          if (key.removed === true) {
            throw new AbortError('It is provided no more')
          }

          await needs.notify(to, request, options)
        }
      }, { signal, region: options.region }),
      announcement: () => announcementOf(withAddress(contact()))
    })
    this.#sweeper = new Sweeper({ ...options.sweep, phase: cellOf(self.key) / CELLS }, {
      ...needs,
      keys,
      announcer,
      load: async options => keys.load(takable(store.own(options)), options),
      obstacle: () => needs.tableSize() === 0 ? 'offline' : contact().addrs.length === 0 ? 'no address' : undefined,
      isGrown: () => needs.tableSize() >= queries.k,
      // an exploration tells of some 1.5 k peers
      regionShare: () => Math.min(1, 1.5 * queries.k / Math.max(1, queries.networkSize?.peers ?? needs.tableSize()))
    })
    this.providing = new ProvidedSet({
      ...needs,
      keys,
      sweeper: this.#sweeper,
      remember: async (multihashes, options) => {
        let isNew = multihashes

        try {
          isNew = await this.#remember(multihashes, options)
        } finally {
          this.#sweeper.release(isNew.map(multihash => cellOf(keyOf(multihash))))
        }

        return isNew
      },
      forget: async (multihashes, options) => this.#forget(multihashes, options)
    })
  }

  /** See `ProviderStore`. */
  get counts (): ProviderStore['counts'] {
    return this.#store.counts
  }

  start (): void {
    this.#sweeper.start()
  }

  /** Ends all announcements. What an optimistic one has still to tell, `drained` waits for. */
  async stop (): Promise<void> {
    this.#searches.stop()
    await this.#sweeper.stop()
    await this.#store.flush()
  }

  /** Whether nothing goes on any more whose result was given already. */
  get isDrained (): boolean {
    return this.#settling.isDrained
  }

  /** Resolves when nothing goes on any more whose result was given already, or that takes too long. */
  async drained (): Promise<void> {
    await this.#settling.drained()
  }

  /** Remembers the key first: whatever happens, it is announced again and again until it is cancelled. */
  async provide (multihash: Uint8Array, { useNetwork, signal, settle, ...options }: ProvideOptions): Promise<WriteResult> {
    const key = { multihash, key: keyOf(multihash), announcedAt: 0 }
    this.#sweeper.hold(cellOf(key.key))
    // once the caller has its result, the rest is nobody's to give up but the node's
    const rest = new AbortController()
    const giveUp = (): void => { rest.abort(signal.reason) }
    signal.addEventListener('abort', giveUp)

    try {
      await this.#remember([multihash], { signal })
      signal.throwIfAborted()

      if (useNetwork === false) {
        return { stored: [], failed: [], messages: 0, hops: 0 }
      }

      const announcing = this.#announce(key, {
        ...options,
        signal: rest.signal,
        settle: result => {
          signal.removeEventListener('abort', giveUp)
          this.#settling.add(announcing, rest)
          settle?.(result)
        }
      })

      return await announcing
    } finally {
      signal.removeEventListener('abort', giveUp)
      this.#sweeper.replan()
    }
  }

  /** With few holders it is tried again, as whatever a sweep announces. */
  async #announce (key: ProvidedKey, options: StoreOptions): Promise<WriteResult> {
    const result = await provide(key.multihash, this.#needs, { ...options, region: this.#options.region })

    if (this.#announcer.isEnough(result)) {
      await this.#keys.announced([key], Date.now())

      if (result.stored.length + result.failed.length < this.#needs.queries.k) {
        this.#sweeper.onFew([key])
      }

      this.#sweeper.release([cellOf(key.key)])
    }

    return result
  }

  async find (multihash: Uint8Array, options: ProviderSearch): Promise<PeerInfo[]> {
    return this.#searches.run(options.signal, async signal => findProviders(multihash, { ...this.#needs, store: this.#store, self: this.#needs.peerId, region: this.#options.region }, { ...options, signal }))
  }

  /** Announces the content no more. */
  async cancel (multihash: Uint8Array, options?: AbortOptions): Promise<void> {
    await this.#forget([multihash], options)
  }

  /** Announces what is due, what has failed before too, now that there is somebody to tell, or an address to tell. */
  announce (): void {
    this.#sweeper.retry()
  }

  /** Deletes what has expired. */
  async collect (options: AbortOptions): Promise<void> {
    await this.#store.collect(options)
  }

  /** Returns those that are new. They are found here, too, and by @libp2p/kad-dht if it gets this datastore. */
  async #remember (multihashes: Uint8Array[], options?: AbortOptions): Promise<Uint8Array[]> {
    return this.#memory.run('', async () => {
      const added = await this.#keys.add(multihashes, options)

      // they are written together; of one that is in the set already it may not be there, when it was given up or the node was killed between the two
      await Promise.all(multihashes.filter(multihash => !this.#store.isOwn(multihash)).map(async multihash => this.#store.add(multihash, { contact: this.#needs.self, announcedAt: 0 }, options)))

      return added
    })
  }

  async #forget (multihashes: Uint8Array[], options?: AbortOptions): Promise<void> {
    await this.#memory.run('', async () => {
      // killed in between, what is cancelled again is complete
      await Promise.all(multihashes.map(async multihash => this.#store.remove(multihash, this.#needs.self, options)))
      await this.#keys.remove(multihashes, options)
    })
  }
}

/** What no node takes is not announced: @libp2p/kad-dht has tried it all the same. */
async function * takable <T extends { multihash: Uint8Array }> (own: AsyncIterable<T>): AsyncGenerator<T> {
  for await (const one of own) {
    if (one.multihash.byteLength <= MAX_PROVIDER_KEY) {
      yield one
    }
  }
}
