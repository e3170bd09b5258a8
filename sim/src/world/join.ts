// How a node joins and keeps its table, as the library's maintenance does it: dials a few, looks for its own neighbourhood,
// then into each bucket that no lookup went to.

import { MAX_REFRESH_DEPTH } from '../../../src/kademlia/parameters.ts'
import { isUp } from '../network/node.ts'
import { runLookup } from './run-lookup.ts'
import type { Key } from '../../../src/kademlia/key.ts'
import type { SimNetwork } from '../network/network.ts'
import type { SimNode } from '../network/node.ts'
import type { Random } from '../network/random.ts'
import type { Rules } from '../policies/policy.ts'

/** What upkeep of a node's table is done with. */
export interface Upkeep {
  network: SimNetwork
  random: Random
  /** by which rules it looks up */
  rules: Rules
}

/** Dials the seeds, and refreshes as soon as one has answered. `done` is called when that is over, or none has answered. */
export function join (upkeep: Upkeep, node: SimNode, seeds: SimNode[], done: () => void = noop): void {
  const { network, rules } = upkeep
  let waiting = seeds.length
  let joined = false

  const onSettled = (closer?: SimNode[]): void => {
    waiting--

    if (!joined && (closer != null || waiting === 0)) {
      joined = true
      refresh(upkeep, node, network.clock.now, done)
    }
  }

  seeds.forEach(seed => { network.request(node, seed, node.key, rules.limits, onSettled) })

  if (seeds.length === 0) {
    done()
  }
}

/** Looks for the own neighbourhood, then into each bucket that no lookup went to since `before`, one after the other. */
export function refresh (upkeep: Upkeep, node: SimNode, before: number, done: () => void = noop): void {
  lookUp(upkeep, node, node.key, () => {
    const stale = node.table.stale(before)

    const next = (i: number): void => {
      if (i < stale.length && stale[i] <= MAX_REFRESH_DEPTH && isUp(node)) {
        lookUp(upkeep, node, upkeep.random.keyInBucket(node.key, stale[i]), () => { next(i + 1) })
      } else {
        done()
      }
    }

    next(0)
  })
}

/** Looks for the neighbours of a key, for what the table learns from it. */
export function lookUp ({ network, random, rules }: Upkeep, node: SimNode, target: Key, done: () => void = noop): void {
  runLookup(network, { rules, from: node, target, random }, () => { done() })
}

function noop (): void {}
