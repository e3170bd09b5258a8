// Gets into the network: a client that comes and goes dials whom it joins through; a node that stays leaves that to the
// library, which tries again by itself, and its user hears from here when nobody answers.

import { describe } from './errors.ts'
import { parseMultiaddr } from './parse.ts'
import type { KadNode } from './node.ts'
import type { RoutingTable } from 'libp2p-kad'

/** So long seeds may take to answer before their silence is told, and between two times that it is told, ms. */
const PATIENCE = 10_000
const TELL_AGAIN = 60_000

/** No more of the seeds are named. */
const NAMED = 3

/**
 * Connects to one of the seeds.
 *
 * @throws {Error} when none of them can be reached
 */
export async function dialAny (node: KadNode, seeds: string[], signal: AbortSignal): Promise<void> {
  try {
    // whoever answers first will do: one that is gone keeps nobody waiting
    await Promise.any(seeds.map(async address => node.dial(parseMultiaddr(address), { signal })))
  } catch (error) {
    signal.throwIfAborted()
    throw new Error(`None of the peers to join through can be reached: ${describe(error)}`)
  }
}

/**
 * Tells while the table stays empty although there are seeds to ask.
 *
 * @returns ends it
 */
export function watchAlone (table: Pick<RoutingTable, 'size'>, seeds: string[], tell: (text: string) => void): () => void {
  let timer = seeds.length === 0 ? undefined : setTimeout(look, PATIENCE)

  function look (): void {
    if (table.size === 0) {
      tell(`nobody answers: is ${anyOf(seeds)} running, and reachable from here?`)
    }

    timer = setTimeout(look, TELL_AGAIN)
  }

  return () => { clearTimeout(timer) }
}

function anyOf (seeds: string[]): string {
  const more = seeds.length - NAMED

  return [...seeds.slice(0, NAMED), ...more > 0 ? [`one of ${more} more`] : []].join(' or ')
}
