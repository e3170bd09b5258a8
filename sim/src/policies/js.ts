// The lookup rules of @libp2p/kad-dht 16.4 in our own words: the k nearest of the table are shuffled and dealt to its paths, ten by default.
// Each path has a queue of its own, nearest first, ten at once; a peer is on one path only. Of a reply a path follows who is
// nearer than the one who answered and could enter the path's own nearest k that have answered. It ends when its queue is empty.
// What it gives its caller are the nearest k of all that have answered. Not rendered: its filter of peers seen, which at times
// takes one for another.

import { compareDistance } from '../../../src/kademlia/key.ts'
import { offerNearest } from '../../../src/kademlia/nearest.ts'
import { CONFIG } from '../network/config.ts'
import { Candidates } from './candidates.ts'
import type { LookupInit, Policy, Rules, Step } from './policy.ts'
import type { SimNode } from '../network/node.ts'

export interface JsOptions {
  /** requests at once, of each path (its `alpha`) */
  alpha: number
  /** its `disjointPaths`, by default as many as α */
  paths: number
}

const DEFAULTS: JsOptions = { alpha: 10, paths: 10 }

/** Its `DEFAULT_QUERY_TIMEOUT`, ms. */
const QUERY_TIMEOUT = 180_000

/** Its adaptive time-out at its least; it grows to a minute with failures. Of dial and request together, ms. */
const LIMITS = { dial: 5_000, request: 5_000, total: 5_000 }

class Path {
  readonly #init: LookupInit
  readonly #alpha: number
  readonly queue: Candidates<'queued' | 'taken'>
  /** the nearest that have answered */
  readonly #closest: SimNode[] = []
  running = 0

  constructor (init: LookupInit, alpha: number) {
    this.#init = init
    this.#alpha = alpha
    this.queue = new Candidates(init.target)
  }

  /** The next to ask; those that could not enter the nearest k any more are passed over. */
  take (): SimNode | undefined {
    if (this.running === this.#alpha) {
      return
    }

    for (const candidate of this.queue.sorted) {
      if (candidate.state === 'queued') {
        candidate.state = 'taken'

        if (this.canAdd(candidate.peer)) {
          this.running++
          return candidate.peer
        }
      }
    }
  }

  add (peer: SimNode): void {
    offerNearest(this.#closest, peer, this.#init.target, this.#init.k)
  }

  canAdd (peer: SimNode): boolean {
    const farthest = this.#closest[this.#init.k - 1]

    return farthest == null || compareDistance(peer.key, farthest.key, this.#init.target) < 0
  }
}

class JsLookup implements Policy {
  readonly #init: LookupInit
  readonly #paths: Path[]
  readonly #seen = new Set<SimNode>()
  readonly #pathOf = new Map<SimNode, Path>()
  readonly #closest: SimNode[] = []

  constructor (init: LookupInit, seeds: SimNode[], { alpha, paths }: JsOptions) {
    this.#init = init
    this.#paths = Array.from({ length: paths }, () => new Path(init, alpha))

    init.random.sample(seeds, seeds.length).forEach((seed, i) => {
      this.#seen.add(seed)
      this.#paths[i % paths].queue.add(seed, 'queued')
    })
  }

  next (now: number): Step {
    for (const path of this.#paths) {
      const peer = path.take()

      if (peer != null) {
        this.#pathOf.set(peer, path)
        return { ask: peer }
      }
    }

    return this.#paths.every(({ running }) => running === 0) ? { done: true } : { wait: Infinity }
  }

  onReply (peer: SimNode, closer: SimNode[]): void {
    const { self, target, k } = this.#init
    const path = this.#end(peer)

    if (path == null) {
      return
    }

    path.add(peer)
    offerNearest(this.#closest, peer, target, k)

    for (const named of closer) {
      if (!this.#seen.has(named) && named !== self && compareDistance(named.key, peer.key, target) < 0 && path.canAdd(named)) {
        this.#seen.add(named)
        path.queue.add(named, 'queued')
      }
    }
  }

  onFailure (peer: SimNode): void {
    this.#end(peer)
  }

  closest (): SimNode[] {
    return this.#closest
  }

  #end (peer: SimNode): Path | undefined {
    const path = this.#pathOf.get(peer)

    if (path != null) {
      this.#pathOf.delete(peer)
      path.running--
    }

    return path
  }
}

/** With other options than its defaults. */
export function jsWith (options: JsOptions): Rules {
  return {
    name: 'js',
    limits: LIMITS,
    longest: QUERY_TIMEOUT,
    seeds: CONFIG.k,
    start: (init, seeds) => new JsLookup(init, seeds, options)
  }
}

export const js = jsWith(DEFAULTS)
