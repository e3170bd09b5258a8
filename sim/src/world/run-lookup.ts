// Drives one lookup by some rules over the simulated network, as the library's query manager drives it over the real one.

import { CONFIG } from '../network/config.ts'
import { Hops } from './hops.ts'
import type { Key } from '../../../src/kademlia/key.ts'
import type { SimNetwork, Sent } from '../network/network.ts'
import type { SimNode } from '../network/node.ts'
import type { Random } from '../network/random.ts'
import type { LookupView, Policy, Rules, Step } from '../policies/policy.ts'

export interface LookupTask {
  rules: Rules
  from: SimNode
  target: Key
  random: Random
  /** whom it starts with, beside those of its table */
  known?: SimNode[]
  /** nodes that are not asked, as if nobody knew them */
  avoid? (peer: SimNode): boolean
  /** the lookup has what it wanted once this peer has answered */
  isGoal? (peer: SimNode): boolean
  /** sees after each reply what was found so far; true ends the lookup, for it is enough. Ours only */
  onStep? (view: LookupView): boolean
}

/** What came of it, and what it took. */
export interface LookupReport {
  /** nearest first */
  found: SimNode[]
  /** all that answered, nearest first; of ours only */
  all?: SimNode[]
  /** it ended with the goal */
  reachedGoal: boolean
  /** requests begun: sent, or still being dialled when the dial failed or was given up */
  messages: number
  answered: number
  /** requests that failed while it ran */
  failed: number
  dials: number
  inFlightMax: number
  /** virtual ms */
  ms: number
  hopsDiscovery: number
  hopsConfirm: number
}

/** `done` is called once; not before this returns, unless there is nobody to ask. */
export function runLookup (network: SimNetwork, task: LookupTask, done: (report: LookupReport) => void): void {
  const run = new LookupRun(network, task, done)
  run.step()

  if (task.rules.longest != null) {
    network.clock.after(task.rules.longest, () => { run.end() })
  }
}

/** A request and what becomes of it. */
interface Exchange {
  askedAt: number
  sent: Sent
  /** answered, failed or given up */
  over: boolean
}

class LookupRun {
  readonly #network: SimNetwork
  readonly #task: LookupTask
  readonly #done: (report: LookupReport) => void
  readonly #policy: Policy
  /** the last one with each peer */
  readonly #exchanges = new Map<SimNode, Exchange>()
  /** of lookups in a network that learns only what it learns counts */
  readonly #hops?: Hops
  readonly #begun: number
  readonly #report: LookupReport = { found: [], reachedGoal: false, messages: 0, answered: 0, failed: 0, dials: 0, inFlightMax: 0, ms: 0, hopsDiscovery: 0, hopsConfirm: 0 }
  #wakeAt = Infinity
  #inFlight = 0
  #ended = false

  constructor (network: SimNetwork, task: LookupTask, done: (report: LookupReport) => void) {
    const { rules, from, target, random, known = [], avoid } = task
    const ofTable = from.table.closest(target, rules.seeds, avoid == null ? undefined : peer => !avoid(peer))
    const seeds = [...ofTable, ...known.filter(peer => avoid?.(peer) !== true)]

    this.#network = network
    this.#task = task
    this.#done = done
    this.#begun = network.clock.now
    this.#hops = network.learning ? undefined : new Hops(seeds)
    this.#policy = rules.start({
      target,
      self: from,
      k: CONFIG.k,
      random,
      isPartial: avoid != null,
      isDialling: peer => this.#isDialling(this.#exchanges.get(peer)),
      isWarm: peer => network.isWarm(from, peer)
    }, seeds)
  }

  /** Does what is to be done now. No effect once it has ended. */
  step (): void {
    const { clock } = this.#network

    while (!this.#ended) {
      const next: Step = this.#report.reachedGoal ? { done: true } : this.#policy.next(clock.now)

      if ('ask' in next) {
        this.#ask(next.ask, next.about?.key)
      } else if ('done' in next) {
        this.end()
      } else {
        if (next.wait < this.#wakeAt) {
          this.#wakeAt = next.wait
          clock.after(Math.max(0, next.wait - clock.now), () => {
            this.#wakeAt = Infinity
            this.step()
          })
        }

        return
      }
    }
  }

  #ask (peer: SimNode, target = this.#task.target): void {
    const { rules, from } = this.#task
    const begun = this.#exchanges.get(peer)

    // one whose dial was given up and is begun anew is sent one request, not two
    if (begun != null && this.#isDialling(begun)) {
      this.#drop(begun)
      this.#report.messages--
      this.#inFlight--
    }

    const askedAt = this.#network.clock.now
    const sent = this.#network.request(from, peer, target, rules.limits, closer => {
      if (!this.#ended && !exchange.over) {
        exchange.over = true
        this.#inFlight--
        this.#settle(peer, closer, exchange)
        this.step()
      }
    })
    const exchange: Exchange = { askedAt, sent, over: false }

    this.#exchanges.set(peer, exchange)
    this.#inFlight++
    this.#report.messages++
    this.#report.dials += sent.warm ? 0 : 1
    this.#report.inFlightMax = Math.max(this.#report.inFlightMax, this.#inFlight)
  }

  /** A dial that is given up sends no request any more. */
  #drop (exchange: Exchange): void {
    exchange.over = true
    exchange.sent.dropped = true
  }

  #isDialling (exchange?: Exchange): boolean {
    return exchange?.over === false && exchange.sent.connectedAt > this.#network.clock.now
  }

  #settle (peer: SimNode, closer: SimNode[] | undefined, { askedAt, sent }: Exchange): void {
    const { from, isGoal, onStep, avoid } = this.#task

    if (closer == null) {
      this.#report.failed++
      this.#policy.onFailure(peer)
      return
    }

    this.#report.answered++

    if (this.#network.learning) {
      from.latency.onAnswer(peer.id, this.#network.clock.now - askedAt, sent.warm ? 'stream' : 'dial')
    }

    this.#hops?.onReply(peer, closer)
    this.#policy.onReply(peer, avoid == null ? closer : closer.filter(named => !avoid(named)))
    this.#report.reachedGoal = isGoal?.(peer) === true || (this.#policy.view != null && onStep?.(this.#policy.view) === true)
  }

  /** It is over, with what it has found so far. No effect when it has ended. */
  end (): void {
    if (this.#ended) {
      return
    }

    const { clock, learning } = this.#network
    const { from, target } = this.#task
    const report = this.#report

    this.#ended = true
    this.#exchanges.forEach(exchange => {
      if (this.#isDialling(exchange)) {
        this.#drop(exchange)
      }
    })
    report.ms = clock.now - this.#begun
    report.found = this.#policy.closest()
    report.all = this.#policy.view?.closest(Infinity)
    report.hopsDiscovery = this.#hops?.discovery(report.found) ?? 0
    report.hopsConfirm = this.#hops?.confirmation(report.found) ?? 0

    if (learning) {
      this.#policy.silent?.().forEach(peer => { from.table.onFailure(peer.id, peer.key, clock.now) })

      if (report.answered > 0) {
        from.table.onLookup(target, report.found, clock.now)
      }
    }

    this.#done(report)
  }
}
