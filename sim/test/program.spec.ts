import assert from 'node:assert/strict'
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { SCENARIOS } from '../src/scenarios/index.ts'
import { sim, temporaryFolder } from './helpers/command.ts'

const WRONG: Array<[args: string[], says: RegExp]> = [
  [[], /Usage: sim/],
  [['nope'], /unknown command 'nope'[^]*--help/],
  [['scale', '--nope'], /unknown option '--nope'[^]*--help/],
  [['scale', 'surplus'], /too many arguments/],
  [['scale', '--nodes', '39'], /--nodes.*'39'.*whole numbers from 40 to 1000000/],
  [['scale', '--nodes', '1000001'], /'1000001'.*from 40 to 1000000/],
  [['scale', '--nodes', '100,,200'], /'100,,200'.*whole numbers/],
  [['scale', '--nodes', '100.5'], /'100.5'.*whole numbers/],
  [['scale', '--nodes', 'many'], /'many'.*whole numbers/],
  [['dead', '--lookups', '0'], /--lookups.*'0'.*whole number from 1 to 1000000/],
  [['dead', '--lookups', '-5'], /'-5'.*whole number/],
  [['dead', '--policies', 'ours,theirs'], /--policies.*'ours,theirs'.*some of ours, go, js, rust, each once/],
  [['dead', '--policies', 'go,go'], /'go,go'.*each once/],
  [['dead', '--policies', ''], /some of ours, go, js, rust/],
  [['churn', '--tables', 'made'], /--tables.*'made'.*joined or filled/],
  [['values', '--hours', '0'], /--hours.*'0'.*number above 0/],
  [['values', '--noticed', '-1'], /--noticed.*'-1'.*number from 0 to 1000/],
  [['scale', '--noticed', '5'], /unknown option '--noticed'/],
  [['churn', '--seed'], /--seed.*argument missing/]
]

const TINY = ['scale', '--nodes', '40', '--lookups', '2']

describe('a wrong command line', { concurrency: 2 }, () => {
  for (const [args, says] of WRONG) {
    it(`says what is wrong with "sim ${args.join(' ')}" and ends with 2`, async () => {
      const { code, stdout, stderr } = await sim(...args)

      assert.match(stderr, says)
      assert.doesNotMatch(stderr, /\n\s+at /, 'a stack trace')
      assert.equal(stdout, '')
      assert.equal(code, 2)
    })
  }
})

