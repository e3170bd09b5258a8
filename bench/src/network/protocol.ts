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

/** What one node is to tell the network. */
export interface AnnounceRequest {
  node: number
  multihashes: Uint8Array[]
  /** all together, by a sweep; else `atOnce` of them at a time, each on its own */
  sweep: boolean
  atOnce: number
  /** of which to see who holds them in the end: their places */
  samples: number[]
  /** listen to the events of those that are announced on their own: for batches that are not timed */
  countMessages: boolean
}

export interface Announced {
  /** until all were told, or had failed */
  seconds: number
  /** of the process, so of all nodes, what was left behind included */
  cpuMs: number
  /** reasons, with how often each */
  failures: Record<string, number>
  lookups: number
  /** requests that were sent; undefined where they were not counted */
  messages?: number
  /** of each sample, the nodes that hold it, without the one that has announced it */
  holders: number[][]
}

/** For `--profile`; no effect on what is not JavaScript. */
export interface ProfileCalls {
  startProfile (): Promise<void>
  stopProfile (file: string): Promise<void>
}

export interface Calls extends ProfileCalls {
  form (request: FormRequest): Promise<Formed>
  batch (request: BatchRequest): Promise<BatchResult>
  announce (request: AnnounceRequest): Promise<Announced>
  /** resident memory of the process, MiB; unless the system does not tell */
  memory (): Promise<number | undefined>
  /** never rejects */
  stop (): Promise<void>
}
