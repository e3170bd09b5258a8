// What the bench and the process of a subject say to each other.

import type { OperationName } from './operation-names.ts'
import type { SubjectName } from '../subjects/index.ts'

export interface FormRequest {
  subject: SubjectName
  /** private keys, one a node */
  keys: Uint8Array[]
  seed: string
}

/** What it took to form a network, and what it was like then. */
export interface Formed {
  wallSeconds: number
  cpuSeconds: number
  /** peers in a routing table, on average */
  tableSize: number
  /** connections of a node, on average */
  connections: number
}

export interface FormResult extends Formed {
  /** resident memory of the warm process, a node */
  rssMiB: number
}

export interface BatchRequest {
  op: OperationName
  round: number
  /** how many operations, one after the other */
  count: number
  /** listen to the events and count messages: for batches that are not timed */
  countMessages: boolean
}

export interface BatchResult {
  /** of those that succeeded, ms each */
  latencies: number[]
  /** of the process, what the operations left behind included, ms an operation */
  cpuMs: number
  /** the reasons of those that failed */
  failures: string[]
  /** of those that succeeded, an operation */
  messages: number[]
  recall: number[]
  stored: number[]
}

/** What can be asked of a subject's process. */
export interface Calls {
  form (request: FormRequest): Promise<FormResult>
  batch (request: BatchRequest): Promise<BatchResult>
  stop (): Promise<void>
}

export interface Call {
  name: keyof Calls
  request?: any
}

export type Reply = { result: unknown } | { error: string }
