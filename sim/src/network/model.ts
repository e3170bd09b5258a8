// What the simulated network is like. docs/simulation.md says where these figures come from, and what they leave out.

/** Round-trip times, ms. */
export const ROUND_TRIP = {
  min: 20,
  max: 300,
  /** between two points on opposite sides of the world, without their last miles */
  halfWayRound: 260,
  /** what a node's own line adds, at least and at the most */
  lastMile: [8, 25],
  /** one round trip takes up to this share longer than the next */
  jitter: 0.2
} as const

/** Where nodes are: latitude, longitude, share of all nodes, and how far they lie around it in degrees. */
export const REGIONS = [
  { name: 'North America, east', latitude: 40, longitude: -76, share: 0.24, spread: 8 },
  { name: 'North America, west', latitude: 38, longitude: -120, share: 0.12, spread: 6 },
  { name: 'Europe', latitude: 50, longitude: 8, share: 0.34, spread: 9 },
  { name: 'East Asia', latitude: 34, longitude: 118, share: 0.16, spread: 10 },
  { name: 'South-east Asia', latitude: 3, longitude: 104, share: 0.07, spread: 7 },
  { name: 'South America', latitude: -22, longitude: -48, share: 0.04, spread: 7 },
  { name: 'Oceania', latitude: -33, longitude: 148, share: 0.03, spread: 5 }
] as const

/** A request to a peer without a connection takes so many round trips in all; one on a warm stream takes one. */
export const COLD_ROUND_TRIPS = [4, 6] as const

/** The share of packets that get lost; TCP sends them again. */
export const LOSS = 0.01

/** Before a lost packet is sent again, ms at least (RFC 6298 in Linux); doubled each time. */
export const RETRANSMIT_AFTER = 200

/** Of the dead, the share whose machine still answers that nobody listens; dialling the others takes until the time-out. */
export const REFUSING = 0.5

/** Connections that a node keeps, as go-libp2p does at its high-water mark; the oldest makes room. */
export const CONNECTIONS = 192

/** Peers that a new node dials first. */
export const SEEDS_DIALLED = 3

/** On the wire: a FIND_NODE request, one peer of a reply (id and three addresses), and what a new connection costs. */
export const BYTES = { request: 44, peer: 96, connection: 3_000 } as const

/** Sessions: half are over after two hours, 80 % after eight (ProbeLab RFM 2): log-normal, ln hours. */
export const SESSION = { mu: Math.log(2), sigma: Math.log(4) / 0.8416 } as const

/**
 * What a lookup for all of the nearest k takes where it is not simulated itself: what `dead` measures for ours with 10,000 nodes of
 * which 10 % are gone and in all tables (docs/simulation.md); in `churn` it finds more, for fewer are.
 */
export const LOOKUP = {
  messages: 29,
  /** the chance of each of the nearest alive to be found */
  recall: 0.998,
  /** ms */
  time: 3_900
} as const

/** Values: how long one lives, as the library holds it (go-libp2p's `MaxRecordAge`), and when its publisher puts it again, ms. */
export const VALUE = { life: 48 * 60 * 60 * 1000, republish: 22 * 60 * 60 * 1000 } as const
