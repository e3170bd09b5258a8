// Announces many keys in the order of the key space, as the library's sweep does it: by lookups that tell of many keys each.

import { Exploration } from '../../../src/kademlia/explore.ts'
import { compareDistance } from '../../../src/kademlia/key.ts'
import { CONFIG } from '../network/config.ts'
import { RULES } from '../policies/index.ts'
import { lookUp } from './sample.ts'
import type { Key } from '../../../src/kademlia/key.ts'
import type { SimNode } from '../network/node.ts'
import type { World } from '../world/world.ts'

/** The order of keys is that of their distances from the key of zeros. */
const ZERO: Key = [0, 0, 0, 0, 0, 0, 0, 0]

/** Steps for a key until it is given up, which nobody should see: three are the most when no lookup fails. */
const STEPS = 5

export interface SweepReport {
  lookups: number
  /** requests of all lookups */
  messages: number
  /** keys of which nobody was found */
  dropped: number
}

/** `onKey` is told whom each key is given to, nearest first. Lookups are made in copies of time in which nobody learns. */
export function sweep (world: World, from: SimNode, keys: readonly Key[], onKey: (key: Key, nearest: SimNode[]) => void): SweepReport {
  const exploration = new Exploration<SimNode>(CONFIG.k)
  const report: SweepReport = { lookups: 0, messages: 0, dropped: 0 }
  /** a lookup starts from what the one before has found, too: its key was near by */
  let known: SimNode[] = []

  const find = (target: Key): SimNode[] => {
    const { report: { found, all = found, messages } } = lookUp(world, RULES.ours, { label: `sweep by ${from.id} ${report.lookups++}`, from, target }, { known })
    report.messages += messages
    known = found

    return all
  }

  for (const key of keys.toSorted((a, b) => compareDistance(a, b, ZERO))) {
    let nearest: SimNode[] | undefined

    for (let steps = 0; nearest == null && steps < STEPS; steps++) {
      const step = exploration.next(key, world.clock.now)

      if ('nearest' in step) {
        nearest = step.nearest
      } else if ('around' in step) {
        exploration.onAround(step.around, find(step.around.key))
      } else {
        exploration.onLookup(step.lookUp, find(step.lookUp))
      }
    }

    if (nearest == null || nearest.length === 0) {
      report.dropped++
    } else {
      onKey(key, nearest)
    }
  }

  return report
}
