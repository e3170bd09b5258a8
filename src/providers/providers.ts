// The provider store: the parts that providers need, put together.

import { findProviders } from './find-providers.ts'
import { addProviderHandler, getProvidersHandler } from './handlers.ts'
import { provide } from './provide.ts'
import { ProviderStore } from './provider-store.ts'
import { createReprovider } from './reprovider.ts'
import type { FindProvidersNeeds, FindProvidersOptions } from './find-providers.ts'
import type { ProviderHandlerNeeds } from './handlers.ts'
import type { ProvideNeeds, ProvideOptions } from './provide.ts'
import type { ProviderStoreOptions } from './provider-store.ts'
import type { Reprovider, ReproviderOptions } from './reprovider.ts'
import type { WriteResult } from '../query/store-nearest.ts'
import type { RequestHandler } from '../wire/server.ts'
import type { AbortOptions, Logger, PeerId, PeerInfo } from '@libp2p/interface'
import type { Datastore } from 'interface-datastore'

export interface ProvidersOptions extends ProviderStoreOptions {
  reprovide: ReproviderOptions
}

export type ProvidersNeeds = Omit<ProvideNeeds, 'store'> &
  Omit<FindProvidersNeeds, 'store' | 'self'> &
  Omit<ProviderHandlerNeeds, 'store' | 'self'> & {
    datastore: Datastore
    peerId: PeerId
    log: Logger
  }

export class Providers {
  readonly onAdd: RequestHandler
  readonly onGet: RequestHandler
  readonly #store: ProviderStore
  readonly #needs: ProvidersNeeds
  readonly #reprovider: Reprovider

  constructor (options: ProvidersOptions, needs: ProvidersNeeds) {
    const store = this.#store = new ProviderStore(needs.datastore, needs.self, options)
    this.#needs = needs
    this.onAdd = addProviderHandler({ ...needs, store, self: needs.self.id })
    this.onGet = getProvidersHandler({ ...needs, store, self: needs.self.id })
    this.#reprovider = createReprovider(options.reprovide, {
      store,
      provide: async (multihash, signal) => {
        // it may have been cancelled while it waited for its turn
        if (await store.isOwn(multihash)) {
          await this.provide(multihash, { signal })
        }
      },
      log: needs.log
    })
  }

  /** How many announcements wait to be made again. */
  get reprovideQueue (): number {
    return this.#reprovider.pending
  }

  /** See `ProviderStore`. */
  get counts (): ProviderStore['counts'] {
    return this.#store.counts
  }

  start (): void {
    this.#reprovider.start()
  }

  /** Resolves when what was taken is written. */
  async stop (): Promise<void> {
    this.#reprovider.stop()
    await this.#store.flush()
  }

  async provide (multihash: Uint8Array, options: ProvideOptions): Promise<WriteResult> {
    return provide(multihash, { ...this.#needs, store: this.#store }, options)
  }

  async find (multihash: Uint8Array, options: FindProvidersOptions): Promise<PeerInfo[]> {
    return findProviders(multihash, { ...this.#needs, store: this.#store, self: this.#needs.peerId }, options)
  }

  /** Announces the content no more. */
  async cancel (multihash: Uint8Array, options?: AbortOptions): Promise<void> {
    await this.#store.remove(multihash, this.#needs.self, options)
  }

  /** Announces what is due, now that there is somebody to tell. */
  announce (): void {
    void this.#reprovider.run()
  }

  /** Deletes what has expired. */
  async collect (options: AbortOptions): Promise<void> {
    await this.#store.collect(options)
  }
}
