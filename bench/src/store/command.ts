// `bench store`: one server with few provider records, and with a million.

import { note, print } from '../output.ts'
import { parseCount } from '../parse-count.ts'
import { parseCounts } from '../parse-counts.ts'
import { summarise } from './document.ts'
import { measure } from './measure.ts'
import { table } from './table.ts'
import type { MeasureOptions } from './measure.ts'
import type { Command } from 'commander'

export function addStore (program: Command, end: (code: number) => void): void {
  program.command('store')
    .description('a server of ours with a thousand provider records in LevelDB, and with a million: latency, memory, what blocks it')
    .option('--records <numbers>', 'how many are stored, separated by commas, a server each', parseCounts(1, 10_000_000), [1_000, 1_000_000])
    .option('-r, --rounds <number>', 'rounds, in each of which the servers take turns', parseCount(1, 100), 3)
    .option('--requests <number>', 'GET_PROVIDERS of a round, for keys drawn of all that are stored', parseCount(1, 1_000_000), 5_000)
    .option('--adds <number>', 'ADD_PROVIDER of a round, for new keys, back to back', parseCount(1, 50_000), 10_000)
    .option('--cache-size <keys>', 'keys whose providers a server keeps in memory; few, so that nearly all are read from the disk', parseCount(1, 1_000_000), 16)
    .option('--profile <folder>', 'write what the time of each server goes into there, in the last round and while it collects; slows them down')
    .option('--seed <text>', 'what keys and content follow from', '1')
    .option('--limit <seconds>', 'give up after so long', parseCount(10, 86_400), 1_200)
    .option('--json', 'print the result as one JSON document')
    .action(async (options: MeasureOptions & { json?: boolean }) => { end(await store(options)) })
}

async function store (options: MeasureOptions & { json?: boolean }): Promise<number> {
  const document = summarise(options, await measure(options, note))
  print(options.json === true ? JSON.stringify(document, null, 2) : table(document))
  let code = 0

  for (const { records, collected, wrong } of document.rows) {
    const stored = records + options.rounds * options.adds

    if (wrong > 0 || collected !== stored) {
      note(`bench: of ${records} records: ${wrong} answers were wrong, and ${collected} of ${stored} were collected`)
      code = 1
    }
  }

  return code
}
