// A network in virtual time around one lookup: peers that answer, that are dead, slow, silent or lying. It drives the state
// machine by its public methods only, and watches it all the while.

import { expect } from 'aegir/chai'
import { Lookup } from '../../src/kademlia/lookup.ts'
import { tableRules } from '../../src/kademlia/parameters.ts'
import { RoutingTable } from '../../src/kademlia/routing-table.ts'
import { ids, peerNamed, sortedTruth } from './peer-keys.ts'
import { pick } from './random.ts'
import type { TrustRules } from '../../src/kademlia/candidate.ts'
import type { Key, PeerKey } from '../../src/kademlia/key.ts'
import type { LookupRules } from '../../src/kademlia/lookup-rules.ts'
import type { LookupOptions, LookupStep } from '../../src/kademlia/lookup.ts'

/**
 * healthy: answers in time. slow: answers after its slot is lost. silent: never answers; whoever asks gives it up long
 * after. dead: fails after a while. liar: answers with invented peers, which are dead. undialable: has no address.
 * forgetful: answers with peers that were asked before, itself and the asker among them. fickle: answers once; asked for the
 * neighbours of another it fails, has no address any more, or answers when it no longer counts.
 */
export type Behaviour = 'healthy' | 'slow' | 'silent' | 'dead' | 'liar' | 'undialable' | 'forgetful' | 'fickle'

export interface SimulatedPeer extends PeerKey {
  behaviour: Behaviour
  /** whom it names when asked for the target's neighbours */
  knows: PeerKey[]
  /** whom it names when asked for another's; without it the nearest of `knows` */
  namesNear? (key: Key): PeerKey[]
}

export interface Ask {
  peer: PeerKey
  path: number
  about?: PeerKey
}

export interface Simulation {
  lookup: Lookup<PeerKey>
  /** those asked for the target's neighbours, in order */
  asked: Ask[]
  /** those asked for the neighbours of another */
  around: Array<Required<Ask>>
  /** those whose reply came before the end */
  answered: Set<string>
  /** those that held a slot at the end */
  underWay: Set<string>
  /** those that failed before the end */
  failed: Set<string>
  /** those that could not be dialled */
  undialable: Set<string>
  /** requests that came to nothing because there was no address */
  undialled: number
  /** everyone that a seed list or a reply named before the end */
  heard: Map<string, PeerKey>
  /** for each of them who named it, in order; nobody for the seeds */
  namedBy: Map<string, string[]>
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
  rules?: LookupRules
  expected?: number
  /** when a request is overdue, ms */
  overdueAfter?: number
}

/** How long a request may hold a slot in these networks, ms. */
export const SLOW_AFTER = 100

/** When a request to a silent peer is given up, ms. */
export const GIVE_UP = 10_000

const START = 1_000
const STEPS = 200_000

interface Happening {
  at: number
  happen (): void
}

/** Runs a lookup to its end; fails when it would never come, or when it breaks a promise on the way. */
export function simulate (init: SimulationInit): Simulation {
  return new World(init).run()
}

class World {
  readonly #init: SimulationInit
  readonly #paths: number
  readonly #result: Simulation
  /** which paths heard of a peer: only these may ask it */
  readonly #heardOn = new Map<string, Set<number>>()
  /** who holds a slot, and until when */
  readonly #slots = new Map<string, number>()
  #happenings: Happening[] = []
  #now = START
  #invented = 0

