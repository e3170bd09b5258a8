// What each part of ours's lookup is worth: the same lookups with all of them, and with one left out.

import { drawSamples, measure, truthOf } from '../measure/sample.ts'
import { afflict, heal } from '../network/faults.ts'
import { linesOf } from '../output/lines.ts'
import { LOOKUP_PARTS, ours } from '../policies/ours.ts'
import { build, nameOf } from './build.ts'
import type { Scenario } from './scenario.ts'
import type { Row } from '../measure/row.ts'

const FAULTS = ['dead', 'silent'] as const
const SHARES = [0, 0.1, 0.2, 0.3, 0.5]

export const parts: Scenario = {
  name: 'parts',
  description: 'what each part of the lookup is worth: with all of them, and with one left out (ours only)',
  nodes: [1_000],
  lookups: 500,

  run: settings => {
    const contestants = [{ rules: ours(), label: {} }, ...LOOKUP_PARTS.map(part => ({ rules: ours({ without: [part] }), label: { without: part } }))]
    const rows = settings.nodes.flatMap(nodes => {
      const world = build(settings, nodes)

      return FAULTS.flatMap(fault => SHARES.flatMap(share => {
        settings.note(`${share * 100} % ${fault}`)
        heal(world.nodes)
        afflict(world.nodes, fault, share, world.random.fork('faults'))
        const samples = drawSamples(world, settings.lookups, `${fault} ${share}`)
        const truth = truthOf(world, samples)

        return contestants.map(({ rules, label }): Row => ({ policy: 'ours', ...label, nodes, [fault]: share, ...measure(world, rules, samples, truth) }))
      }))
    })

    return {
      rows,
      columns: ['nodes', 'dead', 'silent', 'without', 'recall', 'messages', 'failed', 'p50', 'p90', 'p99', 'inFlightMax'],
      figure: {
        title: 'Lookups without one of their parts',
        panels: [
          { title: 'Dead: share of the nearest alive found', x: 'dead', y: 'recall', lines: linesOf(rows, 'dead', 'recall', nameOf) },
          { title: 'Dead: requests a lookup', x: 'dead', y: 'messages', lines: linesOf(rows, 'dead', 'messages', nameOf) },
          { title: 'Silent: slowest of 10 lookups', x: 'silent', y: 'p90, ms', lines: linesOf(rows, 'silent', 'p90', nameOf) }
        ]
      }
    }
  }
}
