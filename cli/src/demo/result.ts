// What the demo has to show for itself; printed as it is with --json.

export interface Row {
  name: string
  ok: boolean
  hops: number
  messages: number
  ms: number
  /** who asked */
  by: string
  error?: string
  /** what it found, by operation */
  [detail: string]: unknown
}

export interface DemoResult {
  nodes: number
  /** how many nodes hold a value */
  k: number
  /** until all nodes had joined and knew their neighbourhoods */
  joinMs: number
  file: { path: string, cid: string, size: number }
  killed: string[]
  operations: Row[]
  ms: number
  ok: boolean
  /** of the nodes that stay up, with --keep */
  addresses?: string[]
}
