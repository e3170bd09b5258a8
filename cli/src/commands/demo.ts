// `kad demo`: a whole network in one process, shown at work.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Acts } from '../demo/acts.ts'
import { kFor, startNetwork } from '../demo/nodes.ts'
import { Reporter } from '../demo/reporter.ts'
import { EXIT } from '../errors.ts'
import { hashFile, MAX_FILE } from '../file.ts'
import { print } from '../output.ts'
import { named, parseCount, parseFile } from '../parse.ts'
import { aborted, stopSignal } from '../signals.ts'
import type { DemoNode } from '../demo/nodes.ts'
import type { DemoResult } from '../demo/result.ts'
import type { Command } from 'commander'

interface DemoOptions {
  nodes: number
  json?: boolean
  keep?: boolean
}

const DEFAULT_NODES = 16

/** With fewer there would be nobody left to find anything after a third have died. */
const MIN_NODES = 4

/** What one process has the files and the CPU for. */
const MAX_NODES = 100

/** So long all operations together may take, ms: the demo says so rather than hang. */
const PATIENCE = 45_000

const README = resolve(fileURLToPath(import.meta.url), '../../../../README.md')

const HELP = `
Examples:
  $ kad demo
  $ kad demo some/file --nodes 32
  $ kad demo --json | jq .operations
  $ kad demo --keep`

export function addDemo (program: Command, end: (code: number) => void): void {
  program.command('demo', { isDefault: true })
    .description('start a network on this machine, store and find things in it, kill a third of it, and find them again (this is the default)')
    .argument('[file]', `the file to provide and fetch, of up to ${MAX_FILE / 1024 / 1024} MiB (default: the README)`)
    .option('-n, --nodes <number>', `how many nodes, from ${MIN_NODES} to ${MAX_NODES}`, named('--nodes', parseCount(MIN_NODES, MAX_NODES)), DEFAULT_NODES)
    .option('--json', 'print the result as one JSON document; what happens goes to stderr')
    .option('--keep', 'stay up afterwards, until Ctrl-C')
    .addHelpText('after', HELP)
    .action(async (file: string | undefined, options: DemoOptions) => { end(await demo(file, options)) })
}

async function demo (file: string | undefined, options: DemoOptions): Promise<number> {
  const path = await parseFile(file ?? README, 'a command of kad')
  await hashFile(path)
  const stop = stopSignal()
  const reporter = new Reporter(options.json === true ? process.stderr : process.stdout)
  const nodes: DemoNode[] = []
  const folder = await mkdtemp(join(tmpdir(), 'kad-demo-'))

  try {
    const result = await play(path, options, { folder, nodes, reporter, stop })

    if (options.json === true) {
      print(JSON.stringify(result, null, 2))
    }

    if (options.keep === true) {
      await keep(result, reporter, stop)
    }

    return result.ok ? EXIT.ok : EXIT.failed
  } catch (error) {
    throw stop.aborted ? new Error('Interrupted') : error
  } finally {
    await Promise.allSettled(nodes.map(async node => node.stop()))
    await rm(folder, { recursive: true, force: true })
  }
}

interface Stage {
  folder: string
  nodes: DemoNode[]
  reporter: Reporter
  stop: AbortSignal
}

async function play (path: string, { nodes: size, keep }: DemoOptions, { folder, nodes, reporter, stop }: Stage): Promise<DemoResult> {
  const begun = performance.now()
  const k = kFor(size)

  reporter.heading(`${size} nodes, each with its own key, TCP + noise + yamux, LevelDB; a value is held by ${k} of them`)
  await reporter.progress(`starting ${size} nodes`, async update => {
    await startNetwork(size, folder, nodes, joined => { update(`${joined} of ${size} nodes are up, all of them joined through the first`) }, stop)
  })
  const joinMs = Math.round(performance.now() - begun)
  nodes.forEach(({ id, number }) => { reporter.introduce(id, number) })
  reporter.say(`${joinMs} ms; each dialled only ${reporter.name(nodes[0].id)}, the routing tables now have ${nodes.map(({ dht }) => dht.routingTable.size).join(' ')} peers`)

  const acts = new Acts(nodes, reporter, AbortSignal.any([stop, AbortSignal.timeout(PATIENCE)]))
  const told = await acts.play(path)
  stop.throwIfAborted()
  reporter.table(acts.rows)

  reporter.say('hops: replies, one leading to the next, until whoever had the answer was known; 0 is a peer known before')

  const ms = Math.round(performance.now() - begun)
  const ok = acts.rows.every(row => row.ok)
  reporter.say(ok ? `Everything was found, in ${(ms / 1000).toFixed(1)} s.` : 'Not everything was found.')

  return {
    nodes: size,
    k,
    joinMs,
    ...told,
    operations: acts.rows,
    ms,
    ok,
    addresses: keep === true ? nodes.filter(node => node.alive).flatMap(node => node.libp2p.getMultiaddrs().map(String)) : undefined
  }
}

async function keep ({ addresses = [] }: DemoResult, reporter: Reporter, stop: AbortSignal): Promise<void> {
  reporter.heading('The nodes that live stay up until Ctrl-C')
  addresses.forEach(address => { reporter.say(address) })
  reporter.say(`Try: kad closest --any-address --bootstrap ${addresses[0]} /kad/anything`)
  await aborted(stop)
}
