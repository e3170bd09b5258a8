// An attacker joins with nodes whose keys crowd the place around one key, nearer to it than any honest node.

import { drawSamples, measure, success, truthOf } from '../measure/sample.ts'
import { collude } from '../network/behaviours.ts'
import { CONFIG } from '../network/config.ts'
import { SEEDS_DIALLED } from '../network/model.ts'
import { nearestNodes } from '../network/nearest-nodes.ts'
import { isHonest } from '../network/node.ts'
import { linesOf } from '../output/lines.ts'
import { RULES } from '../policies/index.ts'
import { join } from '../world/join.ts'
import { build, measurable } from './build.ts'
import type { Scenario } from './scenario.ts'
import type { Key } from '../../../src/kademlia/key.ts'
import type { Row } from '../measure/row.ts'
import type { SimNode } from '../network/node.ts'
import type { World } from '../world/world.ts'

/** Keys that are attacked, each by nodes of its own. */
const KEYS = 10

/** Hostile nodes a key, up to twice as many as hold a record. */
const SYBILS = [0, 5, 10, 20, 40]

/** Their keys share so many bits with the attacked one beyond those that its nearest honest node shares. */
const NEARER = 4

export const eclipse: Scenario = {
  name: 'eclipse',
  description: 'values and lookups for keys around which an attacker has crowded nodes of its own',
  nodes: [1_000],
  lookups: 300,

  run: settings => {
    const rows = settings.nodes.flatMap(nodes => {
      const world = build(settings, nodes)
      const random = world.random.fork('eclipse')
      const keys = Array.from({ length: KEYS }, () => random.key())
      const holders = keys.map(key => new Set(nearestNodes(world.nodes, key, CONFIG.k)))
      const attackers: SimNode[][] = keys.map(() => [])

      return SYBILS.flatMap(sybils => {
        settings.note(`${sybils} hostile nodes a key`)
        keys.forEach((key, i) => { crowd(world, key, sybils, attackers[i]) })
        const samples = drawSamples(world, settings.lookups, `eclipse ${sybils}`).map((sample, i) => ({ ...sample, target: keys[i % KEYS] }))
        const held = new Map(samples.map(({ label }, i) => [label, holders[i % KEYS]]))
        const truth = truthOf(world, samples)

        return measurable(settings, nodes).map((policy): Row => ({
          policy,
          nodes,
          sybils,
          ...measure(world, RULES[policy], samples, truth),
          success: success(world, RULES[policy], samples, (peer, { label }) => held.get(label)?.has(peer) === true)
        }))
      })
    })

    return {
      rows,
      columns: ['nodes', 'sybils', 'policy', 'success', 'recall', 'messages', 'failed', 'p50', 'p99'],
      figure: {
        title: 'Keys that an attacker has crowded',
        panels: [
          { title: 'Values got that were stored before', x: 'hostile nodes around the key', y: 'success', lines: linesOf(rows, 'sybils', 'success') },
          { title: 'Share of the honest nearest found', x: 'hostile nodes around the key', y: 'recall', lines: linesOf(rows, 'sybils', 'recall') }
        ]
      }
    }
  }
}

/** More of them join, one after the other, until there are `count`; then all name only each other. */
function crowd (world: World, target: Key, count: number, sybils: SimNode[]): void {
  const random = world.random.fork(`crowd ${target.join()}`)
  const upkeep = { network: world.network, random, rules: RULES.ours }
  const shared = Math.ceil(Math.log2(world.nodes.length)) + NEARER

  while (sybils.length < count) {
    const sybil = world.addNode(random.keyInBucket(target, shared + sybils.length % 8))
    sybils.push(sybil)
    join(upkeep, sybil, random.sample(world.nodes.filter(isHonest), SEEDS_DIALLED))
    world.clock.run()
  }

  const behaviour = collude(sybils)
  sybils.forEach(sybil => { sybil.behaviour = behaviour })
}
