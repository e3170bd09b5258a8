// `kad start`: one node in the foreground, until Ctrl-C.

import { Option } from 'commander'
import { socketPath } from '../control/line.ts'
import { serveControl } from '../control/server.ts'
import { openDataFolder } from '../data-folder.ts'
import { describe, EXIT } from '../errors.ts'
import { watchAlone } from '../join.ts'
import { createLog } from '../log.ts'
import { addNetworkOptions, addressWarning, defaultMode, dhtInit, each, seedsOf } from '../network.ts'
import { createNode } from '../node.ts'
import { perform } from '../operations.ts'
import { goOnWhenUnwritten, plural } from '../output.ts'
import { parseMultiaddr, resolvePath } from '../parse.ts'
import { performProviding } from '../providing/perform.ts'
import { isAboutCIDs, isProviding } from '../providing/requests.ts'
import { aborted, stopSignal } from '../signals.ts'
import { tableOf } from '../table.ts'
import type { ControlServer } from '../control/server.ts'
import type { DataFolder } from '../data-folder.ts'
import type { Log } from '../log.ts'
import type { ModeName, NetworkOptions } from '../network.ts'
import type { KadNode, NodeInit } from '../node.ts'
import type { Caller } from '../providing/perform.ts'
import type { ProvidingReply, ProvidingRequest } from '../providing/requests.ts'
import type { PeerId } from '@libp2p/interface'
import type { Command } from 'commander'

interface StartOptions extends NetworkOptions {
  listen?: string[]
  data?: string
  mode?: ModeName
  json?: boolean
}

/** A node that cannot stop within this time is ended, ms. */
const STOP_TIMEOUT = 10_000

const HELP = `
Examples:
  A node of the public network, known again after a restart
    $ kad start --data ~/.kad --listen /ip4/0.0.0.0/tcp/4001 --bootstrap /dnsaddr/bootstrap.libp2p.io/p2p/QmNnooDu7bfjPFoTZYxMNLWUQJyrVwtbZg5gBMjTezGAJN

  A node of a network of your own
    $ kad start --data ~/.kad --listen /ip4/0.0.0.0/tcp/4001 --network network.json

  whose file says what its nodes agree on, and whom they join through ("k" and "seeds" may be left out):
    {
      "name": "my network",
      "protocol": "/my/kad/1.0.0",
      "k": 20,
      "seeds": [{ "id": "<peer id>", "addresses": ["/ip4/192.0.2.1/tcp/4001"] }]
    }

  Two nodes on this machine
    $ kad start --any-address --listen /ip4/127.0.0.1/tcp/4001 --data one
    $ kad start --any-address --listen /ip4/127.0.0.1/tcp/0 --data two --bootstrap /ip4/127.0.0.1/tcp/4001/p2p/<peer id of one>

  then, in a third terminal
    $ kad put --data one /kad/greeting hello
    $ kad get --data two /kad/greeting
    $ kad table --data one`

export function addStart (program: Command, end: (code: number) => void): void {
  const command = program.command('start')
    .description('run a node in the foreground, until Ctrl-C')
    .option('-l, --listen <multiaddr...>', 'addresses to listen on (default: /ip4/0.0.0.0/tcp/0)', each('--listen', parseMultiaddr))
    .option('-d, --data <folder>', 'where the private key, the routing table, the values and what is provided are kept, and where the other commands find the node (default: nothing is kept)')
    .addOption(new Option('-m, --mode <mode>', 'whether to answer others; auto: while a public address is known (default: auto, with --lan and --any-address server)').choices(['auto', 'server', 'client']))

  addNetworkOptions(command, true)
    .option('--json', 'print events as JSON, one a line')
    .addHelpText('after', HELP)
    .action(async (options: StartOptions) => { end(await start(options)) })
}

async function start (options: StartOptions): Promise<number> {
  const stop = stopSignal()
  goOnWhenUnwritten()
  const log = createLog(options.json === true)
  const path = options.data == null ? undefined : resolvePath(options.data)

  if (path != null) {
    // before anything is made there
    socketPath(path)
  }

  const warning = addressWarning(options)

  if (warning != null) {
    log('warning', warning)
  }

  const data = path == null ? undefined : await openDataFolder(path)
  let node: KadNode | undefined
  let control: ControlServer | undefined
  let endWatch: (() => void) | undefined

  try {
    node = await createListening({
      listen: options.listen ?? ['/ip4/0.0.0.0/tcp/0'],
      dht: { ...dhtInit(options, options.mode ?? defaultMode(options)), seeds: seedsOf(options) },
      privateKey: data?.privateKey,
      datastore: data?.datastore,
      crowded: options.lan === true || options.anyAddress === true
    })
    control = data == null ? undefined : await serve(node, data, log)
    tellStarted(node, options.network?.name, log)
    tellEvents(node, log)
    endWatch = watchSeeds(node, options, log)
    await aborted(stop)
    log('stopping', 'stopping')
  } finally {
    const deadline = setTimeout(() => {
      log('warning', `not stopped after ${STOP_TIMEOUT / 1000} s, so it is ended`)
      process.exit(EXIT.failed)
    }, STOP_TIMEOUT)

    endWatch?.()

    // whatever fails, as on a full disk, the rest is stopped
    try {
      await control?.close()
      await node?.stop()
    } finally {
      await data?.datastore.close()
      clearTimeout(deadline)
    }
  }

  log('stopped', 'stopped')

  return EXIT.ok
}

