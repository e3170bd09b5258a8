// Why an announcement is not taken, and what an announcement had to go for.

import { StoreFullError } from '../../query/errors.ts'

/** Limits of what is stored: in all, of a key, and of a provider. */
export type ProviderLimit = 'providers' | 'providers-per-key' | 'providers-per-sender'

export class ProvidersFullError extends StoreFullError {
  /** the one that it ran into */
  readonly limit: ProviderLimit

  constructor (message: string, limit: ProviderLimit) {
    super(message)
    this.limit = limit
  }
}
