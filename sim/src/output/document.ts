// What `--json` prints. The rows follow from the scenario, the seed and the options alone; how long it took does not.

import type { Row } from '../measure/row.ts'
import type { Answer, Fit, Scenario, Settings } from '../scenarios/scenario.ts'

export interface Document {
  scenario: string
  seed: string
  /** of the network, or of each network when there are several */
  nodes: number | number[]
  lookups: number
  wallSeconds: number
  /** of the whole process */
  peakMemoryMiB: number
  rows: Row[]
  fits?: Fit[]
}

export function documentOf ({ name }: Scenario, { seed, nodes, lookups }: Settings, { rows, fits }: Answer, wallSeconds: number, peakMemoryMiB: number): Document {
  return {
    scenario: name,
    seed,
    nodes: nodes.length === 1 ? nodes[0] : nodes,
    lookups,
    wallSeconds: Number(wallSeconds.toFixed(1)),
    peakMemoryMiB: Math.round(peakMemoryMiB),
    rows,
    fits
  }
}
