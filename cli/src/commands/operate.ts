// `kad put`, `get`, `publish`, `resolve`, `remove`, `provide`, `find-providers`, `find-peer`, `closest`: through a running node, or as one that comes and goes.

import { callNode, NotRunningError } from '../control/client.ts'
import { UsageError } from '../errors.ts'
import { hashFile } from '../file.ts'
import { dialAny } from '../join.ts'
import { addNetworkOptions, addressWarning, dhtInit, seedsOf } from '../network.ts'
import { createNode } from '../node.ts'
import { checkRequest, exitCode, failed, perform } from '../operations.ts'
import { note } from '../output.ts'
import { named, parseCID, parseDuration, parseFile, resolvePath } from '../parse.ts'
import { printReply } from '../print-reply.ts'
import { stopSignal } from '../signals.ts'
import type { NetworkOptions } from '../network.ts'
import type { OperationName, OperationReply, OperationRequest } from '../operations.ts'
import type { Command } from 'commander'

interface OperateOptions extends NetworkOptions {
  data?: string
  timeout: number
  json?: boolean
}

const DEFAULT_TIMEOUT = '30s'

const KEYS = `
Keys:
  /kad/<name>    any text of up to 10 KiB. Of several values the greatest in byte order wins, so that
                 a newer one has to be greater: begin it with a date or a count
  /pk/<peer id>  the public key of a peer, as base64 of its protobuf`

const RECORDS = `
The record belongs to the node, whose key signs it: without --data, that is a client whose key is gone when it leaves. A node publishes
its records again until they are removed, also after a restart.`

const NODES = `
Acts through the node that "kad start --data <folder>" runs, or else, with --bootstrap or --network, as a client that
joins for this one time.`

interface Described {
  op: OperationName
  args: Array<[name: string, description: string]>
  description: string
  more?: string
  examples: string[]
}

const COMMANDS: Described[] = [
  {
    op: 'put',
    args: [['<key>', 'what to store it under'], ['<value>', 'what to store']],
    description: 'store a value on the nodes nearest to its key',
    more: KEYS,
    examples: ['kad put --data ~/.kad /kad/greeting hello', 'kad put --any-address --bootstrap /ip4/127.0.0.1/tcp/4001/p2p/<peer id> /kad/greeting hello']
  },
  {
    op: 'get',
    args: [['<key>', 'what it is stored under']],
    description: 'fetch the best value of a key',
    more: KEYS,
    examples: ['kad get --data ~/.kad /kad/greeting', 'kad get --network network.json --json --timeout 5s /kad/greeting']
  },
  {
    op: 'publish',
    args: [['<name>', 'of the record, 1 to 127 bytes'], ['<value>', 'what it says, up to some 800 bytes']],
    description: 'sign a record by that name with the node\'s key, in place of the one before, and store it',
    more: RECORDS,
    examples: ['kad publish --data ~/.kad profile "Alice, Zürich"']
  },
  {
    op: 'resolve',
    args: [['<id>', 'the peer id of its owner'], ['<name>', 'of the record']],
    description: 'fetch the latest record of that owner and name',
    examples: ['kad resolve --data ~/.kad 12D3KooWRBhwfeP2Y4TCx1SM6s9rUoHhR5STiGwxBhgFRcw3UERE profile']
  },
  {
    op: 'remove',
    args: [['<name>', 'of the record']],
    description: 'remove a record of the node, and publish it no more',
    more: RECORDS,
    examples: ['kad remove --data ~/.kad profile']
  },
  {
    op: 'provide',
    args: [['<cid|file>', 'the content, or a file whose CID is computed (raw, sha2-256)']],
    description: 'announce that the node provides content; the node itself serves no files',
    examples: ['kad provide --data ~/.kad README.md', 'kad provide --data ~/.kad bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy']
  },
  {
    op: 'find-providers',
    args: [['<cid>', 'the content']],
    description: 'find who provides content',
    examples: ['kad find-providers --data ~/.kad bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy']
  },
  {
    op: 'find-peer',
    args: [['<id>', 'its peer id']],
    description: 'find the addresses of a peer',
    examples: ['kad find-peer --data ~/.kad 12D3KooWRBhwfeP2Y4TCx1SM6s9rUoHhR5STiGwxBhgFRcw3UERE']
  },
  {
    op: 'closest',
    args: [['<key|id>', 'any text, or a peer id']],
    description: 'list the peers nearest to a key',
    examples: ['kad closest --data ~/.kad /kad/greeting']
  }
]