  constructor (init: SimulationInit) {
    const { self, target, seeds, k, alpha, paths = 1, maxAsked = 1_000, rules = {}, expected, overdueAfter = SLOW_AFTER } = init
    this.#init = init
    this.#paths = paths
    this.#result = {
      lookup: new Lookup<PeerKey>({ target, self: self.id, k, alpha, paths, maxAsked, rules, expected, slowAfter: () => SLOW_AFTER, overdueAfter: () => overdueAfter }, seeds),
      asked: [],
      around: [],
      answered: new Set(),
      underWay: new Set(),
      failed: new Set(),
      undialable: new Set(),
      undialled: 0,
      heard: new Map(),
      namedBy: new Map(),
      mostInFlight: 0,
      mostWaiting: 0,
      took: 0
    }
    seeds.forEach((seed, i) => { this.#hear(seed, i % paths) })
  }

  run (): Simulation {
    const { lookup } = this.#result

    for (let i = 0; i < STEPS; i++) {
      this.#expire()
      const step = lookup.next(this.#now)
      this.#watch(step)

      if ('done' in step) {
        return { ...this.#result, underWay: new Set(this.#slots.keys()) }
      }

      if ('ask' in step) {
        this.#send({ peer: step.ask, path: step.path, about: step.about })
      } else {
        this.#wait(step.wait)
      }
    }

    throw new Error('The lookup does not end')
  }

  #watch (step: LookupStep<PeerKey>): void {
    const { lookup } = this.#result
    this.#result.mostInFlight = Math.max(this.#result.mostInFlight, lookup.inFlight)
    this.#result.mostWaiting = Math.max(this.#result.mostWaiting, lookup.waiting)
    this.#result.took = this.#now - START

    if ('ask' in step) {
      this.#watchAsk({ peer: step.ask, path: step.path, about: step.about })
    }

    expect([...this.#slots.keys()].length, 'requests holding a slot').to.equal(lookup.inFlight)
  }

  #watchAsk (ask: Ask): void {
    const { peer, path, about } = ask
    const { asked, around, answered, heard } = this.#result
    expect(peer.id, 'asks itself').to.not.equal(this.#init.self.id)
    expect(this.#slots.has(peer.id), `${peer.id} has a slot already`).to.equal(false)
    expect(this.#heardOn.get(peer.id)?.has(path), `path ${path} never heard of ${peer.id}`).to.equal(true)

    if (about == null) {
      expect(asked.some(({ peer: { id } }) => id === peer.id), `${peer.id} is asked twice`).to.equal(false)
      asked.push(ask)
    } else {
      expect(answered.has(peer.id), `${peer.id} is asked for the neighbours of another, and has not answered`).to.equal(true)
      expect(about.id, 'asks for the neighbours of whom it asks').to.not.equal(peer.id)
      expect(about.id, 'asks for its own neighbours').to.not.equal(this.#init.self.id)
      expect(heard.has(about.id), `nobody named ${about.id}`).to.equal(true)
      expect(around.some(other => other.peer.id === peer.id && other.about.id === about.id), `${peer.id} is asked for those of ${about.id} twice`).to.equal(false)
      around.push({ peer, path, about })
    }

    this.#slots.set(peer.id, this.#now + SLOW_AFTER)
  }

  #expire (): void {
    for (const [id, deadline] of this.#slots) {
      if (deadline <= this.#now) {
        this.#slots.delete(id)
      }
    }
  }

  #wait (until: number): void {
    const { random } = this.#init
    const next = Math.min(until, ...this.#happenings.map(({ at }) => at))
    expect(until, 'it waits longer than a slot lasts').to.be.at.most(Math.min(...this.#slots.values()))
    expect(next, 'it waits for what will never come').to.be.below(Infinity)
    expect(next, 'it waits for what is past').to.be.above(this.#now)
    this.#now = next

    const due = this.#happenings.filter(({ at }) => at <= next)
    this.#happenings = this.#happenings.filter(({ at }) => at > next)

    // chance decides among replies that come at the same time
    while (due.length > 0) {
      due.splice(pick(random, due.length), 1)[0].happen()
    }
  }

  #send (ask: Ask): void {
    const { network, random } = this.#init
    const soon = this.#now + 1 + pick(random, SLOW_AFTER - 2)
    const late = this.#now + SLOW_AFTER + 1 + pick(random, 10 * SLOW_AFTER)
    const behaviour = network.get(ask.peer.id)?.behaviour ?? 'dead'
    const reply = (): void => { this.#reply(ask) }
    const fail = (): void => { this.#fail(ask) }
    const refuse = (): void => { this.#refuse(ask) }
    const happenings: Record<Behaviour, () => Happening> = {
      healthy: () => ({ at: soon, happen: reply }),
      slow: () => ({ at: late, happen: reply }),
      forgetful: () => ({ at: soon, happen: reply }),
      liar: () => ({ at: soon, happen: reply }),
      dead: () => ({ at: random() < 0.5 ? soon : late, happen: fail }),
      silent: () => ({ at: this.#now + GIVE_UP, happen: fail }),
      undialable: () => ({ at: soon, happen: refuse }),
      fickle: () => ask.about == null
        ? { at: soon, happen: reply }
        : { at: random() < 0.5 ? soon : late, happen: [reply, fail, refuse][pick(random, 3)] }
    }

    this.#happenings.push(happenings[behaviour]())
  }

  #reply (ask: Ask): void {
    const { peer, path, about } = ask
    const { lookup, answered } = this.#result
    const closer = this.#names(ask)

    // what somebody says about others counts only in time
    if (about == null || this.#slots.has(peer.id)) {
      closer.forEach(named => { this.#hear(named, path, peer) })
    }

    answered.add(peer.id)
    this.#slots.delete(peer.id)
    lookup.onReply(peer, closer)
  }

  #fail ({ peer, about }: Ask): void {
    if (about == null) {
      this.#result.failed.add(peer.id)
    }

    this.#slots.delete(peer.id)
    this.#result.lookup.onFailure(peer)
  }

  #refuse ({ peer, about }: Ask): void {
    if (about == null) {
      this.#result.undialable.add(peer.id)
    }

    this.#result.undialled++
    this.#slots.delete(peer.id)
    this.#result.lookup.onUndialable(peer)
  }

  #names ({ peer, about }: Ask): PeerKey[] {
    const { network, self, k } = this.#init
    const { behaviour = 'dead', knows = [], namesNear } = network.get(peer.id) ?? {}

    if (behaviour === 'liar') {
      return Array.from({ length: 2 * k }, () => peerNamed(`invented-${this.#invented++}`))
    }

    const named = about == null ? knows : namesNear?.(about.key) ?? sortedTruth(new Set(knows), about.key).slice(0, k)

    return behaviour === 'forgetful' ? [self, peer, ...named, ...named, ...this.#result.asked.map(({ peer }) => peer)] : named
  }

  #hear (peer: PeerKey, path: number, by?: PeerKey): void {
    const { heard, namedBy } = this.#result
    const isNew = !heard.has(peer.id)
    heard.set(peer.id, peer)
    this.#heardOn.set(peer.id, (this.#heardOn.get(peer.id) ?? new Set()).add(path % this.#paths))

    if (isNew) {
      namedBy.set(peer.id, [])
    }

    const referrers = namedBy.get(peer.id)

    // for whom the lookup knew from the beginning nobody answers
    if (by != null && referrers != null && (isNew || referrers.length > 0) && !referrers.includes(by.id)) {
      referrers.push(by.id)
    }
  }
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

/** Peers of which each has met all the others, and has those in its Kademlia table for whom there was room. */
export class Tables {
  readonly #peers: PeerKey[]
  readonly #k: number
  readonly #tables: Map<string, RoutingTable<PeerKey>>

  constructor (peers: PeerKey[], k: number) {
    this.#peers = peers
    this.#k = k
    this.#tables = new Map(peers.map(({ id, key }) => {
      const table = new RoutingTable<PeerKey>({ self: key, ...tableRules(k) })
      peers.forEach(peer => { table.onAlive(peer, 1) })

      return [id, table]
    }))
  }

  /** The nearest `n` in the table of a peer, whether they are alive or not. */
  closest (of: PeerKey, target: Key, n = this.#k): PeerKey[] {
    return this.#tables.get(of.id)?.closest(target, n) ?? []
  }

  /** A network for lookups of that target, in which each peer names the nearest of its table. */
  network (target: Key, behaviours: (i: number) => Behaviour): Map<string, SimulatedPeer> {
    return new Map(this.#peers.map((peer, i) => [peer.id, {
      id: peer.id,
      key: peer.key,
      behaviour: behaviours(i),
      knows: this.closest(peer, target),
      namesNear: key => this.closest(peer, key)
    }]))
  }
}

/** More who name a peer do not count. */
const REFERRERS = 16

/** One, in parts that any number of referrers can share. */
const WHOLE = 720_720

interface Account {
  /** in parts */
  lost: number
  answering: number
  /** whether fractions add up to it without an error */
  isExact: boolean
}

/** Those that failed, or lost their slot and did not answer. */
function lostOf ({ asked, answered, undialable, underWay }: Simulation): Set<string> {
  return new Set(ids(asked.map(({ peer }) => peer)).filter(id => !answered.has(id) && !undialable.has(id) && !underWay.has(id)))
}

/** What became of those that each one named: as an accountant who sees the whole at the end would add it up. */
function reckon (simulation: Simulation): Map<string, Account> {
  const { heard, answered, namedBy } = simulation
  const accounts = new Map([...heard.keys()].map(id => [id, { lost: 0, answering: 0, isExact: true }]))
  const lost = lostOf(simulation)

  for (const [id, all] of namedBy) {
    const referrers = all.slice(0, REFERRERS)
    const share = WHOLE / referrers.length

    for (const account of referrers.flatMap(referrer => accounts.get(referrer) ?? [])) {
      account.answering += answered.has(id) ? share : 0
      account.lost += lost.has(id) ? share : 0
      account.isExact &&= Number.isInteger(Math.log2(referrers.length))
    }
  }

  return accounts
}

function isLiar ({ lost, answering, isExact }: Account, { blame, credit }: TrustRules): boolean | 'perhaps' {
  const [over, under] = [lost - blame * WHOLE, credit * lost - answering]

  return !isExact && (Math.abs(over) < 1 || Math.abs(under) < 1) ? 'perhaps' : over >= 0 && under > 0
}

/**
 * Who has to have been asked at the end: the nearest k that may be alive. Nobody who failed or is silent, at most three of
 * four that can't be dialled, and nobody whom only liars name.
 */
export function windowAtTheEnd (simulation: Simulation, self: PeerKey, target: Key, k: number, trust?: TrustRules): PeerKey[] {
  const { heard, undialable, namedBy } = simulation
  const accounts = reckon(simulation)
  const lost = lostOf(simulation)
  const window: PeerKey[] = []
  let places = k
  let placesOfUndialable = Math.floor(3 / 4 * k)

  for (const peer of sortedTruth(heard.values(), target)) {
    const referrers = (namedBy.get(peer.id) ?? []).slice(0, REFERRERS).flatMap(id => accounts.get(id) ?? [])
    const lies = trust == null || referrers.length === 0 ? [false] : referrers.map(referrer => isLiar(referrer, trust))
    const mayBeAlive = peer.id !== self.id && !lost.has(peer.id) && !lies.every(lie => lie === true)

    if (!mayBeAlive || (undialable.has(peer.id) && --placesOfUndialable < 0)) {
      continue
    }

    // has a place or not, by the last digit of a sum
    if (lies.includes(false)) {
      window.push(peer)
    }

    if (--places === 0) {
      break
    }
  }

  return window
}

/** A lookup for a test to drive by hand. */
export function createLookup (seeds: PeerKey[], options: Partial<LookupOptions<PeerKey>> & Pick<LookupOptions<PeerKey>, 'target'>): Lookup<PeerKey> {
  return new Lookup<PeerKey>({ self: 'self', k: 3, alpha: 2, paths: 1, maxAsked: 100, rules: {}, slowAfter: () => SLOW_AFTER, ...options }, seeds)
}

/** All steps until it waits or is done. */
export function asksOf (lookup: Lookup<PeerKey>, now: number): Ask[] {
  const asks: Ask[] = []

  for (let step = lookup.next(now); 'ask' in step; step = lookup.next(now)) {
    asks.push({ peer: step.ask, path: step.path, ...(step.about == null ? {} : { about: step.about }) })
  }

  return asks
}

/** Whom it asks before it waits or is done. */
export function asks (lookup: Lookup<PeerKey>, now: number): string[] {
  return ids(asksOf(lookup, now).map(({ peer }) => peer))
}

/** What becomes of a request in a lookup that goes in rounds: whom the peer names, or that it fails, or has no address. */
export type Outcome = PeerKey[] | 'fails' | 'undialable'

/** Runs a lookup to its end in rounds: all that are asked at once come to something before the next are. */
export function driveInRounds (lookup: Lookup<PeerKey>, outcome: (ask: Ask) => Outcome): Ask[] {
  const all: Ask[] = []

  while (!lookup.done) {
    const round = asksOf(lookup, all.length)
    all.push(...round)

    for (const ask of round) {
      const result = outcome(ask)

      if (result === 'fails') {
        lookup.onFailure(ask.peer)
      } else if (result === 'undialable') {
        lookup.onUndialable(ask.peer)
      } else {
        lookup.onReply(ask.peer, result)
      }
    }

    expect(lookup.done || round.length > 0, 'it waits for what will never come').to.equal(true)
  }

  return all
}
