// Keys announced by some nodes and looked for by others, while hostile nodes keep nothing and tell of none but themselves.

import { mean, quantile } from 'simple-statistics'
import { CONFIG } from '../network/config.ts'
import { nearestNodes } from '../network/nearest-nodes.ts'
import { isHonest } from '../network/node.ts'
import { searchRegion } from './region-search.ts'
import { rounded } from './row.ts'
import type { Observer } from './observed-size.ts'
import type { Row } from './row.ts'
import type { Key } from '../../../src/kademlia/key.ts'
import type { RegionMode } from '../../../src/kademlia/region.ts'
import type { World } from '../world/world.ts'

/** Each key is announced by one of them and looked for by another. `messages` and times are of lookups, of both sides. */
export function announce (world: World, observers: Observer[], keys: Key[], mode: RegionMode): Partial<Row> {
  const honest = world.nodes.filter(isHonest)

  const runs = keys.map((target, i) => {
    const [provider, searcher] = world.random.fork(`announce ${i}`).sample(observers, 2)
    const provided = searchRegion(world, { label: `provider ${i}`, from: provider.from, target }, mode, provider.size)
    const given = [...provided.nearest, ...provided.others]
    const holders = new Set(given.filter(isHonest))
    const searched = searchRegion(world, { label: `searcher ${i}`, from: searcher.from, target }, mode, searcher.size)
    const there = nearestNodes(honest.filter(node => node !== provider.from), target, CONFIG.k)

    return {
      found: [...searched.answered, ...searched.others].some(node => holders.has(node)) || holders.has(searcher.from),
      stores: given.length,
      holders: there.filter(node => holders.has(node)).length,
      sides: [provided, searched]
    }
  })
  const sides = runs.flatMap(({ sides }) => sides)

  return {
    success: rounded(mean(runs.map(({ found }) => found ? 1 : 0))),
    searched: rounded(mean(sides.map(({ searched }) => searched ? 1 : 0)), 4),
    lookupsEach: rounded(mean(sides.map(({ lookups }) => lookups))),
    messages: rounded(mean(sides.map(({ messages }) => messages))),
    stores: rounded(mean(runs.map(({ stores }) => stores))),
    holders: rounded(mean(runs.map(({ holders }) => holders))),
    p50: Math.round(quantile(sides.map(({ ms }) => ms), 0.5)),
    p99: Math.round(quantile(sides.map(({ ms }) => ms), 0.99))
  }
}
