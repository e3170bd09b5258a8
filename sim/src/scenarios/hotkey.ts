// What it costs the nodes near a key when everyone looks for it.

import { max, mean } from 'simple-statistics'
import { rounded } from '../measure/row.ts'
import { drawSamples, measure, truthOf } from '../measure/sample.ts'
import { RULES } from '../policies/index.ts'
import { build, measurable } from './build.ts'
import type { Scenario } from './scenario.ts'
import type { Row } from '../measure/row.ts'
import type { SimNode } from '../network/node.ts'

/** Of the nodes by their load, those that the figure shows; there are at least as many. */
const SHOWN = [1, 2, 3, 5, 8, 12, 16, 20, 21, 22, 25, 30, 40]

export const hotkey: Scenario = {
  name: 'hotkey',
  description: 'requests that nodes have to answer when all look for one key, beside as many lookups for random keys',
  nodes: [1_000],
  lookups: 1_000,

  run: settings => {
    const loads: Array<{ row: Row, sorted: number[] }> = []

    for (const nodes of settings.nodes) {
      const world = build(settings, nodes)
      const random = drawSamples(world, settings.lookups, 'hotkey')
      const hot = world.random.fork('hot key').key()

      for (const keys of ['random', 'one']) {
        const samples = keys === 'one' ? random.map(sample => ({ ...sample, target: hot })) : random
        const truth = truthOf(world, samples)

        for (const policy of measurable(settings, nodes)) {
          const asked = new Map<SimNode, number>(world.nodes.map(node => [node, 0]))
          const onRequest = (to: SimNode): void => { asked.set(to, (asked.get(to) ?? 0) + 1) }
          const measures = measure(world, RULES[policy], samples, truth, { onRequest })
          const sorted = [...asked.values()].sort((a, b) => b - a)
          loads.push({ row: { policy, nodes, keys, ...measures, loadMean: rounded(mean(sorted)), loadMax: max(sorted) }, sorted })
        }
      }
    }

    return {
      rows: loads.map(({ row }) => row),
      columns: ['nodes', 'keys', 'policy', 'recall', 'messages', 'loadMean', 'loadMax', 'p50', 'p99'],
      figure: {
        title: `Requests that a node has to answer in ${settings.lookups} lookups`,
        panels: ['random', 'one'].map(keys => ({
          title: keys === 'one' ? 'All look for one key' : 'Each looks for a key of its own',
          x: 'node, by its load',
          y: 'requests',
          logX: true,
          lines: loads.filter(({ row }) => row.keys === keys && row.nodes === settings.nodes[0]).map(({ row, sorted }) => ({
            name: row.policy,
            points: SHOWN.map((rank): [number, number] => [rank, sorted[rank - 1]])
          }))
        }))
      }
    }
  }
}
