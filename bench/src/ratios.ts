// Ours beside a rival's.

import { spreadFields } from './spread-fields.ts'
import { spread } from './statistics.ts'
import type { SpreadFields } from './spread-fields.ts'

/** Round by round, those left out that can't be divided. */
export function quotients <T> (ours: T[], rival: T[], of: (round: T) => number): number[] {
  return ours.map((each, round) => of(each) / of(rival[round])).filter(Number.isFinite)
}

/** What the rounds say together, as it stands in a document. */
export function ratioFields <Name extends string, T> (name: Name, ours: T[], rival: T[], of: (round: T) => number): SpreadFields<Name> {
  return spreadFields(name, spread(quotients(ours, rival, of)))
}
