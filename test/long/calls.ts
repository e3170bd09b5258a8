// What a process of nodes is asked for, and what it answers. Nodes are named by their ids.

import type { Footprint } from './footprint.ts'

/** A node that runs. */
export interface NodeInfo {
  id: string
  /** how it is reached, with its id at the end */
  addresses: string[]
}

/** One read by one node. */
export interface Read {
  kind: 'get' | 'find' | 'closest'
  node: string
  /** the key of a value, or the text that content is made of */
  of: string
}

/** What came of it: the value as text, or peers. */
export type ReadResult = { found: string[] } | { error: string }

export interface TableOf {
  node: string
  peers: string[]
  /** to whom there is a connection */
  connectedTo: string[]
}

export interface Calls {
  /** starts nodes whose private keys are made of `keys`, which join through `through` if there is anyone; resolves when they have */
  start (request: { keys: Uint8Array[], through: string[] }): NodeInfo[]
  put (request: { node: string, key: string, value: string }): void
  provide (request: { node: string, text: string }): void
  /** which of these values some node of the process holds */
  held (request: { keys: string[] }): string[]
  read (request: { reads: Read[] }): ReadResult[]
  tables (request: undefined): TableOf[]
  /** each node looks for those of these peers that are in its table */
  seek (request: { peers: string[] }): void
  footprint (request: undefined): Footprint
  /** the nodes stop, and the process ends when nothing keeps it */
  stop (request: undefined): void
}

export type CallName = keyof Calls

export interface CallMessage<N extends CallName = CallName> {
  id: number
  name: N
  request: Parameters<Calls[N]>[0]
}

export type ReplyMessage =
  { id: number, result: unknown } |
  { id: number, error: string } |
  /** the process warns of itself */
  { warning: string }
