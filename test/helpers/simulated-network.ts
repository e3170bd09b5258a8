// A network in virtual time around one lookup: peers that answer, that are dead, slow, silent or lying. It drives the state
// machine by its public methods only, and watches it all the while.

import { expect } from 'aegir/chai'
import { Lookup } from '../../src/kademlia/lookup.ts'
import { ids, peerNamed, sortedTruth } from './peer-keys.ts'
import { pick } from './random.ts'
import type { Key, PeerKey } from '../../src/kademlia/key.ts'

/**
 * healthy: answers in time. slow: answers after its slot is lost. silent: never answers; whoever asks gives it up long
 * after. dead: fails after a while. liar: answers with invented peers, which are dead. undialable: has no address.
 * forgetful: answers with peers that were asked before, itself and the asker among them.
 */
export type Behaviour = 'healthy' | 'slow' | 'silent' | 'dead' | 'liar' | 'undialable' | 'forgetful'

export interface SimulatedPeer extends PeerKey {
  behaviour: Behaviour
  /** whom it names */
  knows: PeerKey[]
}

export interface Simulation {
  lookup: Lookup<PeerKey>
  /** in the order they were asked */
  asked: Array<{ peer: PeerKey, path: number }>
  /** those whose reply came before the end */
  answered: Set<string>
  /** those that failed, or could not be dialled, before the end */
  gone: Set<string>
  /** everyone that a seed list or a reply named before the end */
  heard: Map<string, PeerKey>
  /** the most requests that held a slot at once */
  mostInFlight: number
  /** the most candidates that were known and not asked */
  mostWaiting: number
  /** virtual ms */
  took: number
}

export interface SimulationInit {
  self: PeerKey
  target: Key
  network: Map<string, SimulatedPeer>
  seeds: PeerKey[]
  random(): number
  k: number
  alpha: number
  paths?: number
  maxAsked?: number
}

/** How long a request may hold a slot in these networks, ms. */
export const SLOW_AFTER = 100

/** When a request to a silent peer is given up, ms. */
export const GIVE_UP = 10_000

const STEPS = 200_000

interface Happening {
  at: number
  happen (): void
}

/** Runs a lookup to its end; fails when it would never come, or when it breaks a promise on the way. */
export function simulate ({ self, target, network, seeds, random, k, alpha, paths = 1, maxAsked = 1_000 }: SimulationInit): Simulation {
  const lookup = new Lookup<PeerKey>({ target, self: self.id, k, alpha, paths, maxAsked, slowAfter: () => SLOW_AFTER }, seeds)
  const result: Simulation = {
    lookup,
    asked: [],
    answered: new Set(),
    gone: new Set(),
    heard: new Map(seeds.map(seed => [seed.id, seed])),
    mostInFlight: 0,
    mostWaiting: 0,
    took: 0
  }
  /** which paths heard of a peer: only these may ask it */
  const heardOn = new Map<string, Set<number>>()
  const hear = (peer: PeerKey, path: number): void => {
    result.heard.set(peer.id, peer)
    heardOn.set(peer.id, (heardOn.get(peer.id) ?? new Set()).add(path))
  }
  seeds.forEach((seed, i) => { hear(seed, i % paths) })

  let now = 1_000
  let invented = 0
  let happenings: Happening[] = []
  const askedIds = new Set<string>()

  const send = (peer: PeerKey, path: number): void => {
    const { behaviour, knows } = network.get(peer.id) ?? { behaviour: 'dead', knows: [] }
    const soon = now + 1 + pick(random, SLOW_AFTER - 2)
    const late = now + SLOW_AFTER + 1 + pick(random, 10 * SLOW_AFTER)
    const reply = (closer: PeerKey[]) => () => {
      result.answered.add(peer.id)
      closer.forEach(named => { hear(named, path) })
      lookup.onReply(peer, closer)
    }

    if (behaviour === 'healthy') {
      happenings.push({ at: soon, happen: reply(knows) })
    } else if (behaviour === 'slow') {
      happenings.push({ at: late, happen: reply(knows) })
    } else if (behaviour === 'forgetful') {
      happenings.push({ at: soon, happen: reply([self, peer, ...knows, ...knows, ...result.asked.map(({ peer }) => peer)]) })
    } else if (behaviour === 'liar') {
      const lies = Array.from({ length: 2 * k }, () => peerNamed(`invented-${invented++}`))
      happenings.push({ at: soon, happen: reply(lies) })
    } else if (behaviour === 'dead' || behaviour === 'silent') {
      happenings.push({
        at: behaviour === 'silent' ? now + GIVE_UP : random() < 0.5 ? soon : late,
        happen: () => {
          result.gone.add(peer.id)
          lookup.onFailure(peer)
        }
      })
    } else if (behaviour === 'undialable') {
      happenings.push({
        at: soon,
        happen: () => {
          result.gone.add(peer.id)
          lookup.onUndialable(peer)
        }
      })
    }
  }

  const takeDue = (time: number): Happening[] => {
    const due = happenings.filter(({ at }) => at <= time)
    happenings = happenings.filter(({ at }) => at > time)

    return due
  }

  for (let i = 0; i < STEPS; i++) {
    const step = lookup.next(now)
    result.mostInFlight = Math.max(result.mostInFlight, lookup.inFlight)
    result.mostWaiting = Math.max(result.mostWaiting, lookup.waiting)

    if ('done' in step) {
      result.took = now - 1_000
      return result
    }

    if ('ask' in step) {
      expect(askedIds.has(step.ask.id), `${step.ask.id} is asked twice`).to.equal(false)
      expect(step.ask.id, 'asks itself').to.not.equal(self.id)
      expect(heardOn.get(step.ask.id)?.has(step.path), `path ${step.path} never heard of ${step.ask.id}`).to.equal(true)
      askedIds.add(step.ask.id)
      result.asked.push({ peer: step.ask, path: step.path })
      send(step.ask, step.path)
      continue
    }

    // chance decides among replies that come at the same time
    const next = Math.min(step.wait, ...happenings.map(({ at }) => at))

    expect(next, 'it waits for what will never come').to.be.below(Infinity)
    expect(next, 'it waits for what is past').to.be.above(now)
    now = next
    const due = takeDue(next)

    while (due.length > 0) {
      due.splice(pick(random, due.length), 1)[0].happen()
    }
  }

  throw new Error('The lookup does not end')
}

/** Peers with tables of `known` others each, picked at random, and behaviours dealt by `deal`. */
export function createRandomNetwork (peers: PeerKey[], known: number, random: () => number, deal: () => Behaviour): Map<string, SimulatedPeer> {
  return new Map(peers.map(({ id, key }) => [id, {
    id,
    key,
    behaviour: deal(),
    knows: Array.from({ length: known }, () => peers[pick(random, peers.length)])
  }]))
}

/** Whoever was heard of and could still count at the end, nearest first: not gone, and not asked without an answer. */
export function stillInQuestion ({ heard, asked, answered, gone }: Simulation, self: PeerKey, target: Key): PeerKey[] {
  const silent = new Set(ids(asked.map(({ peer }) => peer)).filter(id => !answered.has(id)))

  return sortedTruth([...heard.values()].filter(({ id }) => id !== self.id && !gone.has(id) && !silent.has(id)), target)
}
