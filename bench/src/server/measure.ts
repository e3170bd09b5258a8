// Starts the servers, fills them, and asks them in turn.

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { generateKeyPairFromSeed, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { TRAILING } from '../cpu.ts'
import { digest } from '../digest.ts'
import { goBinary } from '../processes/go-binary.ts'
import { temporaryFolder } from '../processes/temporary-folder.ts'
import { rotated, stoppedWithinLimit } from '../turns.ts'
import { Load } from './load.ts'
import { OPERATIONS } from './operation-names.ts'
import { serverProcess } from './server-process.ts'
import type { Content } from './load.ts'
import type { OperationName } from './operation-names.ts'
import type { ServerCalls } from './protocol.ts'
import type { Quiet } from '../cpu.ts'
import type { SubjectName } from '../subjects/index.ts'

export interface MeasureOptions {
  rounds: number
  /** how long each batch lasts */
  seconds: number
  /** where values and provider records are kept */
  datastore: 'level' | 'memory'
  subjects: SubjectName[]
  seed: string
  /** where profiles of the last round go, if anywhere */
  profile?: string
  /** s */
  limit: number
}

/** A batch of requests, one after the other. */
export interface Batch {
  /** right answers */
  perSecond: number
  /** of the server's process, a request */
  cpuUs: number
  /** of the right answers */
  latenciesMs: number[]
  requests: number
  failures: Record<string, number>
}

export interface Measured {
  subject: SubjectName
  tableSize: number
  /** when it is full and warm; NaN where the system does not tell */
  rssMiB: number
  /** one a round */
  batches: Record<OperationName, Batch[]>
}

/** 20,000 provider records, of more keys than the rivals keep in memory beside their datastores. */
export const CONTENT = { keys: 1_000, providers: 20, values: 500, targets: 1_000 }

/** How long all of the crowd may take to get into the table, ms. */
const TABLE_LIMIT = 30_000

/** A server that has been filled may have to look around, or to tidy up. */
const RESTING: Quiet = { window: 500, cpu: 25, times: 3, limit: 15_000 }

/** How long each kind of batch runs before any counts, s. */
const WARM_UP = 1

/** A round of which nothing is reported. */
const WARM_UP_ROUND = 1_000_000

interface Serving {
  server: ServerCalls
  load: Load
  result: Measured
}

export async function measure (options: MeasureOptions, note: (text: string) => void): Promise<Measured[]> {
  return stoppedWithinLimit(options.limit, async (stops, signal) => measureAll(options, stops, signal, note))
}

async function measureAll (options: MeasureOptions, stops: Array<() => Promise<void>>, signal: AbortSignal, note: (text: string) => void): Promise<Measured[]> {
  const { subjects, rounds, seconds, profile } = options
  note('building the load, which takes a while the first time')
  const binary = await goBinary('ask the servers: the load is a Go program, whoever is measured', 'use the other suites', signal)
  const folder = await temporaryFolder()

  if (profile != null) {
    await mkdir(profile, { recursive: true })
  }

  note(`filling the tables and the stores of ${subjects.join(', ')}`)
  const all = await Promise.all(subjects.map(async (subject): Promise<Serving> => {
    const server = serverProcess(subject, binary, signal)
    stops.push(async () => server.stop())
    const load = new Load(subject, binary, signal)
    stops.push(async () => load.stop())

    return { server, load, result: await filled(subject, server, load, join(folder, subject), options) }
  }))

  for (let round = 0; round < rounds; round++) {
    note(`round ${round + 1} of ${rounds}, each of ${OPERATIONS.length} kinds of request for ${seconds} s`)

    for (const { server, load, result } of rotated(all, round)) {
      for (const op of OPERATIONS) {
        const asked = async (): Promise<Batch> => batch(server, load, op, round, seconds)
        const profiled = profile != null && round === rounds - 1
        result.batches[op].push(profiled ? await withProfile(server, join(profile, `${result.subject} ${op}.cpuprofile`), asked) : await asked())
      }
    }
  }

  return all.map(({ result }) => result)
}

/** Starts a server, fills its table and its store, and makes sure that it answers right. */
async function filled (subject: SubjectName, server: ServerCalls, load: Load, folder: string, { seed, datastore }: MeasureOptions): Promise<Measured> {
  // the crowd is made for this key
  const key = privateKeyToProtobuf(await generateKeyPairFromSeed('Ed25519', digest('server')))
  const peers = await load.join(await server.start({ subject, key, ...datastore === 'level' ? { folder } : {} }))
  await untilKnown(subject, server, peers)

  const content: Content = { seed, ...CONTENT }
  await load.fill(content)

  for (const op of OPERATIONS) {
    const { failures } = await load.ask(op, op.endsWith('reused') ? { all: true } : { round: WARM_UP_ROUND, seconds: WARM_UP })
    const [reason] = Object.keys(failures)

    if (reason != null) {
      throw new Error(`${subject} does not answer ${op} as it should: ${reason}`)
    }
  }

  return {
    subject,
    tableSize: await server.table(),
    rssMiB: (await server.usage(RESTING)).rssMiB ?? NaN,
    batches: Object.fromEntries(OPERATIONS.map(op => [op, []])) as unknown as Record<OperationName, Batch[]>
  }
}

async function withProfile <T> (server: ServerCalls, file: string, work: () => Promise<T>): Promise<T> {
  await server.startProfile()

  try {
    return await work()
  } finally {
    await server.stopProfile(file)
  }
}

async function untilKnown (subject: SubjectName, server: ServerCalls, peers: number): Promise<void> {
  const end = performance.now() + TABLE_LIMIT
  let known = 0

  while ((known = await server.table()) < peers) {
    if (performance.now() > end) {
      throw new Error(`Only ${known} of ${peers} peers are in the routing table of ${subject} after ${TABLE_LIMIT / 1000} s`)
    }

    await delay(50)
  }
}

async function batch (server: ServerCalls, load: Load, op: OperationName, round: number, seconds: number): Promise<Batch> {
  const before = await server.usage(TRAILING)
  const asked = await load.ask(op, { round, seconds })
  const after = await server.usage(TRAILING)

  return {
    perSecond: asked.latenciesMs.length / asked.seconds,
    cpuUs: (after.cpuMs - before.cpuMs) * 1000 / asked.requests,
    latenciesMs: asked.latenciesMs,
    requests: asked.requests,
    failures: asked.failures
  }
}
