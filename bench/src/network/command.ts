// `bench network`: networks of each subject in one process each, doing the same in turn.

import { Option } from 'commander'
import { note, print } from '../output.ts'
import { parseCount } from '../parse-count.ts'
import { SUBJECTS } from '../subjects/index.ts'
import { parseSubjects } from '../subjects/parse-subjects.ts'
import { TRANSPORTS } from '../transport-names.ts'
import { summarise } from './document.ts'
import { measure } from './measure.ts'
import { table } from './table.ts'
import type { MeasureOptions } from './measure.ts'
import type { SubjectName } from '../subjects/index.ts'
import type { TransportName } from '../transport-names.ts'
import type { Command } from 'commander'

/** Ours has to find this share of the true nearest peers. */
const MIN_RECALL = 0.99

interface Options {
  nodes: number
  rounds: number
  operations: number
  transport: TransportName
  /** left out: all that can be measured with the transport */
  subjects?: SubjectName[]
  seed: string
  limit: number
  json?: boolean
}

export function addNetwork (program: Command, end: (code: number) => void): void {
  program.command('network')
    .description('lookups, providers and values on warm networks with noise + yamux: latency, CPU, messages, memory, recall')
    .option('-n, --nodes <number>', 'nodes of each network, 4 to 200', parseCount(4, 200), 50)
    .option('-r, --rounds <number>', 'rounds, in each of which the subjects take turns', parseCount(1, 100), 5)
    .option('-o, --operations <number>', 'operations of each kind a subject does in all rounds together', parseCount(1, 100_000), 100)
    .addOption(new Option('-t, --transport <name>', 'what connects the nodes; Go has none in memory').choices(TRANSPORTS).default('tcp'))
    .option('-s, --subjects <names>', `whom to measure, of ${SUBJECTS.join(', ')} (default: all of them but the floor; in memory without go)`, parseSubjects(SUBJECTS))
    .option('--seed <text>', 'what keys, content and turns follow from', '1')
    .option('--limit <seconds>', 'give up after so long', parseCount(10, 86_400), 900)
    .option('--json', 'print the result as one JSON document')
    .action(async (options: Options, command: Command) => {
      const { transport, subjects = SUBJECTS.filter(name => name !== 'floor' && (transport === 'tcp' || name !== 'go')) } = options

      if (transport === 'memory' && subjects.includes('go')) {
        command.error("error: go-libp2p has no transport in memory: leave 'go' out with --subjects ours,js, or use --transport tcp", { exitCode: 2 })
      }

      end(await network({ ...options, subjects }))
    })
}

async function network (options: MeasureOptions & { json?: boolean }): Promise<number> {
  const document = summarise(options, await measure(options, note))
  print(options.json === true ? JSON.stringify(document, null, 2) : table(document))

  const recall = document.rows.find(({ subject, op }) => subject === 'ours' && op === 'closestPeers')?.recall

  if (options.subjects.includes('ours') && !(recall != null && recall >= MIN_RECALL)) {
    note(`bench: ours found ${recall ?? 'nothing'} of the true nearest peers, which should be at least ${MIN_RECALL}`)
    return 1
  }

  return 0
}
