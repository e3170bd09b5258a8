// What the bench asks of the process of a server, whatever that is written in.

import type { Quiet } from '../cpu.ts'
import type { SubjectName } from '../subjects/index.ts'

export interface StartRequest {
  subject: SubjectName
  /** its private key */
  key: Uint8Array
  /** where it keeps values and provider records; in memory, when left out */
  folder?: string
}

/** How it is reached. */
export interface Started {
  id: string
  addrs: string[]
}

/** What its process has taken. */
export interface Usage {
  /** since it started, ms */
  cpuMs: number
  /** left out where the system does not tell */
  rssMiB?: number
}

export interface ServerCalls {
  start (request: StartRequest): Promise<Started>
  /** peers in its routing table */
  table (): Promise<number>
  /** waits until the process has come to rest */
  usage (resting: Quiet): Promise<Usage>
  /** no effect where a process cannot tell what its time goes into */
  startProfile (): Promise<void>
  /** writes what was seen since */
  stopProfile (file: string): Promise<void>
  /** never rejects */
  stop (): Promise<void>
}
