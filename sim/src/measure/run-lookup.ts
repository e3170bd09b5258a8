// Drives one lookup by some rules over the simulated network, as the library's query manager drives it over the real one.

import { CONFIG } from '../world/config.ts'
import { Hops } from './hops.ts'
import type { Rules } from '../policies/policy.ts'
import type { SimNetwork, Sent } from '../world/network.ts'
import type { SimNode } from '../world/node.ts'
import type { Random } from '../world/random.ts'
import type { Key } from '../../../src/kademlia/key.ts'

export interface LookupTask {
  rules: Rules
  from: SimNode
  target: Key
  random: Random
  /** the lookup has what it wanted once this peer has answered */
  isGoal? (peer: SimNode): boolean
}

/** What came of it, and what it took. */
export interface LookupReport {
  /** nearest first */
  found: SimNode[]
  /** it ended with the goal */
  reachedGoal: boolean
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

/** `done` is called once, not before this returns unless there is nobody to ask. */
export function runLookup (network: SimNetwork, task: LookupTask, done: (report: LookupReport) => void): void {
  const { rules, from, target, isGoal } = task
  const { clock } = network
  const begun = clock.now
  const seeds = from.table.closest(target, rules.seeds)
  const sent = new Map<SimNode, Sent>()
  // of lookups in a network that learns only what it learns counts
  const hops = network.learning ? undefined : new Hops(seeds)
  let wakeAt = Infinity
  let ended = false
  let inFlight = 0
  const report: LookupReport = { found: [], reachedGoal: false, messages: 0, answered: 0, failed: 0, dials: 0, inFlightMax: 0, ms: 0, hopsDiscovery: 0, hopsConfirm: 0 }

  const policy = rules.start({
    target,
    self: from,
    k: CONFIG.k,
    random: task.random,
    isDialling: peer => (sent.get(peer)?.connectedAt ?? 0) > clock.now,
    isWarm: peer => from.connections.has(peer)
  }, seeds)

  const end = (): void => {
    ended = true
    report.ms = clock.now - begun
    report.found = policy.closest()
    report.hopsDiscovery = hops?.discovery(report.found) ?? 0
    report.hopsConfirm = hops?.confirmation(report.found) ?? 0

    if (network.learning) {
      policy.silent?.().forEach(peer => { from.table.onFailure(peer.id, peer.key, clock.now) })

      if (report.answered > 0) {
        from.table.onLookup(target, report.found, clock.now)
      }
    }

    done(report)
  }

  const wake = (): void => {
    wakeAt = Infinity
    step()
  }

  const ask = (peer: SimNode): void => {
    const at = clock.now
    const request = network.request(from, peer, target, rules.limits, closer => {
      inFlight--

      if (ended) {
        return
      }

      if (closer == null) {
        report.failed++
        policy.onFailure(peer)
      } else {
        report.answered++
        from.latency.onAnswer(peer.id, clock.now - at, request.warm)
        hops?.onReply(peer, closer)
        policy.onReply(peer, closer)
        report.reachedGoal = isGoal?.(peer) === true
      }

      step()
    })

    sent.set(peer, request)
    inFlight++
    report.messages++
    report.dials += request.warm ? 0 : 1
    report.inFlightMax = Math.max(report.inFlightMax, inFlight)
  }

  const step = (): void => {
    while (!ended) {
      const next = report.reachedGoal ? { done: true } as const : policy.next(clock.now)

      if ('ask' in next) {
        ask(next.ask)
      } else if ('done' in next) {
        end()
      } else {
        if (next.wait < wakeAt) {
          wakeAt = next.wait
          clock.after(Math.max(0, wakeAt - clock.now), wake)
        }

        return
      }
    }
  }

  step()
}
