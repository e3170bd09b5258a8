// Looks for everyone in the region of a key, as the library's `searchRegion` does it.

import { RegionSearch, wantsRegion } from '../../../src/kademlia/region.ts'
import { CONFIG } from '../network/config.ts'
import { RULES } from '../policies/index.ts'
import { lookUp } from './sample.ts'
import type { Sample } from './sample.ts'
import type { Key } from '../../../src/kademlia/key.ts'
import type { NetworkSize } from '../../../src/kademlia/network-size.ts'
import type { RegionMode } from '../../../src/kademlia/region.ts'
import type { SimNode } from '../network/node.ts'
import type { World } from '../world/world.ts'

export interface RegionReport {
  /** the nearest, nearest first, and then the others of the region: all whom a record is given to, or who are asked for it */
  nearest: SimNode[]
  others: SimNode[]
  /** all that answered the lookup for the key itself */
  answered: SimNode[]
  /** lookups and their requests, that for the key itself among them */
  lookups: number
  messages: number
  /** virtual ms of the lookups, one after the other */
  ms: number
  /** whether the region was searched */
  searched: boolean
}

/** `size`: what the one who looks knows of the size of the network */
export function searchRegion (world: World, { label, from, target }: Sample, mode: RegionMode, size: NetworkSize | undefined): RegionReport {
  const { k } = CONFIG
  const report: RegionReport = { nearest: [], others: [], answered: [], lookups: 0, messages: 0, ms: 0, searched: false }
  const random = world.random.fork(`${label} far side`)
  /** a lookup starts from what the one before has found, too: its key was near by */
  let known: SimNode[] = []

  const find = (target: Key, avoid?: (peer: SimNode) => boolean): SimNode[] => {
    const { report: { found, all = found, messages, ms } } = lookUp(world, RULES.ours, { label: `${label} region ${report.lookups++}`, from, target }, { known, avoid })
    report.messages += messages
    report.ms += ms
    known = found

    return all
  }

  report.answered = find(target)
  report.nearest = report.answered.slice(0, k)

  if (wantsRegion(mode, target, report.nearest, k, size)) {
    const search = new RegionSearch<SimNode>({ target, k, size }, report.answered)

    for (let bits = search.next(); bits != null; bits = search.next()) {
      const far = random.keyInBucket(target, bits)
      search.onLookup(far, find(far, peer => search.avoids(peer)))
    }

    report.searched = true
    report.others = search.members().filter(node => !report.nearest.includes(node))
  }

  return report
}