/** What libp2p says about addresses that it can't listen on is meant for programmers. */
async function createListening (init: NodeInit): Promise<KadNode> {
  try {
    return await createNode(init)
  } catch (error: any) {
    throw error.name === 'UnsupportedListenAddressesError' ? new Error(`Can't listen on ${describe(error).replace(/^.*NO_FATAL: /, '')}`) : error
  }
}

async function serve (node: KadNode, data: DataFolder, log: Log): Promise<ControlServer> {
  return serveControl(data.path, async (request, caller) => {
    if (request.op === 'table') {
      return tableOf(node)
    }

    if (isProviding(request)) {
      return provide(node, request, caller, log)
    }

    log('asked', `asked to ${request.op} ${request.subject}`, { op: request.op, subject: request.subject })
    const reply = await perform(node.services.dht, request, caller.signal)
    log('operation', `${request.op} ${request.subject}: ${reply.ok ? `done, ${reply.hops} hops, ${reply.messages} messages, ${reply.ms} ms` : reply.error?.message}`, { op: request.op, subject: request.subject, ok: reply.ok })

    return reply
  })
}

async function provide (node: KadNode, request: ProvidingRequest, caller: Caller, log: Log): Promise<ProvidingReply> {
  const { op } = request

  if (isAboutCIDs(request)) {
    log('asked', `asked to ${op}`, { op })
  }

  const reply = await performProviding(node.services.dht, request, caller)

  if (isAboutCIDs(request)) {
    const { ok, read = 0, announced = 0, error } = reply
    log('operation', `${op}: ${plural(read, 'CID')} read, ${plural(announced, 'key')} announced${ok ? '' : `: ${error?.message}`}`, { op, ok, read, announced })
  }

  return reply
}

/** A seed may have itself in the file that it shares with all the others. */
function watchSeeds (node: KadNode, options: NetworkOptions, log: Log): () => void {
  const others = seedsOf(options).filter(address => !address.endsWith(`/p2p/${node.peerId.toString()}`))

  return watchAlone(node.services.dht.routingTable, others, text => { log('warning', text) })
}

function tellStarted (node: KadNode, network: string | undefined, log: Log): void {
  const addresses = node.getMultiaddrs().map(address => address.toString())
  const mode = node.services.dht.getMode()

  log('started', [
    ...network == null ? [] : [`network  ${network}`],
    `peer id  ${node.peerId.toString()}`,
    `mode     ${mode}`,
    ...addresses.map(address => `address  ${address}`),
    ...addresses.length === 0 ? ['address  none: it listens on nothing'] : [],
    'Ctrl-C stops it'
  ].join('\n'), { network, id: node.peerId.toString(), mode, addresses })
}

function tellEvents (node: KadNode, log: Log): void {
  const { dht } = node.services
  let mode = dht.getMode()
  let addresses = node.getMultiaddrs().join()

  const onConnected = (peer: PeerId): void => { log('connected', `connected to ${peer.toString()}`, { peer: peer.toString() }) }
  const onTable = (peer: PeerId): void => {
    log('table', `${peer.toString()} is in the routing table, which has ${dht.routingTable.size}`, { peer: peer.toString(), size: dht.routingTable.size })
  }

  // those that it has met while it started
  node.getPeers().forEach(onConnected)
  dht.routingTable.peers().forEach(onTable)

  node.addEventListener('peer:connect', ({ detail: peer }) => { onConnected(peer) })
  node.addEventListener('peer:disconnect', ({ detail: peer }) => { log('disconnected', `disconnected from ${peer.toString()}`, { peer: peer.toString() }) })
  dht.routingTable.addEventListener('peer:add', ({ detail: peer }) => { onTable(peer) })
  dht.routingTable.addEventListener('peer:remove', ({ detail: peer }) => {
    log('removed', `${peer.toString()} has left the routing table, which has ${dht.routingTable.size}`, { peer: peer.toString(), size: dht.routingTable.size })
  })
  node.addEventListener('self:peer:update', () => {
    const now = node.getMultiaddrs().map(address => address.toString())

    if (node.status === 'started' && now.join() !== addresses) {
      addresses = now.join()
      log('addresses', `addresses are now ${addresses === '' ? 'none' : now.join(' ')}`, { addresses: now })
    }

    // after the DHT has heard the same event
    setImmediate(() => {
      if (dht.getMode() !== mode) {
        mode = dht.getMode()
        log('mode', `mode is now ${mode}`, { mode })
      }
    })
  })
}
