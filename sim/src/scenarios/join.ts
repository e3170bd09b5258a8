// What joining costs the joiner and its seeds, and what its table is worth then.

import { max, mean, median } from 'simple-statistics'
import { rounded } from '../measure/row.ts'
import { linesOf } from '../output/lines.ts'
import { RULES } from '../policies/index.ts'
import { CONFIG } from '../world/config.ts'
import { join as joinNetwork } from '../world/join.ts'
import { SEEDS_DIALLED } from '../world/model.ts'
import { nearestNodes } from '../world/nearest-nodes.ts'
import { keepUp } from '../world/upkeep.ts'
import { build } from './build.ts'
import type { Scenario } from './scenario.ts'
import type { Row } from '../measure/row.ts'
import type { SimNode } from '../world/node.ts'

const MINUTE = 60_000

/** Nodes that join under each policy, all by the same seeds. */
const JOINERS = 20

/** How long a joiner is watched. */
const WATCHED = 10 * MINUTE

export const join: Scenario = {
  name: 'join',
  description: 'requests that a seed gets from each joiner in its first ten minutes, and what joining takes',
  nodes: [100, 300, 1_000],
  lookups: JOINERS,

  run: settings => {
    const rows = settings.nodes.flatMap(nodes => {
      // what the one who is joining has sent, and to whom
      let joiner: SimNode | undefined
      let asked = new Map<SimNode, number>()
      let sent = 0

      const world = build(settings, nodes, (to, from) => {
        if (from === joiner) {
          sent++
          asked.set(to, (asked.get(to) ?? 0) + 1)
        }
      })
      const seeds = world.random.fork('seeds').sample(world.nodes, SEEDS_DIALLED)

      return settings.policies.map((policy): Row => {
        settings.note(`${settings.lookups} nodes join by the rules of ${policy}`)
        const random = world.random.fork(`join ${policy}`)
        const upkeep = { network: world.network, random, rules: RULES[policy] }
        const joins: Array<{ ms: number, messages: number, seedRequests: number[], known: number, table: number }> = []

        for (let i = 0; i < settings.lookups; i++) {
          const begun = world.clock.now
          const node = joiner = world.addNode()
          const result = { ms: 0, messages: 0, seedRequests: [], known: 0, table: 0 }
          asked = new Map()
          sent = 0

          joinNetwork(upkeep, node, seeds, () => {
            result.ms = world.clock.now - begun
            result.messages = sent
          })
          keepUp(upkeep, node, begun + WATCHED)
          world.clock.run()

          const nearest = nearestNodes(world.nodes.filter(other => other !== node), node.key, CONFIG.k)
          joins.push({
            ...result,
            seedRequests: seeds.map(seed => asked.get(seed) ?? 0),
            known: nearest.filter(({ id }) => node.table.has(id)).length,
            table: node.table.size
          })
        }

        const seedRequests = joins.flatMap(({ seedRequests }) => seedRequests)

        return {
          policy,
          nodes,
          seedRequests: rounded(mean(seedRequests)),
          seedRequestsMax: max(seedRequests),
          joinMs: median(joins.map(({ ms }) => ms)),
          joinMessages: rounded(mean(joins.map(({ messages }) => messages))),
          tableSize: rounded(mean(joins.map(({ table }) => table))),
          ownKnown: rounded(mean(joins.map(({ known }) => known)))
        }
      })
    })

    return {
      rows,
      columns: ['nodes', 'policy', 'seedRequests', 'seedRequestsMax', 'joinMs', 'joinMessages', 'tableSize', 'ownKnown'],
      figure: {
        title: 'Joining',
        panels: [
          { title: 'Requests of a joiner to each seed', x: 'nodes', y: 'requests in ten minutes', logX: true, lines: linesOf(rows, 'nodes', 'seedRequests') },
          { title: 'Requests to join', x: 'nodes', y: 'requests', logX: true, lines: linesOf(rows, 'nodes', 'joinMessages') }
        ]
      }
    }
  }
}
