// Who is near each of many keys while nodes come and go: as it is, which is what a lookup finds, and as far as the nodes there have
// noticed, which is what their tables hold.

import { CONFIG } from '../network/config.ts'
import { LOOKUP } from '../network/model.ts'
import { NearestLists } from './nearest-lists.ts'
import { Turnover } from './turnover.ts'
import type { World } from './world.ts'
import type { Key } from '../../../src/kademlia/key.ts'
import type { SimNode } from '../network/node.ts'
import type { Random } from '../network/random.ts'

/** Of each key: the nearest, some that may take their places, and one that may turn out to be oneself. */
const KEPT = CONFIG.k + 11

export class Vicinity {
  readonly #truth: NearestLists
  readonly #noticed: NearestLists
  readonly #turnover: Turnover
  /** told of each newcomer that those near the `i`-th key have noticed; it may be gone again */
  onNewcomer: (node: SimNode, i: number) => void = noop

  /** `noticedAfter`: it takes so long, ms, until the others know of one that has come or gone */
  constructor (world: World, size: number, keys: Key[], noticedAfter: number) {
    const { clock } = world
    const begun = clock.now
    this.#truth = new NearestLists(keys, KEPT)
    this.#noticed = new NearestLists(keys, KEPT)

    this.#turnover = new Turnover(world, size, {
      onJoin: node => {
        this.#truth.add(node)

        if (clock.now === begun) {
          this.#noticed.add(node)
        } else {
          clock.after(noticedAfter, () => { this.#noticed.add(node).forEach(i => { this.onNewcomer(node, i) }) })
        }
      },
      onLeave: node => {
        this.#truth.remove(node)
        clock.after(noticedAfter, () => { this.#noticed.remove(node) })
      }
    })
  }

  isUp (node: SimNode): boolean {
    return this.#turnover.isUp(node)
  }

  /** The nearest to the `i`-th key that those near it know, nearest first; some may be gone, some may be missing. */
  known (i: number): readonly SimNode[] {
    return this.#noticed.of(i)
  }

  /** The k nearest to the `i`-th key that are there, nearest first. */
  nearest (i: number): readonly SimNode[] {
    return this.#truth.of(i).slice(0, CONFIG.k)
  }

  /** What a lookup for the `i`-th key finds: each of the nearest as likely as lookups find them, and others in place of the rest. */
  lookUp (i: number, random: Random): SimNode[] {
    return this.#truth.of(i).filter(() => random.chance(LOOKUP.recall)).slice(0, CONFIG.k)
  }
}

function noop (): void {}
