// Where nodes are on the globe, and how long a round trip between two of them takes.

import { REGIONS, ROUND_TRIP } from './model.ts'
import type { Random } from './random.ts'

/** A point on the unit sphere, and the node's own line. */
export interface Place {
  readonly x: number
  readonly y: number
  readonly z: number
  /** ms that it adds to a round trip */
  readonly lastMile: number
}

/** A place in one of the regions. */
export function settle (random: Random): Place {
  const region = pickRegion(random.float())
  const latitude = radians(region.latitude + region.spread * random.between(-1, 1))
  const longitude = radians(region.longitude + region.spread * random.between(-1, 1))

  return {
    x: Math.cos(latitude) * Math.cos(longitude),
    y: Math.cos(latitude) * Math.sin(longitude),
    z: Math.sin(latitude),
    lastMile: random.between(...ROUND_TRIP.lastMile)
  }
}

/** The shortest round trip between two places, ms. */
export function roundTrip (a: Place, b: Place): number {
  const cosine = Math.min(1, Math.max(-1, a.x * b.x + a.y * b.y + a.z * b.z))
  const ms = a.lastMile + b.lastMile + ROUND_TRIP.halfWayRound * Math.acos(cosine) / Math.PI

  return Math.min(ROUND_TRIP.max, Math.max(ROUND_TRIP.min, ms))
}

function pickRegion (at: number): typeof REGIONS[number] {
  let sum = 0

  return REGIONS.find(({ share }) => (sum += share) > at) ?? REGIONS[0]
}

function radians (degrees: number): number {
  return degrees * Math.PI / 180
}
