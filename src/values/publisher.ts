// Publishes again what this node has published, before it lapses: the real work of a publication is done by whoever knows its namespace.

import { Renewer } from '../query/renewer.ts'
import type { Publication, Publications } from './publications.ts'
import type { RenewerOptions } from '../query/renewer.ts'
import type { Logger } from '@libp2p/interface'

export type Publisher = Renewer<Publication>

export interface PublisherNeeds {
  publications: Publications
  /** stores it anew, and notes that it has */
  renew (publication: Publication, signal: AbortSignal): Promise<void>
  onFailure? (publication: Publication, error: Error): void
  log: Logger
}

export function createPublisher (options: RenewerOptions, { publications, renew, onFailure, log }: PublisherNeeds): Publisher {
  return new Renewer(options, {
    all: options => publications.all(options),
    renew: async (publication, signal) => {
      if (publication.until != null && publication.until <= Date.now()) {
        await publications.cancel(publication.key)
        return
      }

      try {
        // it may have been cancelled while it waited for its turn
        if (await publications.has(publication.key)) {
          await renew(publication, signal)
        }
      } catch (error: any) {
        if (!signal.aborted) {
          await publications.failed(publication.key, error)
          onFailure?.(publication, error)
        }

        throw error
      }
    },
    task: 'publish a value again',
    log
  })
}
