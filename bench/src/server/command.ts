// `bench server`: one server of each subject, asked the same in turn.

import { Option } from 'commander'
import { note, print } from '../output.ts'
import { parseCount } from '../parse-count.ts'
import { parseSubjects } from '../subjects/parse-subjects.ts'
import { summarise } from './document.ts'
import { measure } from './measure.ts'
import { table } from './table.ts'
import type { MeasureOptions } from './measure.ts'
import type { SubjectName } from '../subjects/index.ts'
import type { Command } from 'commander'

/** `@libp2p/kad-dht` answers the same, however it searches. */
const SUBJECTS: SubjectName[] = ['ours', 'js', 'go']

export function addServer (program: Command, end: (code: number) => void): void {
  program.command('server')
    .description('requests to one server with a full table and 20,000 provider records: requests/s, latency, CPU of the server')
    .option('-r, --rounds <number>', 'rounds, in each of which the subjects take turns', parseCount(1, 100), 5)
    .option('--seconds <number>', 'how long each kind of request is sent in a round', parseCount(1, 600), 1)
    .addOption(new Option('--datastore <name>', 'where servers keep values and provider records').choices(['level', 'memory']).default('level'))
    .option('-s, --subjects <names>', `whom to measure, of ${SUBJECTS.join(', ')}`, parseSubjects(SUBJECTS), SUBJECTS)
    .option('--profile <folder>', 'write what the time of each server in JavaScript goes into there, a file a kind of request; slows them down')
    .option('--seed <text>', 'what keys and content follow from', '1')
    .option('--limit <seconds>', 'give up after so long', parseCount(10, 86_400), 400)
    .option('--json', 'print the result as one JSON document')
    .action(async (options: MeasureOptions & { json?: boolean }) => { end(await server(options)) })
}

async function server (options: MeasureOptions & { json?: boolean }): Promise<number> {
  const document = summarise(options, await measure(options, note))
  print(options.json === true ? JSON.stringify(document, null, 2) : table(document))

  const wrong = document.rows.find(({ subject, failed = 0 }) => subject === 'ours' && failed > 0)

  if (wrong != null) {
    note(`bench: ours failed to answer ${wrong.failed} of ${wrong.requests} ${wrong.op} as it should`)
    return 1
  }

  return 0
}
