// A network in which nodes come and go as they do in the public one, and keep their tables up.

import { mean, sum } from 'simple-statistics'
import { rounded } from '../measure/row.ts'
import { drawSamples, measure, truthOf } from '../measure/sample.ts'
import { linesOf } from '../output/lines.ts'
import { RULES } from '../policies/index.ts'
import { Population } from '../world/population.ts'
import { build, measurable } from './build.ts'
import type { Scenario } from './scenario.ts'
import type { Row } from '../measure/row.ts'
import type { SimNode } from '../network/node.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** Times that the network is looked at, at even distances. */
const LOOKS = 12

export const churn: Scenario = {
  name: 'churn',
  description: 'lookups while nodes come and go (half of the joiners are gone after 2 h, 80 % after 8 h)',
  nodes: [10_000],
  lookups: 300,
  hours: 24,

  run: settings => {
    const { hours: total = 24 } = settings
    const rows = settings.nodes.flatMap(nodes => {
      const world = build(settings, nodes)
      const population = new Population(world)
      const rows: Row[] = []
      const policies = measurable(settings, nodes)
      const begun = world.clock.now
      let sent = requests(world.network.traffic)

      for (let look = 1; look <= LOOKS; look++) {
        const hours = rounded(look * total / LOOKS)
        world.clock.run(begun + look * total * HOUR / LOOKS)
        const samples = drawSamples(world, settings.lookups, `churn ${hours}`)
        const truth = truthOf(world, samples)
        const { up } = population
        const upkeepPerMinute = rounded((requests(world.network.traffic) - sent) / nodes / (total * 60 / LOOKS))
        sent = requests(world.network.traffic)

        for (const policy of policies) {
          rows.push({ policy, nodes, hours, ...measure(world, RULES[policy], samples, truth), ...tables(up), upkeepPerMinute })
        }

        // it takes long enough to want to know
        const found = rows.slice(-policies.length).map(({ policy, recall, messages }) => `${policy} finds ${recall} with ${messages} messages`)
        settings.note([`${hours} h of ${total}`, ...found, `${tables(up).deadInTable} of the tables is gone`, `${upkeepPerMinute} requests a minute and node`].join(', '))
      }

      return rows
    })

    return {
      rows,
      columns: ['nodes', 'hours', 'policy', 'recall', 'messages', 'failed', 'p50', 'p90', 'p99', 'dials', 'tableSize', 'deadInTable', 'upkeepPerMinute'],
      figure: {
        title: 'Lookups while nodes come and go',
        panels: [
          { title: 'Share of the nearest alive found', x: 'hours', y: 'recall', lines: linesOf(rows, 'hours', 'recall') },
          { title: 'Requests a lookup', x: 'hours', y: 'messages', lines: linesOf(rows, 'hours', 'messages') },
          { title: 'Slowest of 100 lookups', x: 'hours', y: 'p99, ms', lines: linesOf(rows, 'hours', 'p99') }
        ]
      }
    }
  }
}

function requests (traffic: { requests: number, probes: number }): number {
  return traffic.requests + traffic.probes
}

function tables (up: SimNode[]): Pick<Row, 'tableSize' | 'deadInTable'> {
  const sizes = up.map(({ table }) => table.size)
  const gone = up.map(({ table }) => [...table.entries()].filter(({ peer }) => peer.health !== 'alive').length)

  return { tableSize: rounded(mean(sizes)), deadInTable: rounded(sum(gone) / sum(sizes)) }
}
