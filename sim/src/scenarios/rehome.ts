// How many records get other holders when a node joins or leaves, and whether lookups see it.

import { mean } from 'simple-statistics'
import { rounded } from '../measure/row.ts'
import { drawSamples, measure } from '../measure/sample.ts'
import { CONFIG } from '../network/config.ts'
import { gone } from '../network/faults.ts'
import { SEEDS_DIALLED } from '../network/model.ts'
import { nearestNodes } from '../network/nearest-nodes.ts'
import { isHonest } from '../network/node.ts'
import { RULES } from '../policies/index.ts'
import { join } from '../world/join.ts'
import { build, measurable } from './build.ts'
import type { Scenario } from './scenario.ts'
import type { Key } from '../../../src/kademlia/key.ts'
import type { Row } from '../measure/row.ts'
import type { Sample } from '../measure/sample.ts'
import type { SimNode } from '../network/node.ts'
import type { World } from '../world/world.ts'

/** Records that are watched. */
const RECORDS = 2_000

/** Nodes that join, and then as many that leave. */
const CHANGES = 25

const EVENTS = {
  join: (world: World): void => {
    const random = world.random.fork(`join ${world.nodes.length}`)
    const seeds = random.sample(world.nodes.filter(isHonest), SEEDS_DIALLED)
    join({ network: world.network, random, rules: RULES.ours }, world.addNode(), seeds)
    world.clock.run()
  },
  leave: (world: World, i: number): void => {
    const random = world.random.fork(`leave ${i}`)
    const node = random.pick(world.nodes.filter(isHonest))
    node.health = gone(random)
    world.network.disconnect(node)
  }
}

export const rehome: Scenario = {
  name: 'rehome',
  description: 'the share of records that get other holders when a node joins or leaves, and whether lookups find those',
  nodes: [100, 300, 1_000],
  lookups: 300,

  run: settings => {
    const rows = settings.nodes.flatMap(nodes => {
      const world = build(settings, nodes)
      const random = world.random.fork('records')
      const records = Array.from({ length: RECORDS }, () => random.key())

      return Object.entries(EVENTS).flatMap(([event, change]) => {
        const shares: number[] = []
        const moved: Sample[] = []
        let before = holdersOf(world, records)

        for (let i = 0; i < CHANGES; i++) {
          change(world, i)
          const after = holdersOf(world, records)
          const changed = changedOf(records, before, after)
          shares.push(changed.length / RECORDS)
          before = after

          // looked for after all changes, before any table was refreshed
          moved.push(...drawSamples(world, Math.ceil(settings.lookups / CHANGES), `${event} ${i}`).map((sample, n) => ({
            ...sample, target: changed.length === 0 ? sample.target : changed[n % changed.length]
          })))
        }

        const truth = moved.map(({ target, from }) => nearestNodes(world.nodes.filter(node => isHonest(node) && node !== from), target, CONFIG.k))

        return measurable(settings, nodes).map((policy): Row => ({
          policy, nodes, event, rehomed: rounded(mean(shares), 4), expected: rounded(CONFIG.k / nodes, 4), ...measure(world, RULES[policy], moved, truth)
        }))
      })
    })

    const policy = rows[0]?.policy
    const pointsOf = (event: string, measure: 'rehomed' | 'expected'): Array<[number, number]> => rows
      .filter(row => row.policy === policy && row.event === event)
      .map(row => [row.nodes, row[measure] ?? 0])

    return {
      rows,
      columns: ['nodes', 'event', 'policy', 'rehomed', 'expected', 'recall', 'messages', 'failed', 'p50', 'p99'],
      figure: {
        title: 'Records that get other holders',
        panels: [{
          title: 'When one node joins or leaves',
          x: 'nodes',
          y: 'share of all records',
          logX: true,
          logY: true,
          lines: [
            { name: 'join', points: pointsOf('join', 'rehomed') },
            { name: 'leave', points: pointsOf('leave', 'rehomed') },
            { name: 'k / N', points: pointsOf('join', 'expected'), dashed: true }
          ]
        }]
      }
    }
  }
}

function holdersOf (world: World, records: Key[]): SimNode[][] {
  const honest = world.nodes.filter(isHonest)

  return records.map(key => nearestNodes(honest, key, CONFIG.k))
}

/** Those that have a holder after it that they had not before. */
function changedOf (records: Key[], before: SimNode[][], after: SimNode[][]): Key[] {
  return records.filter((_, i) => after[i].some(node => !before[i].includes(node)))
}
