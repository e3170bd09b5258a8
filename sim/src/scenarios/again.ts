// A second lookup for the same key or one near by: over the connections that the first has opened, and from what it has found
// or from the table alone. Between the two some of the nodes die.

import { sumUp } from '../measure/row.ts'
import { drawSamples, recall, truthOf } from '../measure/sample.ts'
import { afflict, heal } from '../network/faults.ts'
import { linesOf } from '../output/lines.ts'
import { ours } from '../policies/ours.ts'
import { runLookup } from '../world/run-lookup.ts'
import { build } from './build.ts'
import type { Scenario, Settings } from './scenario.ts'
import type { Key } from '../../../src/kademlia/key.ts'
import type { Row } from '../measure/row.ts'
import type { Sample } from '../measure/sample.ts'
import type { SimNetwork } from '../network/network.ts'
import type { SimNode } from '../network/node.ts'
import type { LookupReport } from '../world/run-lookup.ts'
import type { World } from '../world/world.ts'

const SHARES = [0, 0.1, 0.3, 0.5]

/** What of the first lookup the second may use. */
const USES = ['all', 'connections'] as const

/** `near`: of the nearest 20 about half are the same. */
const KEYS = ['same', 'near'] as const

export const again: Scenario = {
  name: 'again',
  description: 'a second lookup near by, from what the first has found or from the table alone (ours only)',
  nodes: [1_000],
  lookups: 300,

  run: settings => {
    const rows = settings.nodes.flatMap(nodes => {
      const world = build(settings, nodes)

      return KEYS.flatMap(keys => SHARES.flatMap(dead => {
        settings.note(`${keys} key, ${dead * 100} % dead`)

        return USES.map(uses => measureSecond(world, settings, { nodes, keys, dead, uses }))
      }))
    })
    const nameOf = ({ keys, uses }: Row): string => `${keys} key${uses === 'all' ? '' : ', from the table alone'}`

    return {
      rows,
      columns: ['nodes', 'keys', 'dead', 'uses', 'recall', 'messages', 'failed', 'p50', 'p90', 'p99'],
      figure: {
        title: 'A second lookup near by',
        panels: [
          { title: 'Share of the nearest alive found', x: 'dead', y: 'recall', lines: linesOf(rows, 'dead', 'recall', nameOf) },
          { title: 'Requests of the second lookup', x: 'dead', y: 'messages', lines: linesOf(rows, 'dead', 'messages', nameOf) },
          { title: 'Its time', x: 'dead', y: 'p50, ms', lines: linesOf(rows, 'dead', 'p50', nameOf) }
        ]
      }
    }
  }
}

interface Case {
  nodes: number
  keys: typeof KEYS[number]
  dead: number
  uses: typeof USES[number]
}

function measureSecond (world: World, { lookups }: Settings, { nodes, keys, dead, uses }: Case): Row {
  const label = `${keys} ${dead}`
  const random = world.random.fork(label)
  heal(world.nodes)
  const firsts = drawSamples(world, lookups, label).map(sample => lookUp(world.frozen(world.random.fork(`${sample.label} network`)), world, sample))
  afflict(world.nodes, 'dead', dead, random.fork('faults'))

  const seconds = firsts.map(({ network, sample, report }) => {
    const target: Key = keys === 'same' ? sample.target : random.keyInBucket(sample.target, Math.max(0, Math.round(Math.log2(nodes / 20))))

    return lookUp(network, world, { ...sample, label: `${sample.label} again`, target }, uses === 'all' ? report.found : [])
  })
  const truth = truthOf(world, seconds.map(({ sample }) => sample))
  const reports = seconds.map(({ report }) => report)

  return { policy: 'ours', nodes, keys, dead, uses, ...sumUp(reports, reports.map(({ found }, i) => recall(found, truth[i])), 0) }
}

interface Done {
  network: SimNetwork
  sample: Sample
  report: LookupReport
}

function lookUp (network: SimNetwork, world: World, sample: Sample, known?: SimNode[]): Done {
  const { from, target, label } = sample
  let report: LookupReport | undefined

  runLookup(network, { rules: ours(), from, target, random: world.random.fork(label), known }, done => { report = done })
  network.clock.run()

  return { network, sample, report: report as LookupReport }
}
