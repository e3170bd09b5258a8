// What the bench asks of the process of a server.

import type { Block } from './blocks.ts'

export interface FillRequest {
  seed: string
  records: number
  folder: string
}

export interface StartRequest {
  key: Uint8Array
  folder: string
  /** keys whose providers it keeps in memory */
  cacheSize: number
  /** records that it may store */
  maxRecords: number
}

export interface Started {
  addrs: string[]
  /** until it had come to rest, s: it reads what is stored */
  seconds: number
  /** the longest that nothing else had a turn meanwhile */
  block: Block
}

/** What it holds in memory, without garbage, bytes. */
export interface Held {
  bytes: number
  rss: number
}

export interface Collected {
  /** records that were deleted */
  records: number
  /** from the first to the last, s */
  seconds: number
  block: Block
}

export interface StoreCalls {
  fill (request: FillRequest): Promise<void>
  start (request: StartRequest): Promise<Started>
  held (): Promise<Held>
  /** lets everything lapse, and waits until so many records are deleted, or nothing happens any more */
  collect (records: number): Promise<Collected>
  startProfile (): Promise<void>
  stopProfile (file: string): Promise<void>
  /** never rejects */
  stop (): Promise<void>
}
