// What it takes to announce what one has: many keys by a sweep, beside a lookup for each, and one key optimistically, beside the classic way.

import { max, mean, quantile } from 'simple-statistics'
import { observedSizes } from '../measure/observed-size.ts'
import { rounded } from '../measure/row.ts'
import { drawSamples } from '../measure/sample.ts'
import { sweep } from '../measure/sweep.ts'
import { CONFIG } from '../network/config.ts'
import { afflict, heal } from '../network/faults.ts'
import { isHonest } from '../network/node.ts'
import { SortedNodes } from '../network/sorted-nodes.ts'
import { linesOf } from '../output/lines.ts'
import { runProvide } from '../world/run-provide.ts'
import { build } from './build.ts'
import type { Scenario, Settings } from './scenario.ts'
import type { Row } from '../measure/row.ts'
import type { Sample } from '../measure/sample.ts'
import type { Place } from '../network/geography.ts'
import type { SimNode } from '../network/node.ts'
import type { ProvideReport } from '../world/run-provide.ts'
import type { World } from '../world/world.ts'

/** All nodes are as far from each other, so that a round trip takes 100 ms on average with its jitter: half of it is each one's line, ms. */
const EVERYWHERE: Place = { x: 1, y: 0, z: 0, lastMile: 100 / 1.1 / 2 }

/** The share of nodes that are gone, and still in all tables. */
const DEAD = [0, 0.1, 0.3]

/** A cycle has so many keys, as shares of those of the largest. */
const CYCLES = [0.001, 0.01, 0.1, 1]

/** Keys announced one by one, and providers; fewer when there are fewer lookups. */
const SINGLE = 500
const PROVIDERS = 25

/** Lookups that a node has made before, from which it knows the size of the network. */
const LOOKUPS_BEFORE = 10

export const provide: Scenario = {
  name: 'provide',
  description: 'announcing keys: many by a sweep, and one optimistically (ours only)',
  nodes: [10_000],
  lookups: 100_000,
  tables: 'filled',

  run: settings => {
    const rows = settings.nodes.flatMap(nodes => {
      const world = build(settings, nodes, { place: () => EVERYWHERE })

      return DEAD.flatMap(dead => {
        heal(world.nodes)
        afflict(world.nodes, 'dead', dead, world.random.fork('faults'))
        const label = { policy: 'ours', nodes, dead } as const

        return [
          ...single(settings, world, dead).map((row): Row => ({ ...label, ...row })),
          ...cycles(settings).map((cids): Row => {
            settings.note(`a sweep over ${cids} keys, ${dead * 100} % dead`)

            return { ...label, cids, provide: 'sweep', ...swept(world, cids) }
          })
        ]
      })
    })
    const nameOf = ({ provide, dead = 0 }: Row): string => `${provide}, ${dead * 100} % dead`
    const alone = rows.filter(({ provide }) => provide !== 'sweep')

    return {
      rows,
      columns: ['nodes', 'dead', 'provide', 'cids', 'lookupShare', 'messages', 'stores', 'holders', 'holdersP50', 'holdersP5', 'dropped', 'p50', 'p90', 'overP50', 'overP90', 'sizeError', 'sizeErrorP90'],
      figure: {
        title: 'Announcing keys',
        panels: [
          { title: 'Lookups of a sweep for each key', x: 'keys', y: 'lookups', logX: true, lines: linesOf(rows, 'cids', 'lookupShare', nameOf) },
          { title: 'Requests of its lookups for each key', x: 'keys', y: 'requests', logX: true, lines: linesOf(rows.filter(({ provide }) => provide === 'sweep'), 'cids', 'messages', nameOf) },
          { title: 'One key: until its caller has a result', x: 'dead', y: 'ms', lines: linesOf(alone, 'dead', 'p50', ({ provide }) => `${provide}`) },
          { title: `One key: of the true ${CONFIG.k} nearest reached`, x: 'dead', y: 'holders', lines: linesOf(alone, 'dead', 'holders', ({ provide }) => `${provide}`) }
        ]
      }
    }
  }
}

