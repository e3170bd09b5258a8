// `bench core`: the functions that a node's time goes into, ours and the rival's own.

import { note, print } from '../output.ts'
import { parseCount } from '../parse-count.ts'
import { summarise } from './document.ts'
import { measure } from './measure.ts'
import { table } from './table.ts'
import type { Command } from 'commander'

interface Options {
  rounds: number
  time: number
  limit: number
  json?: boolean
}

export function addCore (program: Command): void {
  program.command('core')
    .description('the functions that lookups and replies are made of, in microseconds: table, key hash, decoding, encoding, lookup')
    .option('-r, --rounds <number>', 'rounds, in each of which the subjects take turns', parseCount(1, 100), 5)
    .option('-t, --time <ms>', 'how long a subject repeats an operation in a round', parseCount(10, 60_000), 300)
    .option('--limit <seconds>', 'give up after so long', parseCount(10, 86_400), 300)
    .option('--json', 'print the result as one JSON document')
    .action(core)
}

async function core (options: Options): Promise<void> {
  const document = summarise(options, await measure(options, note))
  print(options.json === true ? JSON.stringify(document, null, 2) : table(document))
}
