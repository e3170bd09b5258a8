// What became of a write.

import { QueryError } from './errors.ts'
import type { PeerId } from '@libp2p/interface'

/** Who holds something after a write, and who does not. */
export interface WriteResult {
  /** those that took it, nearest to the key first */
  stored: PeerId[]
  /** those that did not, and why */
  failed: Array<{ peer: PeerId, error: Error }>
  /** requests sent in all, those of the lookup included */
  messages: number
  /** replies, one leading to the next, that it took to find the nearest peer */
  hops: number
}

/** Too few took it; `result` says who did, and why the others did not. */
export class WriteError extends QueryError {
  readonly result: WriteResult

  constructor (message: string, result: WriteResult) {
    super(message)
    this.result = result
  }
}
