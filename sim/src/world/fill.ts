// The fast mode: tables as long-running nodes have them, filled by one who knows all nodes instead of by joins. Each bucket gets
// k of the nodes that belong there, drawn at random, or all when there are no more. docs/simulation.md holds it against joins.

import { CONFIG } from '../network/config.ts'
import { roundTrip } from '../network/geography.ts'
import { COLD_ROUND_TRIPS, CONNECTIONS } from '../network/model.ts'
import type { Key } from '../../../src/kademlia/key.ts'
import type { SimNetwork } from '../network/network.ts'
import type { SimNode } from '../network/node.ts'
import type { Random } from '../network/random.ts'

/** Each node opens this share of the connections it may have; the others are opened by its peers. */
const OPENED = 0.5

/** Draws for one that is older, as nodes that join learn of those that are there. */
const TRIES = 16

/** Peers whose round trips a node has measured. */
const MEASURED = 16

export function fill (nodes: SimNode[], network: SimNetwork, random: Random): void {
  const sorted = nodes.toSorted((a, b) => compare(a.key, b.key))

  const ages = new Map(nodes.map((node, i) => [node, i]))
  const joinedAt = sorted.map(node => ages.get(node) ?? 0)

  sorted.forEach((node, at) => { fillTable(node, at, sorted, joinedAt, network.clock.now, random) })

  for (const node of nodes) {
    const peers = random.sample([...node.table.entries()].map(({ peer }) => peer), OPENED * CONNECTIONS)

    for (const peer of peers) {
      network.connect(node, peer)
    }

    for (const peer of peers.slice(0, MEASURED)) {
      const ms = roundTrip(node.place, peer.place)
      node.latency.onAnswer(peer.id, ms, 'stream')
      node.latency.onAnswer(peer.id, random.between(...COLD_ROUND_TRIPS) * ms, 'dial')
    }
  }
}

/** All nodes that share so many bits with a key lie side by side in `sorted`: the range narrows by one bit after the other. */
function fillTable (node: SimNode, at: number, sorted: SimNode[], joinedAt: number[], now: number, random: Random): void {
  let low = 0
  let high = sorted.length

  for (let bit = 0; high - low > 1; bit++) {
    const middle = firstWithBit(sorted, low, high, bit)
    const isUpper = at >= middle
    const [from, to] = isUpper ? [low, middle] : [middle, high]

    for (const i of pickRange(from, to, CONFIG.k, random, i => joinedAt[i] < joinedAt[at])) {
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

/** `n` different whole numbers of a range, or all; those that are `liked`, if they are easily found. */
function pickRange (from: number, to: number, n: number, random: Random, liked: (i: number) => boolean): Iterable<number> {
  const picked = new Set<number>()

  if (to - from <= n) {
    for (let i = from; i < to; i++) {
      picked.add(i)
    }
  }

  while (picked.size < Math.min(n, to - from)) {
    let i = from + random.int(to - from)

    for (let tries = 1; tries < TRIES && (picked.has(i) || !liked(i)); tries++) {
      i = from + random.int(to - from)
    }

    picked.add(i)
  }

  return picked
}

function compare (a: Key, b: Key): number {
  const at = a.findIndex((word, i) => word !== b[i])

  return at === -1 ? 0 : (a[at] >>> 0) - (b[at] >>> 0)
}
