// What a subject brings to be timed.

import type { OperationName } from './operation-names.ts'

export type CoreSubjectName = 'ours' | 'js' | 'js-tuned'

/** An operation, ready to be done again and again. */
export interface Prepared {
  /** does it with the `i`-th input; a promise only if it has to be waited for */
  run (i: number): unknown
  /** what it comes to with the `i`-th input, in words that are the same for every subject; not timed */
  answer (i: number): unknown
  /** peers in the table that is searched */
  tableSize?: number
  /** requests that were made so far */
  messages? (): number
  /** the share of the true nearest that the `i`-th lookup finds */
  recall? (i: number): Promise<number>
}

export type CoreSubject = Partial<Record<OperationName, () => Prepared | Promise<Prepared>>>

/** How many different inputs an operation has; those of `decodeReplyNew` are more than any cache of ours holds. */
export const INPUTS = 64
export const NEW_REPLIES = 1_024
