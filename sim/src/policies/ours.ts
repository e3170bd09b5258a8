// The library's own lookup, as it is, and with its rules or options changed.

import { Lookup } from '../../../src/kademlia/lookup.ts'
import { neighbourhood } from '../../../src/kademlia/neighbourhood.ts'
import { HURRIED_LOOKUP_RULES, LOOKUP_RULES, MAX_ASKED, SEEDS } from '../../../src/kademlia/parameters.ts'
import { CONFIG } from '../network/config.ts'
import type { Policy, Rules } from './policy.ts'
import type { LookupRules } from '../../../src/kademlia/lookup-rules.ts'
import type { SimNode } from '../network/node.ts'

/** What can be left out of a lookup, to see what it is worth. `hedge`: asking others in place of the overdue; `slots`: that the slow lose theirs. */
export const LOOKUP_PARTS = ['ramp', 'trust', 'around', 'doubt', 'grace', 'hedge', 'slots'] as const

export type LookupPart = typeof LOOKUP_PARTS[number]

export interface Variation {
  /** disjoint paths of a lookup, if not as many as by default */
  paths?: number
  without?: readonly LookupPart[]
  /** with the rules of one that ends early */
  hurried?: boolean
}

export function ours ({ paths = CONFIG.disjointPaths, without = [], hurried = false }: Variation = {}): Rules {
  const rules: LookupRules = { ...hurried ? HURRIED_LOOKUP_RULES : LOOKUP_RULES, ...Object.fromEntries(without.map(part => [part, undefined])) }

  return {
    name: 'ours',
    limits: { dial: CONFIG.requestTimeout, request: CONFIG.requestTimeout, total: CONFIG.requestTimeout },
    seeds: SEEDS * CONFIG.k,

    start: ({ target, self, k, isPartial, isWarm }, seeds): Policy => {
      const lookup = new Lookup<SimNode>({
        target,
        self: self.id,
        k,
        alpha: CONFIG.alpha,
        paths,
        maxAsked: MAX_ASKED * k,
        rules,
        expected: isPartial ? undefined : neighbourhood(self.key, self.table.closest(self.key, k), k),
        slowAfter: peer => without.includes('slots') ? CONFIG.requestTimeout : self.latency.slowAfter(peer.id, isWarm(peer) ? 'stream' : 'dial'),
        overdueAfter: without.includes('hedge') ? undefined : peer => self.latency.overdueAfter(peer.id, isWarm(peer) ? 'stream' : 'dial')
      }, seeds)

      return {
        view: lookup,
        next: now => lookup.next(now),
        onReply: (peer, closer) => { lookup.onReply(peer, closer) },
        onFailure: peer => { lookup.onFailure(peer) },
        closest: () => lookup.closest(k),
        silent: () => lookup.slow()
      }
    }
  }
}
