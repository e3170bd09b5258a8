// Drives one write over the simulated network, as the library's `storeNearest` drives it over the real one.

import { compareDistance } from '../../../src/kademlia/key.ts'
import { ENOUGH_HOLDERS, optimisticWrite } from '../../../src/kademlia/optimistic.ts'
import { CONFIG } from '../network/config.ts'
import { ours } from '../policies/ours.ts'
import { runLookup } from './run-lookup.ts'
import type { Key } from '../../../src/kademlia/key.ts'
import type { NetworkSize } from '../../../src/kademlia/network-size.ts'
import type { OptimisticWrite } from '../../../src/kademlia/optimistic.ts'
import type { SimNetwork } from '../network/network.ts'
import type { SimNode } from '../network/node.ts'
import type { Random } from '../network/random.ts'

const USUAL = ours()
const HURRIED = ours({ hurried: true })

/** So many times k of those heard of are looked at. */
const LIKELY = 2

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
  /** lookups, their requests, and to how many peers it was given or was to be */
  lookups: number
  messages: number
  given: number
  /** virtual ms until its caller has a result, and until it is over */
  returned: number
  ms: number
}

/** `done` is called once, when nothing is left to do. */
export function runProvide (network: SimNetwork, task: ProvideTask, done: (report: ProvideReport) => void): void {
  new ProvideRun(network, task, done).begin()
}

class ProvideRun {
  readonly #network: SimNetwork
  readonly #task: ProvideTask
  readonly #done: (report: ProvideReport) => void
  readonly #optimism?: OptimisticWrite<SimNode>
  readonly #begun: number
  /** to whom it is given: whether they have it, once that is known */
  readonly #given = new Map<SimNode, boolean | undefined>()
  #lookups = 0
  #messages = 0
  #looking = false
  #ended = 0
  #returned: number | undefined

  constructor (network: SimNetwork, task: ProvideTask, done: (report: ProvideReport) => void) {
    this.#network = network
    this.#task = task
    this.#done = done
    this.#begun = network.clock.now
    this.#optimism = optimisticWrite(task.target, CONFIG.k, task.size)
  }

  begin (): void {
    this.#lookUp(this.#optimism)
  }

  #lookUp (optimism?: OptimisticWrite<SimNode>): void {
    const { from, target, random } = this.#task
    const { k } = CONFIG
    this.#looking = true
    this.#lookups++

    runLookup(this.#network, {
      rules: optimism == null ? USUAL : HURRIED,
      from,
      target,
      random,
      onStep: view => {
        const step = optimism?.onStep(view.likely(LIKELY * k), view.answered)
        this.#give(step?.give ?? view.settled(k))

        return step?.enough === true
      }
    }, ({ found, messages, reachedGoal }) => {
      this.#looking = false
      this.#messages += messages

      if (!reachedGoal) {
        this.#give(found)
      }

      this.#finish()
    })
  }

  #give (peers: SimNode[]): void {
    for (const peer of peers.filter(peer => !this.#given.has(peer))) {
      this.#given.set(peer, undefined)
      this.#network.post(this.#task.from, peer, USUAL.limits, taken => { this.#settle(peer, taken) })
    }
  }

  #settle (peer: SimNode, taken: boolean): void {
    this.#given.set(peer, taken)
    this.#ended++

    if (!taken) {
      this.#give(this.#optimism?.onFailure(peer) ?? [])
    } else if (this.#optimism != null && this.#holders().length >= ENOUGH_HOLDERS * CONFIG.k) {
      this.#returned ??= this.#network.clock.now - this.#begun
    }

    this.#finish()
  }

  #finish (): void {
    if (this.#looking || this.#ended < this.#given.size) {
      return
    }

    const holders = this.#holders()

    if (this.#optimism != null && this.#lookups === 1 && (this.#optimism.failed || holders.length < ENOUGH_HOLDERS * CONFIG.k)) {
      this.#lookUp()
      return
    }

    const ms = this.#network.clock.now - this.#begun
    this.#done({ holders, lookups: this.#lookups, messages: this.#messages, given: this.#given.size, returned: this.#returned ?? ms, ms })
  }

  #holders (): SimNode[] {
    const { target } = this.#task

    return [...this.#given.keys()].filter(peer => this.#given.get(peer) === true).sort((a, b) => compareDistance(a.key, b.key, target))
  }
}
