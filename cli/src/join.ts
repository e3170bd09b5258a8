// Gets a node into the network: asks the bootstrap peers while the node knows nobody, and leaves them in peace otherwise.

import { setTimeout as sleep } from 'node:timers/promises'
import { describe } from './errors.ts'
import { parseMultiaddr } from './parse.ts'
import type { KadNode } from './node.ts'

/** Between two tries, ms; doubled after each. */
const FIRST_RETRY = 1_000
const LAST_RETRY = 60_000

/** How often to look whether the node has come to know nobody again, ms. */
const LOOK = 30_000

/** So long the peers of the last time may take to answer before the bootstrap peers are asked, ms. */
const PATIENCE = 3_000

/**
 * Connects to the bootstrap peers.
 *
 * @throws {Error} when none of them can be reached
 */
export async function dialAny (node: KadNode, bootstrap: string[], signal: AbortSignal): Promise<void> {
  const results = await Promise.allSettled(bootstrap.map(async address => node.dial(parseMultiaddr(address), { signal })))
  const failures = results.filter(result => result.status === 'rejected')
  signal.throwIfAborted()

  if (failures.length === bootstrap.length) {
    throw new Error(`None of the bootstrap peers can be reached: ${[...new Set(failures.map(({ reason }) => describe(reason)))].join('; ')}`)
  }
}

export interface KeepJoinedOptions {
  /** whether the node knows peers from the last time: they are given the first chance */
  returning: boolean
  signal: AbortSignal
  /** The next try is `retry` ms from now. */
  onFailure (error: Error, retry: number): void
}

/** Runs until the signal ends it. */
export async function keepJoined (node: KadNode, bootstrap: string[], { returning, signal, onFailure }: KeepJoinedOptions): Promise<void> {
  let retry = FIRST_RETRY

  const wait = async (ms: number): Promise<void> => { await sleep(ms, undefined, { signal }).catch(() => {}) }

  await wait(returning ? PATIENCE : 0)

  while (!signal.aborted && bootstrap.length > 0) {
    if (node.services.dht.routingTable.size > 0) {
      retry = FIRST_RETRY
      await wait(LOOK)
    } else {
      try {
        await dialAny(node, bootstrap, signal)
      } catch (error: any) {
        if (!signal.aborted) {
          onFailure(error, retry)
        }
      }

      await wait(retry)
      retry = Math.min(2 * retry, LAST_RETRY)
    }
  }
}
