// Runs the rounds. In each the subjects take turns, so that whatever else the machine does meets them alike.

import { goBinary } from '../processes/go-binary.ts'
import { rotated, withinLimit } from '../turns.ts'
import { GoNetwork } from './go-network.ts'
import { jsNetwork } from './js-network.ts'
import { nodeKeys } from './node-keys.ts'
import { OPERATIONS } from './operation-names.ts'
import type { OperationName } from './operation-names.ts'
import type { BatchResult, Calls, Formed } from './protocol.ts'
import type { SubjectName } from '../subjects/index.ts'
import type { TransportName } from '../transport-names.ts'

export interface MeasureOptions {
  nodes: number
  rounds: number
  operations: number
  transport: TransportName
  subjects: SubjectName[]
  seed: string
  /** s */
  limit: number
}

export interface Measured {
  subject: SubjectName
  form: Formed
  /** of the warm process, a node; NaN where the system does not tell */
  rssMiB: number
  /** by operation, one a round */
  timed: Record<OperationName, BatchResult[]>
  /** by operation, with events */
  counted: Record<OperationName, BatchResult>
}

interface Measuring {
  network: Calls
  result: Measured
}

/** How many of each operation are done before any is timed. */
const WARM_UP = 5

/** A round of which nothing is reported. */
const WARM_UP_ROUND = 1_000_000

/** Messages hardly differ from one operation to the next of a kind. */
const MAX_COUNTED = 5

export async function measure (options: MeasureOptions, note: (text: string) => void): Promise<Measured[]> {
  const networks: Calls[] = []

  return withinLimit(options.limit, async signal => {
    try {
      return await measureAll(options, networks, signal, note)
    } finally {
      await Promise.all(networks.map(async network => network.stop()))
    }
  })
}

/** The networks go into `networks` as they start, so that they can be stopped whatever happens. */
async function measureAll (options: MeasureOptions, networks: Calls[], signal: AbortSignal, note: (text: string) => void): Promise<Measured[]> {
  const { subjects, rounds, operations } = options
  const count = Math.ceil(operations / rounds)
  const all: Measuring[] = []

  if (subjects.includes('go')) {
    note('go: building, which takes a while the first time')
  }

  const go = subjects.includes('go') ? await goBinary('measure go-libp2p-kad-dht', 'leave it out with --subjects ours,js', signal) : ''

  for (const subject of subjects) {
    note(`${subject}: forming and warming up a network of ${options.nodes}`)
    const network = subject === 'go' ? new GoNetwork(go, signal) : jsNetwork(subject, signal)
    networks.push(network)
    all.push({ network, result: await formed(subject, network, options) })
  }

  for (let round = 0; round < rounds; round++) {
    note(`round ${round + 1} of ${rounds}, ${count} of each operation`)

    for (const { network, result } of rotated(all, round)) {
      for (const op of OPERATIONS) {
        result.timed[op].push(await network.batch({ op, round, count, countMessages: false }))
      }
    }
  }

  note('counting messages')

  for (const op of OPERATIONS) {
    for (const { network, result } of all) {
      result.counted[op] = await network.batch({ op, round: rounds, count: Math.min(count, MAX_COUNTED), countMessages: true })
    }
  }

  return all.map(({ result }) => result)
}

/** Forms the network, and lets it do a bit of everything. */
async function formed (subject: SubjectName, network: Calls, { nodes, transport, seed }: MeasureOptions): Promise<Measured> {
  const form = await network.form({ subject, transport, keys: await nodeKeys(seed, nodes), seed })

  for (const op of OPERATIONS) {
    await network.batch({ op, round: WARM_UP_ROUND, count: WARM_UP, countMessages: false })
  }

  return {
    subject,
    form,
    rssMiB: (await network.memory() ?? NaN) / nodes,
    timed: byOperation(() => []),
    counted: byOperation(() => ({ latencies: [], cpuMs: NaN, failures: [], messages: [], recall: [], stored: [] }))
  }
}

function byOperation <T> (create: () => T): Record<OperationName, T> {
  return Object.fromEntries(OPERATIONS.map(op => [op, create()])) as Record<OperationName, T>
}
