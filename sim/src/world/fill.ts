// The fast mode: tables as long-running nodes have them, filled by one who knows all nodes instead of by joins. Each bucket gets
// k of the nodes that belong there, drawn at random, or all when there are no more. docs/simulation.md holds it against joins.

import { CONFIG } from './config.ts'
import { CONNECTIONS } from './model.ts'
import type { SimNetwork } from './network.ts'
import type { SimNode } from './node.ts'
import type { Random } from './random.ts'
import type { Key } from '../../../src/kademlia/key.ts'

/** Each node opens this share of the connections it may have; the others are opened by its peers. */
const OPENED = 0.5

export function fill (nodes: SimNode[], network: SimNetwork, random: Random): void {
  const sorted = nodes.toSorted((a, b) => compare(a.key, b.key))

  sorted.forEach((node, at) => { fillTable(node, at, sorted, network.clock.now, random) })

  for (const node of nodes) {
    const peers = [...node.table.entries()].map(({ peer }) => peer)
    random.sample(peers, OPENED * CONNECTIONS).forEach(peer => { network.connect(node, peer) })
  }
}

/** All nodes that share so many bits with a key lie side by side in `sorted`: the range narrows by one bit after the other. */
function fillTable (node: SimNode, at: number, sorted: SimNode[], now: number, random: Random): void {
  let low = 0
  let high = sorted.length

  for (let bit = 0; high - low > 1; bit++) {
    const middle = firstWithBit(sorted, low, high, bit)
    const isUpper = at >= middle
    const [from, to] = isUpper ? [low, middle] : [middle, high]

    for (const i of pickRange(from, to, CONFIG.k, random)) {
      node.table.onAlive(sorted[i], now)
    }

    low = isUpper ? middle : low
    high = isUpper ? high : middle
  }
}

/** The first index in the range whose key has the bit set; all in the range share the bits before. */
function firstWithBit (sorted: SimNode[], low: number, high: number, bit: number): number {
  const word = bit >>> 5
  const mask = 2 ** (31 - bit % 32)

  while (low < high) {
    const middle = (low + high) >>> 1

    if ((sorted[middle].key[word] & mask) === 0) {
      low = middle + 1
    } else {
      high = middle
    }
  }

  return low
}

/** `n` different whole numbers of a range, or all. */
function pickRange (from: number, to: number, n: number, random: Random): Iterable<number> {
  const picked = new Set<number>()

  if (to - from <= n) {
    for (let i = from; i < to; i++) {
      picked.add(i)
    }
  }

  while (picked.size < Math.min(n, to - from)) {
    picked.add(from + random.int(to - from))
  }

  return picked
}

function compare (a: Key, b: Key): number {
  const at = a.findIndex((word, i) => word !== b[i])

  return at === -1 ? 0 : a[at] < b[at] ? -1 : 1
}
