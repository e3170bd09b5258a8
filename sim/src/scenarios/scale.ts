// How lookups and tables grow with the network: both with log2 N.

import { linearRegression, linearRegressionLine, mean, rSquared } from 'simple-statistics'
import { rounded } from '../measure/row.ts'
import { drawSamples, measure, truthOf } from '../measure/sample.ts'
import { linesOf } from '../output/lines.ts'
import { build, contestants, nameOf } from './build.ts'
import type { Fit, Scenario, Settings } from './scenario.ts'
import type { Row } from '../measure/row.ts'
import type { Line } from '../output/figure.ts'
import type { PolicyName } from '../policies/policy.ts'

export const scale: Scenario = {
  name: 'scale',
  description: 'hops, messages and table size against the size of the network',
  nodes: [100, 1_000, 10_000, 100_000],
  lookups: 1_000,

  run: settings => {
    const rows = settings.nodes.flatMap(nodes => {
      const world = build(settings, nodes)
      const samples = drawSamples(world, settings.lookups, 'scale')
      const truth = truthOf(world, samples)
      const tableSize = rounded(mean(world.nodes.map(({ table }) => table.size)))

      return contestants(settings, nodes).map(({ rules, label }): Row => ({ ...label, nodes, ...measure(world, rules, samples, truth), tableSize }))
    })

    return {
      rows,
      columns: ['nodes', 'policy', 'paths', 'recall', 'messages', 'hopsDiscovery', 'hopsConfirm', 'p50', 'p90', 'p99', 'inFlightMax', 'dials', 'bytes', 'tableSize'],
      figure: {
        title: 'Lookups in networks of honest nodes',
        panels: [
          { title: 'Replies, one leading to the next, until the nearest was known', x: 'nodes', y: 'hops', logX: true, lines: [...linesOf(rows, 'nodes', 'hopsDiscovery', nameOf), ...theory(settings.nodes)] },
          { title: 'Requests a lookup', x: 'nodes', y: 'messages', logX: true, lines: linesOf(rows, 'nodes', 'messages', nameOf) },
          { title: 'Peers in a routing table', x: 'nodes', y: 'peers', logX: true, lines: linesOf(rows, 'nodes', 'tableSize', () => 'table') }
        ]
      },
      fits: fits(settings, rows)
    }
  }
}

/** Discovery takes (log2 N − log2 k)/3 to /4 hops, for k = 20: the middle of it. */
function theory (nodes: number[]): Line[] {
  return [{ name: '(log2 N − log2 k) / 3.5', dashed: true, points: nodes.map(n => [n, Math.max(0, Math.log2(n / 20)) / 3.5]) }]
}

/** Through one point there is no line. */
function fits ({ policies }: Settings, rows: Row[]): Fit[] {
  const fitted = policies.filter(policy => rows.filter(row => row.policy === policy && row.paths == null).length > 1)

  return [...fitted.map(policy => fit(rows, policy, 'hopsDiscovery')), ...fitted.slice(0, 1).map(policy => fit(rows, policy, 'tableSize'))]
}

function fit (rows: Row[], policy: PolicyName, measure: 'hopsDiscovery' | 'tableSize'): Fit {
  const points = rows.filter(row => row.policy === policy && row.paths == null).map(row => [Math.log2(row.nodes), row[measure] ?? 0])
  const line = linearRegression(points)

  return { policy, of: measure, slope: rounded(line.m), intercept: rounded(line.b), r2: rounded(rSquared(points, linearRegressionLine(line))) }
}
