// How long a reply may take before the peer counts as slow: from the round trips seen so far, as TCP does it. Pure.

/** RFC 6298, section 2: the gains of the smoothed round trip and of its deviation, and how many deviations to allow. */
const MEAN_GAIN = 1 / 8
const DEVIATION_GAIN = 1 / 4
const DEVIATIONS = 4

/** A smoothed round-trip time, ms. */
export interface RoundTrip {
  mean: number
  deviation: number
}

/** Takes one more measurement into account; the first one makes the estimate. */
export function observe (estimate: RoundTrip | undefined, ms: number): RoundTrip {
  if (estimate == null) {
    return { mean: ms, deviation: ms / 2 }
  }

  estimate.deviation += DEVIATION_GAIN * (Math.abs(estimate.mean - ms) - estimate.deviation)
  estimate.mean += MEAN_GAIN * (ms - estimate.mean)

  return estimate
}

/** Bounds of the time after which a reply is late, ms. */
export interface LateBounds {
  min: number
  max: number
  /** while nothing was measured */
  initial: number
}

/** The time, ms, after which a reply is late. */
export function lateAfter (estimate: Readonly<RoundTrip> | undefined, bounds: LateBounds): number {
  if (estimate == null) {
    return bounds.initial
  }

  return Math.min(bounds.max, Math.max(bounds.min, estimate.mean + DEVIATIONS * estimate.deviation))
}
