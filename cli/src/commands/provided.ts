// `kad provided`, `unprovide` and `reprovide`: what a running node provides, and how its announcements go.

import { callNode } from '../control/client.ts'
import { UsageError } from '../errors.ts'
import { exitCode, failed } from '../operations.ts'
import { named, parseDuration, parseProvidable, resolvePath } from '../parse.ts'
import { openCIDList } from '../providing/cid-list.ts'
import { printProvided, printProviding } from '../providing/print.ts'
import { ProgressBar } from '../providing/progress.ts'
import { stopSignal } from '../signals.ts'
import type { CallOptions } from '../control/client.ts'
import type { ProvidingReply, ProvidingRequest } from '../providing/requests.ts'
import type { Command } from 'commander'

interface NodeOptions {
  data: string
  json?: boolean
}

interface ReprovideOptions extends NodeOptions {
  status?: boolean
  timeout?: number
}

const PROVIDED_HELP = `
Each CID is written with the codec "raw", whatever it was provided with: announcements are of its multihash only. With --json, each line also tells when
it was last announced.

Examples:
  $ kad provided --data ~/.kad > cids.txt
  $ kad provided --data ~/.kad --json | jq -r 'select(.announced == null).cid'`

const UNPROVIDE_HELP = `
What other nodes were told lapses by itself, within 48 hours.

Examples:
  $ kad unprovide --data ~/.kad bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy
  $ kad unprovide --data ~/.kad --from cids.txt
  $ kad provided --data ~/.kad | kad unprovide --data ~/.kad --from -`

const REPROVIDE_HELP = `
A node announces what it provides by itself, every 22 hours, part after part of the key space: this is only needed by those who cannot wait, as after
"kad reprovide --status" has shown failures.

Examples:
  $ kad reprovide --data ~/.kad
  $ kad reprovide --data ~/.kad --status
  $ kad reprovide --data ~/.kad --status --json | jq .status.lag`

export function addProvided (program: Command, end: (code: number) => void): void {
  program.command('provided')
    .description('list what a running node provides, one CID a line')
    .requiredOption('-d, --data <folder>', 'the data folder of the node')
    .option('--json', 'print a JSON object a line')
    .addHelpText('after', PROVIDED_HELP)
    .action(async (options: NodeOptions) => { end(await provided(options)) })

  program.command('unprovide')
    .description('let a running node announce content no more')
    .argument('[cid...]', 'the content')
    .requiredOption('-d, --data <folder>', 'the data folder of the node')
    .option('-f, --from <list>', 'all CIDs of a file, one a line, or of the standard input: -')
    .option('--json', 'print the result as one JSON document')
    .addHelpText('after', UNPROVIDE_HELP)
    .action(async (cids: string[], options: NodeOptions & { from?: string }) => { end(await unprovide(cids, options)) })

  program.command('reprovide')
    .description('let a running node announce now what is due, or show how its announcements go')
    .requiredOption('-d, --data <folder>', 'the data folder of the node')
    .option('-s, --status', 'announce nothing, and show how far the node is')
    .option('-t, --timeout <duration>', 'how long to wait for it, such as 30s or 2h (default: until it is done)', named('--timeout', parseDuration))
    .option('--json', 'print the result as one JSON document')
    .addHelpText('after', REPROVIDE_HELP)
    .action(async (options: ReprovideOptions) => { end(await reprovide(options)) })
}

async function provided ({ data, json = false }: NodeOptions): Promise<number> {
  const reply = await call(data, { op: 'provided' }, {
    onPart: async part => {
      if ('provided' in part) {
        await printProvided(part.provided, json)
      }
    }
  })

  if (!reply.ok) {
    printProviding(reply, json)
  }

  return exitCode(reply)
}

async function unprovide (given: string[], { from, data, json = false }: NodeOptions & { from?: string }): Promise<number> {
  if ((given.length === 0) === (from == null)) {
    throw new UsageError('Name the CIDs to announce no more, or a list of them with --from')
  }

  given.forEach(parseProvidable)
  const stop = stopSignal()
  await using list = from == null ? undefined : await openCIDList(from, stop)
  const reply = await call(data, { op: 'unprovide' }, { cids: list?.cids() ?? eachOf(given), signal: stop })
  printProviding(reply, json)

  return exitCode(reply)
}

async function reprovide ({ data, status, timeout, json = false }: ReprovideOptions): Promise<number> {
  const bar = new ProgressBar(process.stderr)

  const reply = await call(data, status === true ? { op: 'reprovide-status' } : { op: 'reprovide', timeout }, {
    signal: stopSignal(),
    onPart: part => {
      if ('progress' in part) {
        bar.update(part.progress)
      }
    }
  })

  bar.end()
  printProviding(reply, json)

  return exitCode(reply)
}

async function call (data: string, request: ProvidingRequest, options: CallOptions): Promise<ProvidingReply> {
  return callNode(resolvePath(data), request, options).catch((error: unknown) => failed(request, error))
}

async function * eachOf (cids: string[]): AsyncGenerator<string> {
  yield * cids
}
