// One line of a result, and what sums up lookups to one. What was not measured is left out. docs/simulation.md has the units.

import { max, mean, quantile } from 'simple-statistics'
import type { PolicyName } from '../policies/policy.ts'
import type { LookupReport } from '../world/run-lookup.ts'

export interface Measures {
  /** lookups it sums up */
  lookups: number
  /** the share of the true nearest k that was found */
  recall?: number
  /** requests a lookup */
  messages: number
  /** of them, those that failed while it ran */
  failed: number
  /** of them, those that needed a new connection */
  dials: number
  /** sent and received, a lookup */
  bytes: number
  hopsDiscovery: number
  hopsConfirm: number
  /** virtual ms a lookup */
  p50: number
  p90: number
  p99: number
  /** the most requests on their way at once, of any lookup */
  inFlightMax: number
}

export interface Row extends Partial<Measures> {
  policy: PolicyName
  /** nodes of the network */
  nodes: number
  /** disjoint paths, where it is not the policy's default that is measured */
  paths?: number
  /** what was left out of it */
  without?: string
  /** how records are kept */
  keeping?: string
  /** the share of nodes with the fault */
  dead?: number
  silent?: number
  nat?: number
  /** the share of hostile nodes, and what they do */
  hostile?: number
  behaviour?: string
  /** hostile nodes around each key */
  sybils?: number
  /** since the beginning */
  hours?: number
  /** which keys are looked up */
  keys?: string
  /** what a second lookup may use of the first */
  uses?: string
  /** what happens to the network */
  event?: string
  /** the share of values that were got from an honest holder */
  success?: number
  /** what S/Kademlia's formula says of it */
  formula?: number
  /** peers of a routing table */
  tableSize?: number
  /** the share of them that is gone */
  deadInTable?: number
  /** of its own nearest k, how many a node has in its table */
  ownKnown?: number
  /** requests that a node had to answer: of all nodes, and of the one with the most */
  loadMean?: number
  loadMax?: number
  /** the share of records that have another set of holders after it, and k/N */
  rehomed?: number
  expected?: number
  /** the share of records that a lookup found at one of the nearest k */
  availability?: number
  /** of the nearest k that are there, how many have a record: on average, and the fewest at any time */
  holders?: number
  holdersMin?: number
  /** requests for each record in an hour: those of lookups, and those that store it */
  lookupMessages?: number
  storeMessages?: number
  /** keys that are announced, and how */
  cids?: number
  provide?: string
  /** lookups, as a share of the keys */
  lookupShare?: number
  /** what is given to holders, a key */
  stores?: number
  /** of the nearest k that are there, how many were reached: half and 5 % of the keys have fewer */
  holdersP50?: number
  holdersP5?: number
  /** keys that nobody got */
  dropped?: number
  /** until an announcement is over, virtual ms; `p50` and `p90` are until its caller has a result */
  overP50?: number
  overP90?: number
  /** lookups that a node has made before */
  before?: number
  /** the error that it states itself, on average */
  sizeStated?: number
  /** of a node's estimate of the network's size, as a share of it: mean of the absolute, what one in two and one in ten exceed, and mean with its sign */
  sizeError?: number
  sizeErrorP50?: number
  sizeErrorP90?: number
  sizeBias?: number
  /** whether the region of a key is searched; the share of the keys for which it was; lookups that one announcement or search takes then */
  region?: string
  searched?: number
  lookupsEach?: number
  /** requests a node sends in a minute, lookups of its users left out */
  upkeepPerMinute?: number
  /** requests that a seed gets from a joiner in its first ten minutes */
  seedRequests?: number
  seedRequestsMax?: number
  /** until a joiner has refreshed its table: virtual ms, and requests sent */
  joinMs?: number
  joinMessages?: number
}

/** `recalls`: of each lookup, where there is a truth to hold it against; `bytes`: of all together */
export function sumUp (reports: LookupReport[], recalls: number[], bytes: number): Measures {
  const times = reports.map(({ ms }) => ms)
  const meanOf = (of: (report: LookupReport) => number): number => rounded(mean(reports.map(of)))

  return {
    lookups: reports.length,
    ...recalls.length === 0 ? {} : { recall: rounded(mean(recalls), 6) },
    messages: meanOf(({ messages }) => messages),
    failed: meanOf(({ failed }) => failed),
    dials: meanOf(({ dials }) => dials),
    bytes: Math.round(bytes / reports.length),
    hopsDiscovery: meanOf(({ hopsDiscovery }) => hopsDiscovery),
    hopsConfirm: meanOf(({ hopsConfirm }) => hopsConfirm),
    p50: Math.round(quantile(times, 0.5)),
    p90: Math.round(quantile(times, 0.9)),
    p99: Math.round(quantile(times, 0.99)),
    inFlightMax: max(reports.map(({ inFlightMax }) => inFlightMax))
  }
}

/** To so many decimals: what follows is noise, and the same on every machine. */
export function rounded (value: number, decimals = 3): number {
  return Number(value.toFixed(decimals))
}
