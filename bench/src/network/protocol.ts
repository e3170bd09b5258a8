// What the bench asks of the network of a subject, whatever that is written in.

import type { OperationName } from './operation-names.ts'
import type { SubjectName } from '../subjects/index.ts'
import type { TransportName } from '../transport-names.ts'

export interface FormRequest {
  subject: SubjectName
  transport: TransportName
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

export interface Calls {
  form (request: FormRequest): Promise<Formed>
  batch (request: BatchRequest): Promise<BatchResult>
  /** resident memory of the process, MiB; unless the system does not tell */
  memory (): Promise<number | undefined>
  /** never rejects */
  stop (): Promise<void>
}
