// The upkeep of a node's table while it is up, at the intervals at which the library does it.

import { JITTER, SELF_INTERVAL_GROWTH, UPKEEP } from '../../../src/kademlia/parameters.ts'
import { CONFIG } from '../network/config.ts'
import { isUp } from '../network/node.ts'
import { lookUp, refresh } from './join.ts'
import type { Upkeep } from './join.ts'
import type { SimNode } from '../network/node.ts'

/** From now until it is down, or until `end`: looks for its own neighbourhood, refreshes stale buckets, and probes whom it has not heard of. */
export function keepUp (upkeep: Upkeep, node: SimNode, end = Infinity): void {
  let selfInterval = CONFIG.initialQuerySelfInterval / SELF_INTERVAL_GROWTH

  every(upkeep, node, end, () => UPKEEP.probeInterval, done => {
    probe(upkeep, node)
    done()
  })

  every(upkeep, node, end, () => {
    selfInterval = Math.min(selfInterval * SELF_INTERVAL_GROWTH, CONFIG.querySelfInterval)
    return selfInterval
  }, done => { lookUp(upkeep, node, node.key, done) })

  every(upkeep, node, end, () => CONFIG.refreshInterval, done => { refresh(upkeep, node, (1 - JITTER) * CONFIG.refreshInterval, done) })
}

/** Does it again and again, never twice at once. */
function every (upkeep: Upkeep, node: SimNode, end: number, interval: () => number, task: (done: () => void) => void): void {
  const { network, random } = upkeep

  network.clock.after(interval() * (1 + JITTER * random.between(-1, 1)), () => {
    if (isUp(node) && network.clock.now < end) {
      task(() => { every(upkeep, node, end, interval, task) })
    }
  })
}

/** Each is a request, and counts as one. */
function probe ({ network, rules }: Upkeep, node: SimNode): void {
  const { patience, maxProbes } = UPKEEP

  for (const peer of node.table.due(network.clock.now, patience).slice(0, maxProbes)) {
    network.request(node, peer, peer.key, rules.limits, () => {})
  }
}