describe('sim', { concurrency: 2 }, () => {
  it('tells of all scenarios and of an example when asked for help', async () => {
    const { code, stdout } = await sim('--help')

    assert.equal(code, 0)
    assert.match(stdout, /Examples:/)
    SCENARIOS.forEach(({ name }) => { assert.match(stdout, new RegExp(`^  ${name} `, 'm')) })
  })

  it('prints a table for people, with a row for each size and policy, and how it goes to stderr', async () => {
    const { code, stdout, stderr } = await sim('scale', '--nodes', '40,50', '--lookups', '2', '--policies', 'ours,go', '--no-figures')

    assert.equal(code, 0)
    assert.match(stdout, /│ nodes\s+│ policy\s+│ recall/)
    assert.equal(stdout.match(/│ (ours|go) /g)?.length, 4)
    assert.match(stderr, /building a network of 50 nodes \(tables joined\)/)
    // eslint-disable-next-line no-control-regex
    assert.doesNotMatch(stdout, /\u001b/)
  })

  it('prints exactly one JSON document with --json', async () => {
    const { code, stdout } = await sim(...TINY, '--json', '--no-figures', '--seed', 'apple')
    const document = JSON.parse(stdout)

    assert.equal(code, 0)
    assert.deepEqual(Object.keys(document).sort(), ['fits', 'lookups', 'nodes', 'peakMemoryMiB', 'rows', 'scenario', 'seed', 'wallSeconds'])
    assert.equal(document.scenario, 'scale')
    assert.equal(document.seed, 'apple')
    assert.equal(document.nodes, 40)
    assert.equal(document.lookups, 2)
    assert.equal(typeof document.wallSeconds, 'number')
    assert.ok(document.peakMemoryMiB > 10)
    // js with its defaults, and with one path
    assert.deepEqual(document.rows.map(({ policy, paths }: { policy: string, paths?: number }) => [policy, paths].join('')), ['ours', 'go', 'js', 'js1', 'rust'])

    for (const row of document.rows) {
      assert.equal(row.nodes, 40)
      assert.equal(row.lookups, 2)

      for (const measure of ['recall', 'messages', 'failed', 'dials', 'bytes', 'hopsDiscovery', 'hopsConfirm', 'p50', 'p90', 'p99', 'inFlightMax']) {
        assert.equal(typeof row[measure], 'number', measure)
      }
    }
  })

  it('measures each of several sizes, and fits a line to them', async () => {
    const { stdout } = await sim('scale', '--nodes', '40', '60', '80', '--lookups', '2', '--policies', 'go', '--json', '--no-figures')
    const { nodes, rows, fits } = JSON.parse(stdout)

    assert.deepEqual(nodes, [40, 60, 80])
    assert.deepEqual(rows.map(({ nodes }: { nodes: number }) => nodes), [40, 60, 80])
    assert.deepEqual(fits.map(({ of }: { of: string }) => of), ['hopsDiscovery', 'tableSize'])
  })

  it('takes a short time and a small network for values, and nodes that notice each other at once', async () => {
    const { code, stdout } = await sim('values', '--nodes', '100', '--hours', '0.5', '--noticed', '0', '--lookups', '20', '--json', '--no-figures')
    const { rows } = JSON.parse(stdout)

    assert.equal(code, 0)
    assert.deepEqual(rows.map(({ keeping }: { keeping: string }) => keeping), ['replicate', 'without hand-over', 'without skip', 'republish only'])

    for (const row of rows) {
      // three looks at all records
      assert.equal(row.lookups, 60)
      assert.equal(row.availability, 1)
    }
  })

  it('says nothing of values when a run is over before any was stored', async () => {
    const { code, stdout } = await sim('values', '--nodes', '40', '--hours', '0.001', '--lookups', '5', '--json', '--no-figures')
    const { rows } = JSON.parse(stdout)

    assert.equal(code, 0)
    assert.deepEqual(rows.map(({ lookups, availability, holders }: Record<string, number>) => [lookups, availability, holders]), Array.from({ length: 4 }, () => [0, undefined, undefined]))
  })

  it('writes its figure as SVG into the folder that it is told, and makes that', async () => {
    await using folder = await temporaryFolder()
    const { code, stderr } = await sim(...TINY, '--figures', folder.file('new/figures'))
    const svg = await readFile(folder.file('new/figures/scale.svg'), 'utf8')

    assert.equal(code, 0)
    assert.match(stderr, /figure: .*new\/figures\/scale\.svg/)
    assert.match(svg, /^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"[^]*<\/svg>\n$/)
    assert.doesNotMatch(svg, /NaN|undefined|Infinity/)
    ;['Lookups in networks of honest nodes', 'Requests a lookup', 'ours', 'go', 'js', 'rust'].forEach(text => { assert.ok(svg.includes(text), text) })
  })

  it('writes none with --no-figures', async () => {
    await using folder = await temporaryFolder()
    const { code, stderr } = await sim(...TINY, '--figures', folder.path, '--no-figures')

    assert.equal(code, 0)
    assert.doesNotMatch(stderr, /figure:/)
    assert.deepEqual(await readdir(folder.path), [])
  })

  it('ends with 1, and says why, when the figure cannot be written; what was measured is printed all the same', async () => {
    await using folder = await temporaryFolder()
    await mkdir(folder.path, { recursive: true })
    await writeFile(folder.file('taken'), '')
    const { code, stdout, stderr } = await sim(...TINY, '--json', '--figures', folder.file('taken'))

    assert.equal(code, 1)
    assert.match(stderr, /^sim: .*taken/m)
    assert.doesNotMatch(stderr, /\n\s+at /, 'a stack trace')
    assert.equal(JSON.parse(stdout).scenario, 'scale')
  })

  it('makes tables by an oracle when asked to', async () => {
    const { stderr } = await sim(...TINY, '--tables', 'filled', '--no-figures')

    assert.match(stderr, /tables filled/)
  })
})
