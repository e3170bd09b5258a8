// Intervals that keep nodes which were started together from staying in step.

import { JITTER } from '../kademlia/parameters.ts'

/** Longer timers run out at once, in every JavaScript engine. */
const LONGEST_TIMER = 2 ** 31 - 1

/** The interval stretched or shrunk by chance, ms. `randomBytes`: bytes that nobody can foresee */
export function jittered (interval: number, randomBytes: (length: number) => Uint8Array): number {
  return Math.min(LONGEST_TIMER, interval * (1 + JITTER * (randomBytes(1)[0] / 127.5 - 1)))
}
