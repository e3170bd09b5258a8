// Drives one write over the simulated network, as the library's `storeNearest` drives it over the real one.

import { compareDistance } from '../../../src/kademlia/key.ts'
import { ENOUGH_HOLDERS, optimisticRule } from '../../../src/kademlia/optimistic.ts'
import { CONFIG } from '../network/config.ts'
import { RULES } from '../policies/index.ts'
import { runLookup } from './run-lookup.ts'
import type { Key } from '../../../src/kademlia/key.ts'
import type { NetworkSize } from '../../../src/kademlia/network-size.ts'
import type { SimNetwork } from '../network/network.ts'
import type { SimNode } from '../network/node.ts'
import type { Random } from '../network/random.ts'

export interface ProvideTask {
  from: SimNode
  target: Key
  random: Random
  /** for an optimistic write: what is known of the size of the network */
  size?: NetworkSize
}

export interface ProvideReport {
  /** nearest first */
  holders: SimNode[]
  /** requests of the lookup, and what was given to holders */
  messages: number
  /** virtual ms until its caller has a result, and until it is over */
  returned: number
  ms: number
}

/** `done` is called once, when all have got it. */
export function runProvide (network: SimNetwork, { from, target, random, size }: ProvideTask, done: (report: ProvideReport) => void): void {
  const { k } = CONFIG
  const { clock } = network
  const begun = clock.now
  const rule = optimisticRule(k, size)
  const given = new Set<SimNode>()
  let arrived = 0
  let returned: number | undefined
  /** of the lookup, once it is over */
  let messages: number | undefined

  const finish = (): void => {
    if (messages != null && arrived === given.size) {
      const ms = clock.now - begun
      done({ holders: [...given].sort((a, b) => compareDistance(a.key, b.key, target)), messages: messages + given.size, returned: returned ?? ms, ms })
    }
  }
  const give = (peers: SimNode[]): void => {
    for (const peer of peers) {
      if (!given.has(peer)) {
        given.add(peer)
        network.post(from, peer, () => {
          arrived++

          if (rule != null && arrived >= ENOUGH_HOLDERS * k) {
            returned ??= clock.now - begun
          }

          finish()
        })
      }
    }
  }

  runLookup(network, {
    rules: RULES.ours,
    from,
    target,
    random,
    onStep: view => {
      give(view.settled(k))
      const verdict = rule?.(target, view.closest(k))
      give(verdict?.sure ?? [])

      return verdict?.enough === true
    }
  }, report => {
    messages = report.messages
    give(report.found)
    finish()
  })
}
