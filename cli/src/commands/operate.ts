// `kad put`, `get`, `publish`, `resolve`, `remove`, `find-providers`, `find-peer`, `closest`: through a running node, or as one that comes and goes.

import { callNode, NotRunningError } from '../control/client.ts'
import { UsageError } from '../errors.ts'
import { addNetworkOptions, seedsOf } from '../network.ts'
import { checkRequest, exitCode, failed, perform } from '../operations.ts'
import { note } from '../output.ts'
import { named, parseCount, parseDuration, resolvePath } from '../parse.ts'
import { printReply } from '../print-reply.ts'
import { stopSignal } from '../signals.ts'
import { visit } from '../visit.ts'
import type { NetworkOptions } from '../network.ts'
import type { OperationName, OperationReply, OperationRequest } from '../operations.ts'
import type { Command } from 'commander'

export interface ActOptions extends NetworkOptions {
  data?: string
  /** ms */
  timeout?: number
  json?: boolean
}

interface FindOptions {
  count?: number
  fast?: boolean
  nearest?: boolean
}

const DEFAULT_TIMEOUT = '30s'

/** More are found only of what everybody has. */
const MAX_COUNT = 100_000

const KEYS = `
Keys:
  /kad/<name>    any text of up to 10 KiB. Of several values the greatest in byte order wins, so that
                 a newer one has to be greater: begin it with a date or a count
  /pk/<peer id>  the public key of a peer, as base64 of its protobuf`

const RECORDS = `
The record belongs to the node, whose key signs it: without --data, that is a client whose key is gone when it leaves. A node publishes
its records again until they are removed, also after a restart.`

export const NODES = `
Acts through the node that "kad start --data <folder>" runs, or else, with --bootstrap or --network, as a client that
joins for this one time.`

/** What is to be said when somebody new provides something. */
export const LEAVES = 'this is announced by a client that leaves then, and whoever comes to fetch will find nobody: announce through a node that stays, with --data'

interface Described {
  op: OperationName
  args: Array<[name: string, description: string]>
  description: string
  more?: string
  addOptions?(command: Command): void
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
    op: 'find-providers',
    args: [['<cid>', 'the content']],
    description: 'find who provides content',
    addOptions: addFindOptions,
    examples: ['kad find-providers --data ~/.kad bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy', 'kad find-providers --data ~/.kad --count 3 --nearest bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy']
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
  for (const { op, args, description, more = '', addOptions, examples } of COMMANDS) {
    const command = program.command(op).description(description)
    args.forEach(([name, text]) => { command.argument(name, text) })
    addOptions?.(command)

    addActOptions(command, DEFAULT_TIMEOUT)
      .addHelpText('after', `${NODES}\n${more}\nExamples:\n${examples.map(example => `  $ ${example}`).join('\n')}`)
      .action(async (...given: any[]) => {
        const [subject, value] = given.slice(0, args.length)
        const options: ActOptions & FindOptions = given[args.length]
        end(await operate({ op, subject, value, options: { count: options.count, fast: options.fast, nearest: options.nearest } }, options))
      })
  }
}

/** Through which node, for how long, and how it is told. */
export function addActOptions (command: Command, timeout: string): Command {
  command.option('-d, --data <folder>', 'the data folder of a running node, through which to act')

  return addNetworkOptions(command, false)
    .option('-t, --timeout <duration>', `how long it may take, such as 5s or 2m (default: ${timeout})`, named('--timeout', parseDuration))
    .option('--json', 'print the result as one JSON document')
}

function addFindOptions (command: Command): void {
  command
    .option('-n, --count <number>', 'no more than so many: those that most nodes name', named('--count', parseCount(1, MAX_COUNT)))
    .option('--fast', 'end as soon as so many are found (1 without --count): quicker, and a node that lies may be believed')
    .option('--nearest', 'in the order of how long a round trip to them takes')
}

export async function operate ({ op, subject, value, options: more }: Omit<OperationRequest, 'timeout'>, options: ActOptions): Promise<number> {
  const request = { op, subject, value, options: more, timeout: options.timeout ?? parseDuration(DEFAULT_TIMEOUT) }
  checkRequest(request)
  requireNode(options)
  let reply: OperationReply

  try {
    reply = await throughNode(options, async data => callNode(data, request)) ?? await once(request, options)
  } catch (error) {
    reply = failed(request, error)
  }

  printReply(reply, options.json === true)

  return exitCode(reply)
}

/** @throws {UsageError} when there is no node to act through */
export function requireNode (options: ActOptions): void {
  if (options.data == null && seedsOf(options).length === 0) {
    throw new UsageError('There is no node to act through: name the data folder of a running one with --data, or a peer to join through with --bootstrap or in the file of --network')
  }
}

/** Undefined when no node runs there, and there is another way. */
export async function throughNode <T> (options: ActOptions, call: (data: string) => Promise<T>, orElse = 'as a client of its own'): Promise<T | undefined> {
  const { data } = options

  if (data == null) {
    return
  }

  try {
    return await call(resolvePath(data))
  } catch (error) {
    if (!(error instanceof NotRunningError)) {
      throw error
    }

    if (seedsOf(options).length === 0) {
      throw new NotRunningError(`${error.message}, or use another with --bootstrap or --network`)
    }

    note(`No node runs on ${data}, so this is done ${orElse}`)
  }
}

async function once (request: OperationRequest, options: ActOptions): Promise<OperationReply> {
  const stop = stopSignal()
  const { op, timeout } = request
  const begun = performance.now()

  return visit(options, { isReachable: op === 'provide', timeout, stop }, async ({ services: { dht } }) => {
    const reply = await perform(dht, request, stop, Math.max(1, Math.round(timeout - (performance.now() - begun))))

    if (op === 'provide' && reply.ok) {
      note(`warning: ${LEAVES}`)
    }

    return reply
  })
}
