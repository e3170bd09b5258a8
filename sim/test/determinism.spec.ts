// One seed, one result: a figure of docs/ is a command that anyone can run again.

import assert from 'node:assert/strict'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { POLICIES } from '../src/policies/index.ts'
import { SCENARIOS } from '../src/scenarios/index.ts'
import { script, temporaryFolder } from './helpers/command.ts'
import type { Row } from '../src/measure/row.ts'
import type { PolicyName } from '../src/policies/policy.ts'

interface Everything {
  printed: string
  figures: Record<string, string>
}

/** What all scenarios print and draw, in a process of their own. */
async function everything (seed: string, env?: NodeJS.ProcessEnv): Promise<Everything> {
  await using folder = await temporaryFolder()
  const { code, stdout, stderr } = await script('all-scenarios.ts', [seed, folder.path], env)
  assert.equal(code, 0, stderr)
  const names = (await readdir(folder.path)).sort()
  const figures = await Promise.all(names.map(async name => [name, await readFile(join(folder.path, name), 'utf8')]))

  return {
    printed: stdout.replaceAll(/"(wallSeconds|peakMemoryMiB)": [\d.]+/g, '"$1": 0'),
    figures: Object.fromEntries(figures)
  }
}

describe('the same seed', () => {
  it('gives the same bytes in every scenario, printed and drawn, wherever it runs; another seed gives others', async () => {
    const [one, again] = await Promise.all([everything('1'), everything('1', { LC_ALL: 'de_DE.UTF-8', TZ: 'Asia/Tokyo' })])
    const another = await everything('2')

    assert.equal(one.printed.match(/"scenario": "/g)?.length, SCENARIOS.length)
    assert.deepEqual(Object.keys(one.figures), SCENARIOS.map(({ name }) => `${name}.svg`).sort())
    assert.equal(one.printed, again.printed)

    for (const name of Object.keys(one.figures)) {
      assert.ok(one.figures[name] === again.figures[name], `${name} differs`)
      assert.ok(one.figures[name] !== another.figures[name], `${name} is the same for another seed`)
    }

    assert.notEqual(one.printed, another.printed)
  })
})

describe('the order in which policies are measured', () => {
  for (const scenario of SCENARIOS) {
    it(`changes nothing in ${scenario.name}`, () => {
      const rows = (policies: PolicyName[]): Row[] => scenario.run({ seed: '1', nodes: [60], lookups: 10, policies, note: () => {} }).rows
      const straight = rows(POLICIES)
      const reverse = rows(POLICIES.toReversed())

      for (const policy of POLICIES) {
        assert.deepEqual(reverse.filter(row => row.policy === policy), straight.filter(row => row.policy === policy))
      }
    })
  }
})

describe('no clock, timer or chance but the simulated ones', () => {
  it('is in the code of the simulation', async () => {
    const source = join(import.meta.dirname, '../src')
    const files = (await readdir(source, { recursive: true })).filter(name => /^(network|world|policies|measure|scenarios)\/.*\.ts$/.test(name))
    assert.ok(files.length > 30)

    for (const file of files) {
      const code = (await readFile(join(source, file), 'utf8')).replaceAll(/\/\/.*|\/\*[^]*?\*\//g, '')
      assert.doesNotMatch(code, /Math\.random|Date\b|performance|setTimeout|setInterval|setImmediate|queueMicrotask|Promise|\basync\b|\bawait\b|process\./, file)
    }
  })
})
