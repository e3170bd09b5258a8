// `bench providers`: one node of a network announces many CIDs, by a sweep and one by one.

import { InvalidArgumentError, Option } from 'commander'
import { note, print } from '../output.ts'
import { parseCount } from '../parse-count.ts'
import { parseCounts } from '../parse-counts.ts'
import { TRANSPORTS } from '../transport-names.ts'
import { summarise } from './document.ts'
import { measure } from './measure.ts'
import { table } from './table.ts'
import { WAY_NAMES, WAYS } from './ways.ts'
import type { MeasureOptions } from './measure.ts'
import type { WayName } from './ways.ts'
import type { Command } from 'commander'

/** So many of the true nearest have to hold what ours has announced. */
const MIN_HELD = 0.95

interface Options extends Omit<MeasureOptions, 'ways'> {
  subjects?: WayName[]
  json?: boolean
}

export function addProviders (program: Command, end: (code: number) => void): void {
  program.command('providers')
    .description('one node announces many CIDs, by a sweep and one by one: records placed a second, messages, lookups, CPU')
    .option('-c, --cids <numbers>', 'how many CIDs a sweep announces, separated by commas', parseCounts(1, 1_000_000), [1_000, 20_000])
    .option('--rival-cids <number>', 'how many are announced one by one (default: 200 by js, 1000 by others)', parseCount(1, 1_000_000))
    .option('--at-once <number>', 'how many of these at a time', parseCount(1, 1_000), 10)
    .option('-n, --nodes <number>', 'nodes of each network, 4 to 200', parseCount(4, 200), 50)
    .option('-r, --rounds <number>', 'rounds, in each of which all take turns', parseCount(1, 100), 3)
    .addOption(new Option('-t, --transport <name>', 'what connects the nodes; Go has none in memory').choices(TRANSPORTS).default('tcp'))
    .option('-s, --subjects <names>', `who announces, of ${WAY_NAMES.join(', ')} (default: all of them; in memory without go)`, names)
    .option('--profile <folder>', 'write what the time of each network in JavaScript goes into there, a file a row, in the last round; slows them down')
    .option('--seed <text>', 'what keys, content and turns follow from', '1')
    .option('--limit <seconds>', 'give up after so long', parseCount(10, 86_400), 1_800)
    .option('--json', 'print the result as one JSON document')
    .action(async ({ subjects, ...options }: Options, command: Command) => {
      const { transport } = options
      const ways = subjects ?? WAY_NAMES.filter(way => transport === 'tcp' || WAYS[way].subject !== 'go')

      if (transport === 'memory' && ways.some(way => WAYS[way].subject === 'go')) {
        command.error('error: go-libp2p has no transport in memory: leave it out with --subjects sweep,ours,js, or use --transport tcp', { exitCode: 2 })
      }

      end(await providers({ ...options, ways }))
    })
}

async function providers (options: MeasureOptions & { json?: boolean }): Promise<number> {
  const document = summarise(options, await measure(options, note))
  print(options.json === true ? JSON.stringify(document, null, 2) : table(document))
  let code = 0

  for (const { by, cids, failed, held = 0 } of document.rows.filter(({ by }) => WAYS[by].subject === 'ours')) {
    if (failed > 0 || held < MIN_HELD) {
      note(`bench: ${by} of ${cids} CIDs: ${failed} failed, and ${held} of the true nearest hold one, which should be at least ${MIN_HELD}`)
      code = 1
    }
  }

  return code
}

function names (text: string): WayName[] {
  const names = text.split(',').map(name => name.trim())

  if (names.some(name => !(name in WAYS)) || new Set(names).size < names.length) {
    throw new InvalidArgumentError(`It takes some of ${WAY_NAMES.join(', ')}, each once, separated by commas.`)
  }

  return names as WayName[]
}