export function addOperations (program: Command, end: (code: number) => void): void {
  for (const { op, args, description, more = '', examples } of COMMANDS) {
    const command = program.command(op).description(description)
    args.forEach(([name, text]) => { command.argument(name, text) })
    command.option('-d, --data <folder>', 'the data folder of a running node, through which to act')

    addNetworkOptions(command, false)
      .option('-t, --timeout <duration>', 'how long it may take, such as 5s or 2m', named('--timeout', parseDuration), parseDuration(DEFAULT_TIMEOUT))
      .option('--json', 'print the result as one JSON document')
      .addHelpText('after', `${NODES}\n${more}\nExamples:\n${examples.map(example => `  $ ${example}`).join('\n')}`)
      .action(async (...given: any[]) => {
        const [subject, value] = given.slice(0, args.length)
        end(await operate(op, subject, value, given[args.length]))
      })
  }
}

async function operate (op: OperationName, subject: string, value: string | undefined, options: OperateOptions): Promise<number> {
  const request = { op, subject: op === 'provide' ? await contentId(subject) : subject, value, timeout: options.timeout }
  checkRequest(request)

  if (options.data == null && seedsOf(options).length === 0) {
    throw new UsageError('There is no node to act through: name the data folder of a running one with --data, or a peer to join through with --bootstrap or in the file of --network')
  }

  let reply: OperationReply

  try {
    reply = await throughNode(request, options) ?? await once(request, options)
  } catch (error) {
    reply = failed(request, error)
  }

  printReply(reply, options.json === true)

  return exitCode(reply)
}

/** A CID is taken as it is; anything else is a file. */
async function contentId (text: string): Promise<string> {
  try {
    return parseCID(text).toString()
  } catch {
    return (await hashFile(await parseFile(text, 'a CID'))).cid.toString()
  }
}

/** Undefined when no node runs there, and there is another way. */
async function throughNode (request: OperationRequest, options: OperateOptions): Promise<OperationReply | undefined> {
  const { data } = options

  if (data == null) {
    return
  }

  try {
    return await callNode(resolvePath(data), request)
  } catch (error) {
    if (!(error instanceof NotRunningError)) {
      throw error
    }

    if (seedsOf(options).length === 0) {
      throw new NotRunningError(`${error.message}, or use another with --bootstrap or --network`)
    }

    note(`No node runs on ${data}, so this is done as a client of its own`)
  }
}

/** As a client that joins, does it, and leaves. */
async function once (request: OperationRequest, options: OperateOptions): Promise<OperationReply> {
  const stop = stopSignal()
  const { op, timeout } = request
  const begun = performance.now()
  const warning = addressWarning(options)

  if (warning != null) {
    note(`warning: ${warning}`)
  }

  // an announcement says where to fetch, so that it needs an address; nothing else does
  const listen = op === 'provide' ? ['/ip4/0.0.0.0/tcp/0'] : []
  const node = await createNode({ listen, dht: dhtInit(options, 'client') })

  try {
    const signal = AbortSignal.any([stop, AbortSignal.timeout(timeout)])

    try {
      await dialAny(node, seedsOf(options), signal)
    } catch (error) {
      stop.throwIfAborted()
      throw signal.aborted ? new Error(`None of the peers to join through answered within ${timeout / 1000} s`) : error
    }

    const reply = await perform(node.services.dht, request, stop, Math.max(1, Math.round(timeout - (performance.now() - begun))))

    if (op === 'provide' && reply.ok) {
      note('warning: this was announced by a client that leaves now, and whoever comes to fetch will find nobody: announce through a node that stays, with --data')
    }

    return reply
  } finally {
    await node.stop()
  }
}
