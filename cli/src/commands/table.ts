// `kad table`: whom a running node knows.

import { callNode } from '../control/client.ts'
import { exitCode, failed } from '../operations.ts'
import { note, plural, print } from '../output.ts'
import { resolvePath } from '../parse.ts'
import { formatTable } from '../table.ts'
import type { Failure } from '../operations.ts'
import type { TableReply } from '../table.ts'
import type { Command } from 'commander'

interface TableOptions {
  data: string
  json?: boolean
}

const HELP = `
A bucket has the peers whose keys share as many leading bits with that of the node, oldest first, and after them the
candidates, which wait for a place.

Examples:
  $ kad table --data ~/.kad
  $ kad table --data ~/.kad --json | jq '.buckets[].peers[] | select(.failures > 0)'`

export function addTable (program: Command, end: (code: number) => void): void {
  program.command('table')
    .description('show the routing table of a running node')
    .requiredOption('-d, --data <folder>', 'the data folder of the node')
    .option('--json', 'print it as one JSON document')
    .addHelpText('after', HELP)
    .action(async (options: TableOptions) => { end(await table(options)) })
}

async function table ({ data, json }: TableOptions): Promise<number> {
  const reply = await callNode(resolvePath(data), { op: 'table' }).catch((error: unknown) => failed({ op: 'table' }, error))

  if (json === true) {
    print(JSON.stringify(reply, null, 2))
  } else {
    show(reply)
  }

  return exitCode(reply)
}

function show (reply: TableReply | Failure<'table'>): void {
  if (!reply.ok) {
    note(`kad: ${reply.error.message}`)
  } else if (reply.buckets.length === 0) {
    note('The routing table is empty')
  } else {
    print(formatTable(reply, Date.now()))
    note(`${plural(reply.size, 'peer')} in ${plural(reply.buckets.length, 'bucket')}`)
  }
}
