// Fills the stores, and asks their servers in turn; then lets everything lapse.

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { generateKeyPairFromSeed, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { peers } from '../corpus.ts'
import { digest } from '../digest.ts'
import { temporaryFolder } from '../processes/temporary-folder.ts'
import { rotated, stoppedWithinLimit } from '../turns.ts'
import { Client } from './client.ts'
import { Records } from './records.ts'
import { storeServer } from './server.ts'
import { addProvider, getProviders, providersIn } from './wire.ts'
import type { Collected, Held, Started, StoreCalls } from './protocol.ts'

export interface MeasureOptions {
  /** how many are stored, a server each */
  records: number[]
  rounds: number
  /** GET_PROVIDERS of a round */
  requests: number
  /** ADD_PROVIDER of a round */
  adds: number
  /** keys whose providers a server keeps in memory */
  cacheSize: number
  seed: string
  /** where profiles of the last round go, if anywhere */
  profile?: string
  /** s */
  limit: number
}

export interface Round {
  latenciesMs: number[]
  /** of ADD_PROVIDER */
  perSecond: number
}

export interface Measured {
  records: number
  /** the first start of all, on what has no index yet */
  indexed: Started
  /** the next one */
  started: Started
  held: Held
  rounds: Round[]
  collected: Collected
  /** answers that were not what they should be */
  wrong: number
}

/** That many bytes of announcements go out in one piece. */
const PIECE = 64 * 1024

/** Questions before any is timed, a server. */
const WARM_UP = 500

/** A round of which nothing is reported. */
const WARM_UP_ROUND = 1_000_000

/** New keys of a round of which it is seen that they are there. */
const CHECKED = 100

interface Serving {
  server: StoreCalls
  client: Client
  records: Records
  result: Measured
}

export async function measure (options: MeasureOptions, note: (text: string) => void): Promise<Measured[]> {
  return stoppedWithinLimit(options.limit, async (stops, signal) => measureAll(options, stops, signal, note))
}

async function measureAll (options: MeasureOptions, stops: Array<() => Promise<void>>, signal: AbortSignal, note: (text: string) => void): Promise<Measured[]> {
  const { records: counts, rounds, profile } = options
  const folder = await temporaryFolder()
  const all: Serving[] = []

  if (profile != null) {
    await mkdir(profile, { recursive: true })
  }

  for (const count of counts) {
    all.push(await serving(new Records(options.seed, count), join(folder, `${count}`), options, stops, signal, note))
  }

  for (let round = 0; round < rounds; round++) {
    note(`round ${round + 1} of ${rounds}`)

    for (const each of rotated(all, round)) {
      const file = profile != null && round === rounds - 1 ? (what: string) => join(profile, `${what}-${each.records.count}.cpuprofile`) : undefined
      const latenciesMs = await profiled(each.server, file?.('GET_PROVIDERS'), async () => ask(each, round, options.requests))
      const perSecond = await profiled(each.server, file?.('ADD_PROVIDER'), async () => add(each, round, options.adds))
      await check(each, round, options.adds)
      each.result.rounds.push({ latenciesMs, perSecond })
    }
  }

  for (const { server, records: { count }, result } of all) {
    note(`${count} records: all of them lapse`)
    result.collected = await profiled(server, profile == null ? undefined : join(profile, `collection-${count}.cpuprofile`), async () => server.collect(count + rounds * options.adds))
  }

  return all.map(({ result }) => result)
}

/** A server that has read what is stored, and is warm. */
async function serving (records: Records, folder: string, { seed, cacheSize, rounds, adds }: MeasureOptions, stops: Array<() => Promise<void>>, signal: AbortSignal, note: (text: string) => void): Promise<Serving> {
  const key = privateKeyToProtobuf(await generateKeyPairFromSeed('Ed25519', digest('server')))
  // room for those that are added: who has to go where there is none, is not measured here
  const start = { key, folder, cacheSize, maxRecords: records.count + rounds * adds + 1 }
  const run = (): StoreCalls => {
    const server = storeServer(`the server with ${records.count} records`, signal)
    stops.push(async () => server.stop())

    return server
  }

  note(`${records.count} records: writing them, and starting a server that has to index them`)
  const first = run()
  await first.fill({ seed, records: records.count, folder })
  const indexed = await first.start(start)
  await first.stop()

  note(`${records.count} records: starting it again`)
  const server = run()
  const started = await server.start(start)
  const held = await server.held()
  const client = await Client.connect(started.addrs)
  stops.push(async () => client.stop())
  const result: Measured = { records: records.count, indexed, started, held, rounds: [], collected: { records: 0, seconds: NaN, block: { ms: NaN, cpuMs: NaN } }, wrong: 0 }
  const warm = { server, client, records, result }
  await ask(warm, WARM_UP_ROUND, WARM_UP)

  return warm
}

/** Answers are checked when all are in. */
async function ask ({ client, records, result }: Serving, round: number, count: number): Promise<number[]> {
  const asked = Array.from({ length: count }, (_, i) => records.asked(round, i))
  const requests = asked.map(i => getProviders(records.key(i)))
  const replies: Uint8Array[] = []
  const latencies: number[] = []
  await client.renew()

  for (const request of requests) {
    const begun = performance.now()
    replies.push(await client.ask(request))
    latencies.push(performance.now() - begun)
  }

  for (const [n, reply] of replies.entries()) {
    const found = providersIn(reply).sort()
    const wanted = records.providers(asked[n]).map(({ multihash }) => Buffer.from(multihash).toString('hex')).sort()
    result.wrong += found.join() === wanted.join() ? 0 : 1
  }

  return latencies
}

/** Announcements of new keys, back to back on one stream; the answer to a question behind them says that all were read. */
async function add ({ client, records }: Serving, round: number, count: number): Promise<number> {
  const [{ addrs }] = peers('client', 1)
  const requests = Array.from({ length: count }, (_, i) => addProvider(records.newKey(round, i), { multihash: client.multihash, addrs }))
  const most = Math.floor(PIECE / requests[0].byteLength)
  const pieces = Array.from({ length: Math.ceil(count / most) }, (_, i) => Buffer.concat(requests.slice(i * most, (i + 1) * most)))
  await client.renew()
  const begun = performance.now()

  for (const piece of pieces) {
    if (!client.send(piece)) {
      await client.drained()
    }
  }

  await client.ask(getProviders(records.newKey(round, count - 1)))

  return count / (performance.now() - begun) * 1000
}

async function check ({ client, records, result }: Serving, round: number, count: number): Promise<void> {
  const self = Buffer.from(client.multihash).toString('hex')

  for (let i = 0; i < Math.min(CHECKED, count); i++) {
    const found = providersIn(await client.ask(getProviders(records.newKey(round, Math.floor(i * count / Math.min(CHECKED, count))))))
    result.wrong += found.join() === self ? 0 : 1
  }
}

/** Without a file as it is. */
async function profiled <T> (server: StoreCalls, file: string | undefined, task: () => Promise<T>): Promise<T> {
  if (file == null) {
    return task()
  }

  await server.startProfile()
  const result = await task()
  await server.stopProfile(file)

  return result
}
