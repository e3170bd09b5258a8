// What a scenario is: a question to the simulated network, and how its answer is shown.

import type { Row } from '../measure/row.ts'
import type { Figure } from '../output/figure.ts'
import type { PolicyName } from '../policies/policy.ts'
import type { Tables } from '../world/world.ts'

export interface Settings {
  seed: string
  /** sizes of the networks */
  nodes: number[]
  /** lookups of each measurement */
  lookups: number
  policies: PolicyName[]
  /** virtual time, where a scenario goes on for a while */
  hours?: number
  /** minutes until nodes know of one that has come or gone, where that is not simulated */
  noticed?: number
  /** how tables come to be; undefined: by joins up to 10,000 nodes, filled beyond */
  tables?: Tables
  /** how it goes */
  note (text: string): void
}

/** A line fitted to measurements. */
export interface Fit {
  policy: PolicyName
  /** which measure over which */
  of: string
  slope: number
  intercept: number
  r2: number
}

export interface Answer {
  rows: Row[]
  /** those of a row that the table shows, in order */
  columns: Array<keyof Row>
  figure: Figure
  fits?: Fit[]
}

export interface Scenario {
  name: string
  description: string
  nodes: number[]
  lookups: number
  /** where it goes on for a while */
  hours?: number
  /** minutes, where tables are not simulated */
  noticed?: number
  /** how tables come to be, if not as they do elsewhere */
  tables?: Tables
  run (settings: Settings): Answer
}