function cycles ({ lookups }: Settings): number[] {
  return [...new Set(CYCLES.map(share => max([1, Math.round(share * lookups)])))]
}

function swept (world: World, cids: number): Partial<Row> {
  const random = world.random.fork(`sweep ${cids}`)
  const from = random.pick(world.nodes.filter(isHonest))
  const truth = truthFor(world, from)
  const reached: number[] = []
  let stores = 0

  const { lookups, messages, dropped } = sweep(world, from, Array.from({ length: cids }, () => random.key()), (key, nearest) => {
    const there = new Set(truth.nearest(key, CONFIG.k))
    reached.push(nearest.filter(node => there.has(node)).length)
    stores += nearest.length
  })

  return {
    lookups,
    lookupShare: rounded(lookups / cids, 4),
    messages: rounded(messages / cids),
    stores: rounded(stores / cids),
    ...sumUpHolders(reached),
    dropped
  }
}

/** The same keys by the same nodes, the classic way and optimistically. */
function single ({ lookups, note }: Settings, world: World, dead: number): Array<Partial<Row>> {
  note(`${Math.min(lookups, SINGLE)} keys one by one, ${dead * 100} % dead`)
  const providers = drawSamples(world, Math.min(lookups, PROVIDERS), 'providers').map(({ from }) => from)
  const alive = world.nodes.filter(isHonest).length
  const known = providers.map(provider => ({ provider, size: observedSizes(world, provider, LOOKUPS_BEFORE)[LOOKUPS_BEFORE], truth: truthFor(world, provider) }))
  const errors = known.flatMap(({ size }) => size == null ? [] : [Math.abs(size.peers / alive - 1)])
  const samples = drawSamples(world, Math.min(lookups, SINGLE), 'single').map((sample, i) => ({ sample, ...known[i % known.length] }))

  return ['classic', 'optimistic'].map(provide => {
    const reports = samples.map(({ sample, provider, size }) => provideAlone(world, { ...sample, from: provider }, provide === 'classic' ? undefined : size))
    const reached = reports.map(({ holders }, i) => {
      const there = new Set(samples[i].truth.nearest(samples[i].sample.target, CONFIG.k))

      return holders.filter(node => there.has(node)).length
    })
    return {
      provide,
      lookups: reports.length,
      lookupShare: rounded(mean(reports.map(({ lookups }) => lookups))),
      messages: rounded(mean(reports.map(({ messages }) => messages))),
      stores: rounded(mean(reports.map(({ given }) => given))),
      ...sumUpHolders(reached),
      dropped: reports.filter(({ holders }) => holders.length === 0).length,
      p50: Math.round(quantile(reports.map(({ returned }) => returned), 0.5)),
      p90: Math.round(quantile(reports.map(({ returned }) => returned), 0.9)),
      overP50: Math.round(quantile(reports.map(({ ms }) => ms), 0.5)),
      overP90: Math.round(quantile(reports.map(({ ms }) => ms), 0.9)),
      ...provide === 'classic' || errors.length === 0 ? {} : { sizeError: rounded(mean(errors)), sizeErrorP90: rounded(quantile(errors, 0.9)) }
    }
  })
}

function provideAlone (world: World, { label, from, target }: Sample, size: Parameters<typeof runProvide>[1]['size']): ProvideReport {
  const random = world.random.fork(label)
  const network = world.frozen(random.fork('network'))
  const reports: ProvideReport[] = []
  runProvide(network, { from, target, random, size }, report => { reports.push(report) })
  network.clock.run()

  return reports[0]
}

/** Everyone else who is there. */
function truthFor (world: World, from: SimNode): SortedNodes {
  const truth = new SortedNodes()
  world.nodes.filter(node => isHonest(node) && node !== from).forEach(node => { truth.add(node) })

  return truth
}

function sumUpHolders (reached: number[]): Partial<Row> {
  return reached.length === 0 ? {} : { holders: rounded(mean(reached)), holdersP50: quantile(reached, 0.5), holdersP5: quantile(reached, 0.05) }
}
