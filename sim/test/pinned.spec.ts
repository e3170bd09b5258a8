// What the simulator measures today, to the last digit: whatever changes the library's algorithm, a rendered rule or the model
// changes these figures, and is to do so knowingly. When that is meant, put in what this prints:
//
//   node sim/test/pinned.spec.ts --print

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { drawSamples, measure, truthOf } from '../src/measure/sample.ts'
import { afflict } from '../src/network/faults.ts'
import { POLICIES, RULES } from '../src/policies/index.ts'
import { createWorld } from '../src/world/world.ts'

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

type Pinned = Record<string, { recall?: number, messages: number }>

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

if (process.argv.includes('--print')) {
  for (const [name, { recall, messages }] of Object.entries(measured())) {
    process.stdout.write(`  ${/^\w+$/.test(name) ? name : `'${name}'`}: { recall: ${recall}, messages: ${messages} },\n`)
  }
} else {
  describe(`${LOOKUPS} lookups in a network of ${NODES} joined nodes, seed ${SEED}`, () => {
    const figures = measured()

    for (const name of [...POLICIES, 'ours, 30 % dead']) {
      it(`have the recall and the messages that they had: ${name}`, () => {
        assert.deepEqual(figures[name], PINNED[name], 'if this is meant: node sim/test/pinned.spec.ts --print')
      })
    }
  })
}
