// What the simulator measures today, to the last digit: whatever changes the library's algorithm, a rendered rule or the model
// changes these figures, and is to do so knowingly. When that is meant, put in what this prints:
//
//   node sim/test/pinned.spec.ts --print

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { drawSamples, measure, truthOf } from '../src/measure/sample.ts'
import { afflict } from '../src/network/faults.ts'
import { POLICIES, RULES } from '../src/policies/index.ts'
import { values } from '../src/scenarios/values.ts'
import { createWorld } from '../src/world/world.ts'
import type { Row } from '../src/measure/row.ts'

const NODES = 1_000
const SEED = '1'
const LOOKUPS = 200
const DEAD = 0.3

const PINNED: Pinned = {
  ours: { recall: 1, messages: 21.99 },
  go: { recall: 1, messages: 34.095 },
  js: { recall: 1, messages: 79.85 },
  rust: { recall: 1, messages: 52 },
  'ours, 30 % dead': { recall: 0.9965, messages: 40.655 }
}

const PINNED_VALUES: PinnedValues = {
  replicate: { availability: 1, holders: 19.335, holdersMin: 14, lookupMessages: 32.867, storeMessages: 23.667 },
  'without hand-over': { availability: 1, holders: 18.681, holdersMin: 14, lookupMessages: 33.253, storeMessages: 21.318 },
  'without skip': { availability: 1, holders: 19.679, holdersMin: 14, lookupMessages: 380.142, storeMessages: 251.73 },
  'republish only': { availability: 1, holders: 15.178, holdersMin: 8, lookupMessages: 4.833, storeMessages: 3.327 }
}

const VALUES = { nodes: 500, records: 100, hours: 6 }

type Pinned = Record<string, { recall?: number, messages: number }>

type PinnedValues = Record<string, Pick<Row, 'availability' | 'holders' | 'holdersMin' | 'lookupMessages' | 'storeMessages'>>

function measured (): Pinned {
  const world = createWorld(SEED, NODES, 'joined')
  const figures: Pinned = {}

  const add = (name: string, policy: typeof POLICIES[number]): void => {
    const samples = drawSamples(world, LOOKUPS, 'pinned')
    const { recall, messages } = measure(world, RULES[policy], samples, truthOf(world, samples))
    figures[name] = { recall, messages }
  }

  POLICIES.forEach(policy => { add(policy, policy) })
  afflict(world.nodes, 'dead', DEAD, world.random.fork('faults'))
  add('ours, 30 % dead', 'ours')

  return figures
}

function measuredValues (): PinnedValues {
  const { nodes, records, hours } = VALUES
  const { rows } = values.run({ seed: SEED, nodes: [nodes], lookups: records, hours, policies: POLICIES, note: () => {} })

  return Object.fromEntries(rows.map(({ keeping, availability, holders, holdersMin, lookupMessages, storeMessages }) => [
    keeping, { availability, holders, holdersMin, lookupMessages, storeMessages }
  ]))
}

function print (pinned: Record<string, object>): void {
  for (const [name, figures] of Object.entries(pinned)) {
    const inner = Object.entries(figures).map(([name, figure]) => `${name}: ${figure}`).join(', ')
    process.stdout.write(`  ${/^\w+$/.test(name) ? name : `'${name}'`}: { ${inner} },\n`)
  }
}

if (process.argv.includes('--print')) {
  print(measured())
  print(measuredValues())
} else {
  describe(`${LOOKUPS} lookups in a network of ${NODES} joined nodes, seed ${SEED}`, () => {
    const figures = measured()

    for (const name of [...POLICIES, 'ours, 30 % dead']) {
      it(`have the recall and the messages that they had: ${name}`, () => {
        assert.deepEqual(figures[name], PINNED[name], 'if this is meant: node sim/test/pinned.spec.ts --print')
      })
    }
  })

  describe(`${VALUES.records} records among ${VALUES.nodes} nodes for ${VALUES.hours} h, seed ${SEED}`, () => {
    const figures = measuredValues()

    for (const name of Object.keys(figures)) {
      it(`are kept as well and for as many messages as they were: ${name}`, () => {
        assert.deepEqual(figures[name], PINNED_VALUES[name], 'if this is meant: node sim/test/pinned.spec.ts --print')
      })
    }
  })
}
