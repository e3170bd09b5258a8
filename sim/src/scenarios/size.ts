// How well nodes know the size of the network from their own lookups.

import { mean, quantile } from 'simple-statistics'
import { observedSizes } from '../measure/observed-size.ts'
import { rounded } from '../measure/row.ts'
import { drawSamples } from '../measure/sample.ts'
import { isHonest } from '../network/node.ts'
import { linesOf } from '../output/lines.ts'
import { build } from './build.ts'
import type { Scenario } from './scenario.ts'
import type { Row } from '../measure/row.ts'

/** After so many lookups. */
const BEFORE = [1, 2, 5, 10, 20, 40]

export const size: Scenario = {
  name: 'size',
  description: 'the error of what nodes believe to be the size of the network (ours only)',
  nodes: [100, 1_000, 10_000],
  lookups: 100,
  tables: 'filled',

  run: settings => {
    const rows = settings.nodes.flatMap(nodes => {
      const world = build(settings, nodes)
      const there = world.nodes.filter(isHonest).length
      const sizes = drawSamples(world, settings.lookups, 'size').map(({ from }) => observedSizes(world, from, BEFORE[BEFORE.length - 1]))

      return BEFORE.map((before): Row => {
        const estimates = sizes.flatMap(sizes => sizes[before] ?? [])
        const errors = estimates.map(({ peers }) => Math.abs(peers / there - 1))

        return {
          policy: 'ours',
          nodes,
          before,
          ...errors.length === 0
            ? {}
            : {
                sizeError: rounded(mean(errors)),
                sizeErrorP50: rounded(quantile(errors, 0.5)),
                sizeErrorP90: rounded(quantile(errors, 0.9)),
                sizeBias: rounded(mean(estimates.map(({ peers }) => peers / there - 1))),
                sizeStated: rounded(mean(estimates.map(({ error }) => error)))
              }
        }
      })
    })
    const nameOf = ({ nodes }: Row): string => `${nodes} nodes`

    return {
      rows,
      columns: ['nodes', 'before', 'sizeError', 'sizeErrorP50', 'sizeErrorP90', 'sizeBias', 'sizeStated'],
      figure: {
        title: 'The size of the network, by the lookups of one node',
        panels: [
          { title: 'Error of its estimate, on average', x: 'lookups before', y: 'share of the size', logX: true, lines: linesOf(rows, 'before', 'sizeError', nameOf) },
          { title: 'What one node in ten exceeds', x: 'lookups before', y: 'share of the size', logX: true, lines: linesOf(rows, 'before', 'sizeErrorP90', nameOf) }
        ]
      }
    }
  }
}
