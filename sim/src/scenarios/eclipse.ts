// An attacker joins with nodes whose keys crowd the place around one key, nearer to it than any honest node.

import { announce } from '../measure/announce.ts'
import { observers } from '../measure/observed-size.ts'
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
import type { Scenario, Settings } from './scenario.ts'
import type { Key } from '../../../src/kademlia/key.ts'
import type { RegionMode } from '../../../src/kademlia/region.ts'
import type { Row } from '../measure/row.ts'
import type { SimNode } from '../network/node.ts'
import type { World } from '../world/world.ts'

/** Keys that are attacked, each by nodes of its own. */
const KEYS = 10

/** Hostile nodes a key, up to twice as many as hold a record. */
const SYBILS = [0, 5, 10, 20, 40]

/** Their keys share so many bits with the attacked one beyond those that its nearest honest node shares. */
const NEARER = 4

/** Whether providers and searchers go through the whole region. */
const REGION_MODES: RegionMode[] = ['off', 'auto', 'on']

/** Nodes that announce and search, and the lookups from which each knows the size of the network. */
const OBSERVERS = 40
const LOOKUPS_BEFORE = 10

export const eclipse: Scenario = {
  name: 'eclipse',
  description: 'values, providers and lookups for keys around which an attacker has crowded nodes of its own',
  nodes: [1_000],
  lookups: 300,

  run: settings => {
    const rows = settings.nodes.flatMap(nodes => {
      const world = build(settings, nodes)
      const random = world.random.fork('eclipse')
      const keys = Array.from({ length: KEYS }, () => random.key())
      const holders = keys.map(key => new Set(nearestNodes(world.nodes, key, CONFIG.k)))
      const attackers: SimNode[][] = keys.map(() => [])
      const policies = measurable(settings, nodes)

      return SYBILS.flatMap(sybils => {
        settings.note(`${sybils} hostile nodes a key`)
        keys.forEach((key, i) => { crowd(world, key, sybils, attackers[i]) })
        const samples = drawSamples(world, settings.lookups, `eclipse ${sybils}`).map((sample, i) => ({ ...sample, target: keys[i % KEYS] }))
        const held = new Map(samples.map(({ label }, i) => [label, holders[i % KEYS]]))
        const truth = truthOf(world, samples)

        return [
          ...policies.map((policy): Row => ({
            policy,
            nodes,
            sybils,
            ...measure(world, RULES[policy], samples, truth),
            success: success(world, RULES[policy], samples, (peer, { label }) => held.get(label)?.has(peer) === true)
          })),
          ...policies.includes('ours') ? providers(settings, world, sybils, keys).map((row): Row => ({ policy: 'ours', nodes, sybils, ...row })) : []
        ]
      })
    })
    const lookups = rows.filter(({ region }) => region == null)
    const attacked = rows.filter(({ keys }) => keys === 'attacked')
    const nameOf = ({ region }: Row): string => `region ${region}`

    return {
      rows,
      columns: ['nodes', 'sybils', 'policy', 'keys', 'region', 'success', 'searched', 'recall', 'lookupsEach', 'messages', 'stores', 'holders', 'failed', 'p50', 'p99'],
      figure: {
        title: 'Keys that an attacker has crowded',
        panels: [
          { title: 'Values got that were stored before', x: 'hostile nodes around the key', y: 'success', lines: linesOf(lookups, 'sybils', 'success') },
          { title: 'Share of the honest nearest found', x: 'hostile nodes around the key', y: 'recall', lines: linesOf(lookups, 'sybils', 'recall') },
          { title: 'Providers found that were announced since', x: 'hostile nodes around the key', y: 'success', lines: linesOf(attacked, 'sybils', 'success', nameOf) },
          { title: 'Requests of lookups for that, on each side', x: 'hostile nodes around the key', y: 'requests', lines: linesOf(attacked, 'sybils', 'messages', nameOf) }
        ]
      }
    }
  }
}

/** Announced and looked for while the attack goes on: the keys that are attacked, and others. */
function providers ({ lookups }: Settings, world: World, sybils: number, attacked: Key[]): Array<Partial<Row>> {
  const who = observers(world, Math.min(OBSERVERS, lookups + 1), LOOKUPS_BEFORE, `eclipse ${sybils}`)
  const others = world.random.fork(`keys beside ${sybils}`)
  const targets: Record<string, Key[]> = {
    attacked: Array.from({ length: lookups }, (_, i) => attacked[i % KEYS]),
    others: Array.from({ length: lookups }, () => others.key())
  }

  return Object.entries(targets).flatMap(([keys, targets]) => REGION_MODES.map(region => ({ keys, region, ...announce(world, who, targets, region) })))
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
