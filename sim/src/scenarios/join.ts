// What joining costs the joiner and its seeds, and what its table is worth then.

import { max, mean, median, sum } from 'simple-statistics'
import { rounded } from '../measure/row.ts'
import { measure } from '../measure/sample.ts'
import { CONFIG } from '../network/config.ts'
import { SEEDS_DIALLED } from '../network/model.ts'
import { nearestNodes } from '../network/nearest-nodes.ts'
import { linesOf } from '../output/lines.ts'
import { RULES } from '../policies/index.ts'
import { join as joinNetwork } from '../world/join.ts'
import { keepUp } from '../world/upkeep.ts'
import { build, measurable } from './build.ts'
import type { Scenario } from './scenario.ts'
import type { Row } from '../measure/row.ts'
import type { SimNode } from '../network/node.ts'
import type { Rules } from '../policies/policy.ts'
import type { Upkeep } from '../world/join.ts'
import type { World } from '../world/world.ts'

const MINUTE = 60_000

/** Nodes that join under each policy, all by the same seeds. */
const JOINERS = 20

/** Lookups of a joiner as soon as it has joined. */
const LOOKUPS = 10

/** How long a joiner is watched. */
const WATCHED = 10 * MINUTE

export const join: Scenario = {
  name: 'join',
  description: 'requests that a seed gets from each joiner in its first ten minutes, and what joining takes',
  nodes: [100, 1_000, 10_000],
  lookups: JOINERS,

  run: settings => {
    // each policy has a network to itself: joiners stay in it
    const rows = settings.nodes.flatMap(nodes => measurable(settings, nodes).map((policy): Row => {
      const watch = new Watch()
      const world = build(settings, nodes, { onRequest: (to, from) => { watch.onRequest(to, from) } })
      settings.note(`${settings.lookups} more join by the rules of ${policy}`)
      const seeds = world.random.fork('seeds').sample(world.nodes, SEEDS_DIALLED)
      const upkeep = { network: world.network, random: world.random.fork('join'), rules: RULES[policy] }
      const joins = Array.from({ length: settings.lookups }, () => joinWatched(world, upkeep, seeds, watch))
      const seedRequests = joins.flatMap(({ seedRequests }) => seedRequests)

      return {
        policy,
        nodes,
        seedRequests: rounded(mean(seedRequests)),
        seedRequestsMax: max(seedRequests),
        joinMs: median(joins.map(({ ms }) => ms)),
        joinMessages: rounded(mean(joins.map(({ messages }) => messages))),
        tableSize: rounded(mean(joins.map(({ tableSize }) => tableSize))),
        ownKnown: rounded(mean(joins.map(({ known }) => known))),
        recall: rounded(mean(joins.map(({ recall }) => recall)), 4)
      }
    }))

    return {
      rows,
      columns: ['nodes', 'policy', 'seedRequests', 'seedRequestsMax', 'joinMs', 'joinMessages', 'tableSize', 'ownKnown', 'recall'],
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

/** Counts the requests of one node. */
class Watch {
  #node?: SimNode
  #asked = new Map<SimNode, number>()

  start (node: SimNode): void {
    this.#node = node
    this.#asked = new Map()
  }

  onRequest (to: SimNode, from: SimNode): void {
    if (from === this.#node) {
      this.#asked.set(to, this.to(to) + 1)
    }
  }

  to (node: SimNode): number {
    return this.#asked.get(node) ?? 0
  }

  get all (): number {
    return sum([...this.#asked.values()])
  }
}

interface Joined {
  /** until it had refreshed its table */
  ms: number
  messages: number
  /** to each seed, in all the time that it was watched */
  seedRequests: number[]
  tableSize: number
  /** of its own nearest k, those in its table */
  known: number
  /** of its lookups, as soon as it had refreshed its table */
  recall: number
}

/** One more node joins, keeps its table while it is watched, and then stays without doing anything. */
function joinWatched (world: World, upkeep: Upkeep, seeds: SimNode[], watch: Watch): Joined {
  const { clock, nodes } = world
  const begun = clock.now
  const others = [...nodes]
  const node = world.addNode()
  let ms = 0
  let messages = 0
  let recall = 0
  watch.start(node)

  joinNetwork(upkeep, node, seeds, () => {
    ms = clock.now - begun
    messages = watch.all
    recall = recallOf(world, node, others, upkeep.rules)
  })
  keepUp(upkeep, node, begun + WATCHED)
  clock.run()

  return {
    ms,
    messages,
    seedRequests: seeds.map(seed => watch.to(seed)),
    tableSize: node.table.size,
    recall,
    known: nearestNodes(others, node.key, CONFIG.k).filter(({ id }) => node.table.has(id)).length
  }
}

function recallOf (world: World, node: SimNode, others: SimNode[], rules: Rules): number {
  const random = world.random.fork(`lookups of ${node.id}`)
  const samples = Array.from({ length: LOOKUPS }, (_, i) => ({ label: `${node.id} ${i}`, from: node, target: random.key() }))

  return measure(world, rules, samples, samples.map(({ target }) => nearestNodes(others, target, CONFIG.k))).recall ?? 0
}
