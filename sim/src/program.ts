// The `sim` command: a sub-command for each scenario.

import { mkdir, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { documentOf } from './output/document.ts'
import { drawFigure } from './output/figure.ts'
import { note, print } from './output/output.ts'
import { table } from './output/table.ts'
import { POLICIES } from './policies/index.ts'
import { SCENARIOS } from './scenarios/index.ts'
import type { PolicyName } from './policies/policy.ts'
import type { Scenario } from './scenarios/scenario.ts'
import type { Tables } from './world/world.ts'

const HELP = `
Exit codes:
  0  done
  1  it went wrong, for example because the figure could not be written
  2  the command line is wrong

Examples:
  $ npm run sim -- scale
  $ npm run sim -- dead --nodes 10000 --policies ours,go --no-figures
  $ npm run --silent sim -- attack --seed 7 --json --no-figures > attack.json`

/** What `--lookups` counts, where it is something else. */
const LOOKUPS_MEAN: Record<string, string> = { join: 'nodes that join by each policy', provide: 'keys of the largest sweep', size: 'nodes that estimate it', values: 'records, each of which is looked for at each look' }

/** Fewer have no k neighbours each. */
const LEAST_NODES = 40
const MOST_NODES = 1_000_000

interface Options {
  seed: string
  nodes?: number[]
  lookups: number
  policies: PolicyName[]
  hours?: number
  noticed?: number
  tables?: Tables
  figures: string | false
  json?: boolean
}

/**
 * Never rejects.
 *
 * @returns the exit code
 */
export async function run (args: string[]): Promise<number> {
  const program = new Command('sim')
    .description('Thousands of nodes of libp2p-kad in virtual time, beside the lookup rules of its rivals. docs/simulation.md explains the model.')
    .addHelpText('after', HELP)
    .showHelpAfterError('Add --help to see what there is.')
    // before the sub-commands, which take it over
    .exitOverride()

  for (const scenario of SCENARIOS) {
    const command = program.command(scenario.name)
      .description(scenario.description)
      .option('-n, --nodes <numbers...>', `sizes of the networks, ${LEAST_NODES} to ${MOST_NODES} (default: ${scenario.nodes.join(' ')})`, parseSizes)
      .option('-l, --lookups <number>', LOOKUPS_MEAN[scenario.name] ?? 'lookups of each measurement', parseLookups, scenario.lookups)
      .option('-p, --policies <names>', 'whose lookup rules, of ' + POLICIES.join(', '), parsePolicies, POLICIES)
      .option('-s, --seed <text>', 'what all chances follow from', '1')
      .option('--tables <how>', 'joined: by the joins of nodes; filled: by one who knows them all, which is faster (default: ' + (scenario.tables ?? 'joined up to 10000 nodes') + ')', parseTables, scenario.tables)
      .option('--figures <folder>', 'where the figure goes, as SVG', 'docs/figures')
      .option('--no-figures', 'draw none')
      .option('--json', 'print the result as one JSON document')

    if (scenario.hours != null) {
      command.option('--hours <number>', 'virtual time', parseHours, scenario.hours)
    }

    if (scenario.noticed != null) {
      command.option('--noticed <minutes>', 'until nodes know of one that has come or gone', parseMinutes, scenario.noticed)
    }

    command.action(async (options: Options) => { await answer(scenario, options) })
  }

  try {
    await program.parseAsync(args, { from: 'user' })

    return 0
  } catch (error) {
    if (error instanceof CommanderError) {
      // commander has said what is wrong; asking for help is no error
      return error.exitCode === 0 ? 0 : 2
    }

    note(`sim: ${error instanceof Error ? error.message : String(error)}`)

    return 1
  }
}

async function answer (scenario: Scenario, { figures, json, ...options }: Options): Promise<void> {
  const begun = performance.now()
  const settings = { ...options, nodes: [...new Set(options.nodes ?? scenario.nodes)], note }
  const result = scenario.run(settings)

  if (result.rows.length === 0) {
    throw new Error('js is not measured on filled tables (docs/simulation.md says why): leave out --tables filled, or name other policies')
  }

  const wallSeconds = (performance.now() - begun) / 1000
  const peakMemoryMiB = process.resourceUsage().maxRSS / 1024

  print(json === true ? JSON.stringify(documentOf(scenario, settings, result, wallSeconds, peakMemoryMiB), null, 2) : table(result))
  note(`${wallSeconds.toFixed(1)} s, at most ${peakMemoryMiB.toFixed(0)} MiB of memory`)

  if (figures !== false) {
    // `npm run` starts this in the root of the project, not where the user is
    const folder = resolve(process.env.INIT_CWD ?? '.', figures)
    const file = resolve(folder, `${scenario.name}.svg`)
    await mkdir(folder, { recursive: true })
    await writeFile(file, `${drawFigure(result.figure)}\n`)
    note(`figure: ${file}`)
  }
}

/** Called once for each word after the option. */
function parseSizes (text: string, before: number[] = []): number[] {
  const sizes = text.split(',').map(Number)

  if (!/^[\d,]+$/.test(text) || sizes.some(size => size < LEAST_NODES || size > MOST_NODES)) {
    throw new InvalidArgumentError(`It takes whole numbers from ${LEAST_NODES} to ${MOST_NODES}.`)
  }

  return [...before, ...sizes]
}

function parseHours (text: string): number {
  const hours = Number(text)

  if (!/^\d+(\.\d+)?$/.test(text) || hours <= 0 || hours > 1_000) {
    throw new InvalidArgumentError('It takes a number above 0, up to 1000.')
  }

  return hours
}

function parseMinutes (text: string): number {
  const minutes = Number(text)

  if (!/^\d+(\.\d+)?$/.test(text) || minutes > 1_000) {
    throw new InvalidArgumentError('It takes a number from 0 to 1000.')
  }

  return minutes
}

function parseLookups (text: string): number {
  const lookups = Number(text)

  if (!/^\d+$/.test(text) || lookups < 1 || lookups > 1_000_000) {
    throw new InvalidArgumentError('It takes a whole number from 1 to 1000000.')
  }

  return lookups
}

function parsePolicies (text: string): PolicyName[] {
  const names = text.split(',').map(name => name.trim())
  const unknown = names.find(name => !(POLICIES as string[]).includes(name))

  if (unknown != null || new Set(names).size < names.length) {
    throw new InvalidArgumentError(`It takes some of ${POLICIES.join(', ')}, each once, separated by commas.`)
  }

  return names as PolicyName[]
}

function parseTables (text: string): Tables {
  if (text !== 'joined' && text !== 'filled') {
    throw new InvalidArgumentError('It takes joined or filled.')
  }

  return text
}
