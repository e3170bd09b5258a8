// `kad provide`: announces content, one CID at once, or a list of any length part after part of the key space.

import { Option } from 'commander'
import { callNode } from '../control/client.ts'
import { openDataFolder } from '../data-folder.ts'
import { UsageError } from '../errors.ts'
import { hashFile } from '../file.ts'
import { exitCode, failed } from '../operations.ts'
import { note } from '../output.ts'
import { parseCID, parseFile, resolvePath } from '../parse.ts'
import { openCIDList } from '../providing/cid-list.ts'
import { performProviding } from '../providing/perform.ts'
import { printProviding } from '../providing/print.ts'
import { ProgressBar } from '../providing/progress.ts'
import { stopSignal } from '../signals.ts'
import { visit } from '../visit.ts'
import { addActOptions, LEAVES, NODES, operate, requireNode, throughNode } from './operate.ts'
import type { ActOptions } from './operate.ts'
import type { CIDList } from '../providing/cid-list.ts'
import type { ProvidingPart, ProvidingReply, ProvidingRequest } from '../providing/requests.ts'
import type { Command } from 'commander'

interface ProvideOptions extends ActOptions {
  from?: string
  optimistic?: boolean
}

/** A client has to have joined within this time, ms, where it has all the time that it needs for the rest. */
const JOIN_TIMEOUT = 30_000

const HELP = `
The node announces it again every 22 hours, until "kad unprovide". "kad provided" lists all of it, and "kad reprovide --status" tells how that goes.

Lists:
  --from takes one CID a line; empty lines and what comes after a # are left out. A list with a mistake in it is refused as a whole. Keys that live
  together are announced together, so that millions are no trouble: a running node writes all of them down first, and Ctrl-C ends only the waiting. With --data and
  --bootstrap, when no node runs on the folder, the command itself is that node while it lasts, and "kad start" goes on with what is left.

Examples:
  $ kad provide --data ~/.kad README.md
  $ kad provide --data ~/.kad --optimistic bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy
  $ kad provide --data ~/.kad --from cids.txt
  $ ipfs pin ls --quiet | kad provide --data ~/.kad --from - --json`

export function addProvide (program: Command, end: (code: number) => void): void {
  const command = program.command('provide')
    .description('announce that the node provides content; the node itself serves no files')
    .argument('[cid|file]', 'the content, or a file whose CID is computed (raw, sha2-256)')
    .option('-f, --from <list>', 'announce all CIDs of a file, one a line, or of the standard input: -')
    .addOption(new Option('--optimistic', 'return when enough nodes were told, and tell the rest in the background').conflicts('from'))

  addActOptions(command, '30s, and none with --from')
    .addHelpText('after', `${NODES}\n${HELP}`)
    .action(async (subject: string | undefined, options: ProvideOptions) => { end(await provide(subject, options)) })
}

async function provide (subject: string | undefined, options: ProvideOptions): Promise<number> {
  const { from, optimistic } = options

  if ((subject == null) === (from == null)) {
    throw new UsageError(subject == null ? 'There is nothing to provide: name a CID or a file, or a list of CIDs with --from' : `Either "${subject}" or the list of --from can be provided, and not both at once`)
  }

  if (subject != null) {
    return operate({ op: 'provide', subject: await contentId(subject), options: { optimistic } }, options)
  }

  requireNode(options)

  return provideList(String(from), options)
}

/** A CID is taken as it is; anything else is a file. */
async function contentId (text: string): Promise<string> {
  try {
    return parseCID(text).toString()
  } catch {
    return (await hashFile(await parseFile(text, 'a CID'))).cid.toString()
  }
}

async function provideList (from: string, options: ProvideOptions): Promise<number> {
  const stop = stopSignal()
  const request: ProvidingRequest = { op: 'provide-many', timeout: options.timeout }
  await using list = await openCIDList(from, stop)
  const bar = new ProgressBar(process.stderr)
  let added = 0
  let reply: ProvidingReply

  const onPart = (part: ProvidingPart): void => {
    if ('progress' in part) {
      const { progress } = part
      added = progress.phase === 'adding' ? progress.done : list.size
      bar.update(progress.phase === 'adding' ? { ...progress, total: list.size } : progress)
    }
  }

  try {
    reply = await throughNode(options, async data => callNode(data, request, { cids: list.cids(), onPart, signal: stop }), 'by a node that runs on it for as long as it takes') ??
      await asNode(request, options, list, onPart, stop)
  } catch (error) {
    reply = failed(request, stop.aborted && options.data != null ? new Error(`Interrupted: at least ${added} of ${list.size} CIDs were written down and stay, and a node on ${options.data} announces them`) : error)
  }

  bar.end()
  printProviding(reply, options.json === true)

  return exitCode(reply)
}

/** As a node that joins, announces, and leaves: on the data folder, if there is one, so that it is remembered there. */
async function asNode (request: ProvidingRequest, options: ProvideOptions, list: CIDList, onPart: (part: ProvidingPart) => void, stop: AbortSignal): Promise<ProvidingReply> {
  const data = options.data == null ? undefined : await openDataFolder(resolvePath(options.data))

  try {
    note(`warning: ${data == null ? LEAVES : `the node on ${options.data} leaves when this is done, and whoever comes to fetch will find nobody: let it stay, with "kad start --data ${options.data}"`}`)

    return await visit(options, { isReachable: true, data, timeout: options.timeout ?? JOIN_TIMEOUT, stop }, async ({ services: { dht } }) => {
      const reply = await performProviding(dht, request, { signal: stop, cids: list.cids(), tell: async part => { onPart(part) } })
      stop.throwIfAborted()

      return reply
    })
  } finally {
    await data?.datastore.close()
  }
}
