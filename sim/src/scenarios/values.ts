// Whether values outlive the nodes that hold them, and what that costs: by the library's rules of replication, and without some of
// them. Lookups are not simulated here but taken from what `dead` measures, or a day of 10,000 nodes would take hours.

import { max, mean, min, sum } from 'simple-statistics'
import { rounded } from '../measure/row.ts'
import { CONFIG } from '../network/config.ts'
import { linesOf } from '../output/lines.ts'
import { Keeping } from '../world/keeping.ts'
import { Vicinity } from '../world/vicinity.ts'
import { World } from '../world/world.ts'
import type { Scenario, Settings } from './scenario.ts'
import type { Row } from '../measure/row.ts'
import type { KeepingRules } from '../world/keeping.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** Between two looks at all records. */
const LOOK_INTERVAL = 10 * MINUTE

/** Points of a line in the figure. */
const POINTS = 24

const KEEPINGS: KeepingRules[] = [
  { name: 'replicate', replicates: true, skips: true, handsOver: true },
  { name: 'without hand-over', replicates: true, skips: true, handsOver: false },
  { name: 'without skip', replicates: true, skips: false, handsOver: true },
  { name: 'republish only', replicates: false, skips: false, handsOver: false }
]

/** What one look at all records has seen, and what was sent since the one before. */
interface Look {
  hours: number
  /** of each record whose life is not over: whether a lookup found it, and how many of the nearest k have it */
  found: boolean[]
  holders: number[]
  lookups: number
  puts: number
  /** hours since the one before */
  span: number
}

export const values: Scenario = {
  name: 'values',
  description: 'whether values outlive the nodes that hold them, and what their replication costs (ours only)',
  nodes: [10_000],
  lookups: 1_000,
  hours: 24,
  noticed: 10,

  run: settings => {
    const runs = settings.nodes.flatMap(nodes => watch(settings, nodes).map(({ rules, looks }) => ({ nodes, keeping: rules.name, looks })))
    const rows = runs.map(({ nodes, keeping, looks }): Row => ({ policy: 'ours', nodes, keeping, ...sumUp(looks) }))
    const points = runs.filter(({ nodes }) => nodes === settings.nodes[0]).flatMap(({ nodes, keeping, looks }) => portions(looks).map((looks): Row => ({
      policy: 'ours', nodes, keeping, hours: looks[looks.length - 1].hours, ...sumUp(looks)
    })))
    const nameOf = ({ keeping }: Row): string => `${keeping}`

    return {
      rows,
      columns: ['nodes', 'keeping', 'availability', 'holders', 'holdersMin', 'lookupMessages', 'storeMessages'],
      figure: {
        title: 'Values while nodes come and go',
        panels: [
          { title: 'Share of records found', x: 'hours', y: 'availability', lines: linesOf(points, 'hours', 'availability', nameOf) },
          { title: `Holders among the nearest ${CONFIG.k}`, x: 'hours', y: 'holders', lines: linesOf(points, 'hours', 'holders', nameOf) },
          { title: 'Fewest holders of any record', x: 'hours', y: 'holders', lines: linesOf(points, 'hours', 'holdersMin', nameOf) },
          { title: 'Puts for each record', x: 'hours', y: 'puts an hour', lines: linesOf(points, 'hours', 'storeMessages', nameOf) }
        ]
      }
    }
  }
}

/** The same nodes come and go for all ways to keep the same records. */
function watch ({ seed, lookups, hours = 24, noticed = 10, note }: Settings, nodes: number): Array<{ rules: KeepingRules, looks: Look[] }> {
  note(`${lookups} records among ${nodes} nodes for ${hours} h, kept in ${KEEPINGS.length} ways`)
  const world = new World(seed)
  const { clock } = world
  const random = world.random.fork('values')
  const keys = Array.from({ length: lookups }, () => random.key())
  const vicinity = new Vicinity(world, nodes, keys, noticed * MINUTE)
  const publishers = [...world.nodes]
  const records = keys.map(key => ({ key, publisher: random.pick(publishers) }))
  const runs = KEEPINGS.map(rules => ({ keeping: new Keeping(rules, records, { clock, vicinity, random: world.random.fork('keeping') }), looks: new Array<Look>() }))
  vicinity.onNewcomer = (node, i) => { runs.forEach(({ keeping }) => { keeping.onNewcomer(node, i) }) }
  const begun = clock.now
  const interval = Math.min(LOOK_INTERVAL, hours * HOUR)

  for (let time = interval; time <= hours * HOUR; time += interval) {
    clock.run(begun + time)
    const found = keys.map((_, i) => vicinity.lookUp(i, random))

    for (const { keeping, looks } of runs) {
      const alive = keys.map((_, i) => i).filter(i => keeping.isAlive(i))

      looks.push({
        hours: rounded(time / HOUR),
        found: alive.map(i => found[i].some(node => keeping.holds(node, i))),
        holders: alive.map(i => vicinity.nearest(i).filter(node => keeping.holds(node, i)).length),
        lookups: keeping.sent.lookups - sum(looks.map(({ lookups }) => lookups)),
        puts: keeping.sent.puts - sum(looks.map(({ puts }) => puts)),
        span: interval / HOUR
      })
    }
  }

  return runs.map(({ keeping, looks }) => ({ rules: keeping.rules, looks }))
}

/** What a look has seen of records whose life is over does not count; nothing is said when that is all of them. */
function sumUp (looks: Look[]): Partial<Row> {
  const found = looks.flatMap(({ found }) => found)
  const holders = looks.flatMap(({ holders }) => holders)

  if (found.length === 0) {
    return { lookups: 0 }
  }

  const recordHours = sum(looks.map(({ found, span }) => found.length * span))

  return {
    lookups: found.length,
    availability: rounded(found.filter(Boolean).length / found.length, 6),
    holders: rounded(mean(holders)),
    holdersMin: min(holders),
    lookupMessages: rounded(sum(looks.map(({ lookups }) => lookups)) / recordHours),
    storeMessages: rounded(sum(looks.map(({ puts }) => puts)) / recordHours)
  }
}

/** One after the other, about `POINTS` of them. */
function portions (looks: Look[]): Look[][] {
  const size = max([1, Math.floor(looks.length / POINTS)])

  return looks.flatMap((_, i) => i % size === size - 1 ? [looks.slice(i - size + 1, i + 1)] : [])
}
