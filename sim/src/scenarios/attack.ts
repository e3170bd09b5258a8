// Lookups while a share of the nodes is hostile, against what S/Kademlia's formula says of disjoint paths.

import { mean } from 'simple-statistics'
import { rounded } from '../measure/row.ts'
import { drawSamples, lookUpAll, measure, success } from '../measure/sample.ts'
import { collude, drop, invent } from '../network/behaviours.ts'
import { CONFIG } from '../network/config.ts'
import { corrupt, heal } from '../network/faults.ts'
import { nearestNodes } from '../network/nearest-nodes.ts'
import { isHonest } from '../network/node.ts'
import { linesOf } from '../output/lines.ts'
import { RULES } from '../policies/index.ts'
import { ours } from '../policies/ours.ts'
import { build, measurable, nameOf } from './build.ts'
import type { Scenario } from './scenario.ts'
import type { Row } from '../measure/row.ts'
import type { Behaviour, SimNode } from '../network/node.ts'
import type { Panel } from '../output/figure.ts'
import type { Variation } from '../policies/ours.ts'
import type { PolicyName } from '../policies/policy.ts'

const SHARES = [0, 0.1, 0.2, 0.3, 0.5]

/** Disjoint paths that ours is measured with, and what it is measured without. */
const VARIATIONS: Variation[] = [{ paths: 1 }, { paths: 4 }, { paths: 8 }, ...(['trust', 'doubt', 'around'] as const).map(part => ({ without: [part] }))]

/** How many disjoint paths the others have. */
const OTHERS_PATHS: Record<Exclude<PolicyName, 'ours'>, number> = { go: 1, js: 10, rust: 1 }

export const attack: Scenario = {
  name: 'attack',
  description: 'lookups while a share of all nodes names only each other, invents peers, or drops requests',
  nodes: [1_000],
  lookups: 300,

  run: settings => {
    const rows = settings.nodes.flatMap(nodes => {
      const world = build(settings, nodes)
      const measured = measurable(settings, nodes).flatMap(policy => policy === 'ours'
        ? VARIATIONS.map(({ paths = CONFIG.disjointPaths, without }) => ({ rules: ours({ paths, without }), paths, label: without == null ? { paths } : { without: without.join() } }))
        : [{ rules: RULES[policy], paths: OTHERS_PATHS[policy], label: {} }])
      const behaviours: Record<string, (hostile: SimNode[]) => Behaviour> = {
        collude,
        invent: () => invent(nodes, world.random.fork('invent')),
        drop
      }
      const clean = drawSamples(world, settings.lookups, 'clean')
      const hops = new Map(measured.map(({ rules }) => [rules, mean(lookUpAll(world, rules, clean).reports.map(({ hopsDiscovery }) => hopsDiscovery))]))

      return Object.entries(behaviours).flatMap(([behaviour, behave]) => SHARES.flatMap(hostile => {
        settings.note(`${hostile * 100} % ${behaviour}`)
        heal(world.nodes)
        corrupt(world.nodes, hostile, world.random.fork('hostile'), behave)
        const samples = drawSamples(world, settings.lookups, `${behaviour} ${hostile}`)
        // whoever is hostile has a place among the nearest all the same, and nobody can tell
        const truth = samples.map(({ from, target }) => nearestNodes(world.nodes.filter(node => node !== from), target, CONFIG.k).filter(isHonest))
        const holders = new Map(samples.map(sample => [sample, new Set(nearestNodes(world.nodes, sample.target, CONFIG.k).filter(isHonest))]))

        return measured.map(({ rules, paths, label }): Row => ({
          policy: rules.name,
          ...label,
          nodes,
          hostile,
          behaviour,
          ...measure(world, rules, samples, truth),
          success: success(world, rules, samples, (peer, sample) => holders.get(sample)?.has(peer) === true),
          formula: rounded(1 - (1 - (1 - hostile) ** (hops.get(rules) ?? 0)) ** paths)
        }))
      }))
    })

    // ours with its default number of paths has the colour that it has elsewhere
    const lineName = (row: Row): string => row.paths === CONFIG.disjointPaths ? row.policy : nameOf(row)
    const panel = (behaviour: string, title: string, y: 'recall' | 'messages' | 'success'): Panel => ({
      title, x: 'hostile', y, lines: linesOf(rows.filter(row => row.behaviour === behaviour), 'hostile', y, lineName)
    })

    const values = panel('collude', 'They name only each other: values got', 'success')
    const formulae = linesOf(rows.filter(({ policy, behaviour, paths }) => policy === 'ours' && behaviour === 'collude' && paths != null), 'hostile', 'formula', ({ paths }) => `formula, d = ${paths}`)
      .map(line => ({ ...line, dashed: true }))

    return {
      rows,
      columns: ['nodes', 'behaviour', 'hostile', 'policy', 'paths', 'without', 'success', 'formula', 'recall', 'messages', 'failed', 'p50', 'p99', 'inFlightMax'],
      figure: {
        title: 'Lookups among hostile nodes',
        panels: [
          { ...values, lines: [...values.lines, ...formulae] },
          panel('collude', 'They name only each other: honest nearest found', 'recall'),
          panel('invent', 'They name invented peers: honest nearest found', 'recall'),
          panel('invent', 'They name invented peers: requests a lookup', 'messages')
        ]
      }
    }
  }
}
