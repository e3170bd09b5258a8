// The rules that make a lookup more than the plain one. docs/simulation.md has what each is worth; without one it is left out.

import type { TrustRules } from './candidate.ts'
import type { AroundRules } from './look-around.ts'

export interface LookupRules {
  /** requests at once to begin with, and how many more for each that has come to something */
  ramp?: { start: number, growth: number }
  trust?: TrustRules
  around?: AroundRules
  doubt?: DoubtRules
  /** with no more lost ones than that, the slow among the nearest k may take that share of their time again: most of them are alive */
  grace?: { lost: number, share: number }
}

export interface DoubtRules {
  /** nearest peers that lie so many standard deviations farther away than expected are doubted */
  deviations: number
  /** so many more of those known from the beginning are asked then, in all and at once */
  most: number
  atOnce: number
}
