// How long nodes stay.

import { randomLogNormal } from 'd3-random'
import { SESSION } from '../network/model.ts'
import type { Random } from '../network/random.ts'

const HOUR = 60 * 60 * 1000

/** The session of one that has just come, ms. */
export function session (random: Random): number {
  return HOUR * randomLogNormal.source(() => random.float())(SESSION.mu, SESSION.sigma)()
}

/**
 * What is left, ms, of the session of one met at a random moment: long sessions are met more often, in proportion to their
 * length, which for a log-normal one moves the mean of the logarithm by its variance.
 */
export function residual (random: Random): number {
  const met = randomLogNormal.source(() => random.float())(SESSION.mu + SESSION.sigma ** 2, SESSION.sigma)()

  return HOUR * met * random.float()
}
