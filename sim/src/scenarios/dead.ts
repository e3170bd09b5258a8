// Lookups in a network part of which has just gone, fallen silent, or turns out not to be dialable: still in all tables.

import { drawSamples, measure, truthOf } from '../measure/sample.ts'
import { FAULTS, afflict, heal } from '../network/faults.ts'
import { linesOf } from '../output/lines.ts'
import { build, contestants, nameOf } from './build.ts'
import type { Scenario } from './scenario.ts'
import type { Row } from '../measure/row.ts'

const SHARES = [0, 0.1, 0.2, 0.3, 0.5]

export const dead: Scenario = {
  name: 'dead',
  description: 'lookups while a share of all nodes is dead, silent or not dialable, and still in the tables',
  nodes: [1_000],
  lookups: 500,

  run: settings => {
    const rows = settings.nodes.flatMap(nodes => {
      const world = build(settings, nodes)

      return FAULTS.flatMap(fault => SHARES.flatMap(share => {
        settings.note(`${share * 100} % ${fault}`)
        heal(world.nodes)
        afflict(world.nodes, fault, share, world.random.fork('faults'))
        const samples = drawSamples(world, settings.lookups, `${fault} ${share}`)
        const truth = truthOf(world, samples)

        return contestants(settings, nodes).map(({ rules, label }): Row => ({ ...label, nodes, [fault]: share, ...measure(world, rules, samples, truth) }))
      }))
    })

    return {
      rows,
      columns: ['nodes', 'dead', 'silent', 'nat', 'policy', 'paths', 'recall', 'messages', 'failed', 'hopsDiscovery', 'hopsConfirm', 'p50', 'p90', 'p99', 'inFlightMax', 'dials', 'bytes'],
      figure: {
        title: 'Lookups in a network part of which is gone',
        panels: [
          { title: 'Dead: share of the nearest alive found', x: 'dead', y: 'recall', lines: linesOf(rows, 'dead', 'recall', nameOf) },
          { title: 'Dead: requests a lookup', x: 'dead', y: 'messages', lines: linesOf(rows, 'dead', 'messages', nameOf) },
          { title: 'Dead: slowest of 100 lookups', x: 'dead', y: 'p99, ms', lines: linesOf(rows, 'dead', 'p99', nameOf) },
          { title: 'Silent: slowest of 100 lookups', x: 'silent', y: 'p99, ms', lines: linesOf(rows, 'silent', 'p99', nameOf) }
        ]
      }
    }
  }
}
