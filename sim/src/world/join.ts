// How a node joins and keeps its table, as the library's maintenance does it: dials a few, looks for its own neighbourhood,
// then into each bucket that no lookup went to.

import { BucketRefresh } from '../../../src/kademlia/bucket-refresh.ts'
import { FULL_REFRESH_FACTOR, MAX_REFRESH_DEPTH, SEEDS_SPARED } from '../../../src/kademlia/parameters.ts'
import { isUp } from '../network/node.ts'
import { runLookup } from './run-lookup.ts'
import type { Key, PeerKey } from '../../../src/kademlia/key.ts'
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
      refresh(upkeep, node, 0, done)
    }
  }

  node.seeds = new Set(seeds)
  node.seedsSparedUntil = network.clock.now + SEEDS_SPARED
  seeds.forEach(seed => { network.request(node, seed, node.key, rules.limits, onSettled) })

  if (seeds.length === 0) {
    done()
  }
}

/** Looks for the own neighbourhood, then into each bucket that no lookup went to for `age` ms, one after the other. */
export function refresh (upkeep: Upkeep, node: SimNode, age: number, done: () => void = noop): void {
  const { now } = upkeep.network.clock

  lookUp(upkeep, node, node.key, () => {
    const stale = node.table.stale(now - age, now - FULL_REFRESH_FACTOR * age)

    const next = (i: number): void => {
      if (i < stale.length && stale[i] <= MAX_REFRESH_DEPTH && isUp(node)) {
        lookInto(upkeep, node, stale[i], () => { next(i + 1) })
      } else {
        done()
      }
    }

    next(0)
  })
}

/** Looks for peers that a bucket lacks; when there are too few to tell of any, for all there are. */
function lookInto (upkeep: Upkeep, node: SimNode, cpl: number, done: () => void): void {
  const { network, random, rules } = upkeep
  const target = random.keyInBucket(node.key, cpl)
  const inFull = (): void => { lookUp(upkeep, node, target, done) }
  const refresh = new BucketRefresh(node.table, node.key, cpl, target, spared(upkeep, node))

  if (!refresh.possible) {
    inFull()
    return
  }

  runLookup(network, { rules, from: node, target, random, avoid: peer => refresh.avoids(peer), isGoal: () => refresh.onReply() }, ({ answered }) => {
    (answered === 0 ? inFull : done)()
  })
}

/** Looks for the neighbours of a key, for what the table learns from it. For a while seeds are spared, if others are known. */
export function lookUp (upkeep: Upkeep, node: SimNode, target: Key, done: () => void = noop): void {
  const { network, random, rules } = upkeep
  const isSparing = isSparingSeeds(network, node)

  runLookup(network, { rules, from: node, target, random, avoid: isSparing ? spared(upkeep, node) : undefined }, () => { done() })
}

function isSparingSeeds ({ clock }: SimNetwork, { table, seeds, seedsSparedUntil }: SimNode): boolean {
  return clock.now < seedsSparedUntil && [...table.entries()].some(({ peer }) => !seeds.has(peer))
}

/** Whether a peer is one of the seeds, while these are spared. */
function spared ({ network }: Upkeep, { seeds, seedsSparedUntil }: SimNode): (peer: PeerKey) => boolean {
  const ids = new Set([...seeds].map(({ id }) => id))

  return ({ id }) => network.clock.now < seedsSparedUntil && ids.has(id)
}

function noop (): void {}
