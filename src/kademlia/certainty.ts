// How near a peer has to be to a key to be one of its k nearest without anyone having looked at the others: what an optimistic write goes
// by (Optimistic Provide, Trautwein et al. 2022). Pure (law 2).

/** The standard normal distribution's quantiles at 0.9 and 0.999. */
const Z_90 = 1.2815515655
const Z_999 = 3.0902323062

/** A peer nearer than that is one of the k nearest with nine tenths of certainty: the k-th is that near in one of ten networks only. */
export function sureDistance (k: number, peers: number): number {
  return gammaQuantile(k, -Z_90) / peers
}

/** When the k nearest that were found are that near on average, hardly any nearer ones are left to find. */
export function sureMeanDistance (k: number, peers: number): number {
  return gammaQuantile(k / 2 + 1, Z_90) / peers
}

/** When the k-th nearest that was found is nearer than that, the key is crowded: by chance that is so in one of a thousand networks. */
export function crowdedDistance (k: number, peers: number): number {
  return gammaQuantile(k, -Z_999) / peers
}

/**
 * Of the nearest k that a lookup has found, the last one may be so many times as far away as the middle one: by chance it is farther in one of a hundred lookups. Otherwise some that are
 * between were not found, and someone far away has their place.
 */
export const MOST_SPREAD = 4

/** The quantile of a gamma distribution, by Wilson and Hilferty: for shapes above 5 it is right to a few thousandths. */
function gammaQuantile (shape: number, z: number): number {
  return shape * (1 - 1 / (9 * shape) + z / (3 * Math.sqrt(shape))) ** 3
}
