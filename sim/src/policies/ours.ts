// The library's own lookup, as it is.

import { Lookup } from '../../../src/kademlia/lookup.ts'
import { MAX_ASKED, SEEDS } from '../../../src/kademlia/parameters.ts'
import { CONFIG } from '../network/config.ts'
import type { Policy, Rules } from './policy.ts'
import type { SimNode } from '../network/node.ts'

/** `paths`: disjoint paths of a lookup; the library's default when left out */
export function ours (paths = CONFIG.disjointPaths): Rules {
  return {
    name: 'ours',
    limits: { dial: CONFIG.requestTimeout, request: CONFIG.requestTimeout, total: CONFIG.requestTimeout },
    seeds: SEEDS * CONFIG.k,

    start: ({ target, self, k, isWarm }, seeds): Policy => {
      const lookup = new Lookup<SimNode>({
        target,
        self: self.id,
        k,
        alpha: CONFIG.alpha,
        paths,
        maxAsked: MAX_ASKED * k,
        slowAfter: peer => self.latency.slowAfter(peer.id, isWarm(peer))
      }, seeds)

      return {
        next: now => lookup.next(now),
        onReply: (peer, closer) => { lookup.onReply(peer, closer) },
        onFailure: peer => { lookup.onFailure(peer) },
        closest: () => lookup.closest(k),
        silent: () => lookup.slow()
      }
    }
  }
}
