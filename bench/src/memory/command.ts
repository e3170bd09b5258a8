// `bench memory`: what an entry, a provider and a node take.

import { note, print } from '../output.ts'
import { parseCount } from '../parse-count.ts'
import { summarise } from './document.ts'
import { measure } from './measure.ts'
import { table } from './table.ts'
import type { Command } from 'commander'

interface Options {
  rounds: number
  limit: number
  json?: boolean
}

export function addMemory (program: Command): void {
  program.command('memory')
    .description('bytes of a table entry, of a stored provider, of an idle node')
    .option('-r, --rounds <number>', 'rounds, in each of which every subject is measured once', parseCount(1, 100), 5)
    .option('--limit <seconds>', 'give up after so long', parseCount(10, 86_400), 300)
    .option('--json', 'print the result as one JSON document')
    .action(memory)
}

async function memory (options: Options): Promise<void> {
  const document = summarise(options, await measure(options, note))
  print(options.json === true ? JSON.stringify(document, null, 2) : table(document))
}
