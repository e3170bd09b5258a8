// Announces again what this node provides before the announcements lapse, and what could not be announced so far as soon
// as there is somebody to tell.

import { Renewer } from '../query/renewer.ts'
import type { ProviderStore } from './provider-store.ts'
import type { RenewerOptions } from '../query/renewer.ts'
import type { Logger } from '@libp2p/interface'

export interface ReproviderOptions extends RenewerOptions {
  /** how long an announcement holds, ms */
  validity: number
  /** so long before it lapses it is made again, ms */
  threshold: number
}

export interface ReproviderNeeds {
  store: ProviderStore
  provide (multihash: Uint8Array, signal: AbortSignal): Promise<void>
  log: Logger
}

export type Reprovider = Renewer<{ multihash: Uint8Array }>

export function createReprovider ({ validity, threshold, ...options }: ReproviderOptions, { store, provide, log }: ReproviderNeeds): Reprovider {
  return new Renewer(options, {
    async * all (options) {
      for await (const { multihash, announcedAt } of store.own(options)) {
        yield { multihash, due: announcedAt + validity - threshold }
      }
    },
    renew: async ({ multihash }, signal) => provide(multihash, signal),
    task: 'announce a key again',
    log
  })
}
