// Runs the rounds. In each the subjects take turns, so that whatever else the machine does meets them alike.

import { generateKeyPairFromSeed, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { OPERATIONS } from './operation-names.ts'
import { SubjectProcess } from './subject-process.ts'
import { digest } from './workload.ts'
import type { OperationName } from './operation-names.ts'
import type { BatchResult, FormResult } from './protocol.ts'
import type { SubjectName } from '../subjects/index.ts'

export interface MeasureOptions {
  nodes: number
  rounds: number
  operations: number
  subjects: SubjectName[]
  seed: string
  /** s */
  limit: number
}

export interface Measured {
  subject: SubjectName
  form: FormResult
  /** by operation, one a round */
  timed: Record<OperationName, BatchResult[]>
  /** by operation, with events */
  counted: Record<OperationName, BatchResult>
}

/** Messages hardly differ from one operation to the next of a kind. */
const MAX_COUNTED = 5

export async function measure (options: MeasureOptions, note: (text: string) => void): Promise<Measured[]> {
  const { rounds, operations, limit } = options
  const giveUp = new AbortController()
  const timer = setTimeout(() => { giveUp.abort(new Error(`It was not done within ${limit} s: raise --limit, or ask for less`)) }, limit * 1000)
  const processes: SubjectProcess[] = []
  const count = Math.ceil(operations / rounds)

  try {
    const measured = await formAll(options, processes, giveUp.signal, note)
    const all = processes.map((process, i) => ({ process, result: measured[i] }))

    for (let round = 0; round < rounds; round++) {
      note(`round ${round + 1} of ${rounds}, ${count} of each operation`)

      for (const { process, result } of rotated(all, round)) {
        for (const op of OPERATIONS) {
          result.timed[op].push(await process.batch({ op, round, count, countMessages: false }))
        }
      }
    }

    note('counting messages')

    for (const op of OPERATIONS) {
      for (const { process, result } of all) {
        result.counted[op] = await process.batch({ op, round: rounds, count: Math.min(count, MAX_COUNTED), countMessages: true })
      }
    }

    return measured
  } finally {
    clearTimeout(timer)
    await Promise.all(processes.map(async process => process.stop()))
  }
}

/** The processes go into `processes` as they start, so that they can be stopped whatever happens. */
async function formAll ({ nodes, subjects, seed }: MeasureOptions, processes: SubjectProcess[], signal: AbortSignal, note: (text: string) => void): Promise<Measured[]> {
  const keys = await Promise.all(Array.from({ length: nodes }, async (_, i) => {
    return privateKeyToProtobuf(await generateKeyPairFromSeed('Ed25519', digest(`${seed} node ${i}`)))
  }))
  const measured: Measured[] = []

  for (const subject of subjects) {
    note(`${subject}: forming and warming up a network of ${nodes}`)
    const process = new SubjectProcess(subject, signal)
    processes.push(process)
    measured.push({
      subject,
      form: await process.form({ subject, keys, seed }),
      timed: byOperation(() => []),
      counted: byOperation(() => ({ latencies: [], cpuMs: NaN, failures: [], messages: [], recall: [], stored: [] }))
    })
  }

  return measured
}

function byOperation <T> (create: () => T): Record<OperationName, T> {
  return Object.fromEntries(OPERATIONS.map(op => [op, create()])) as Record<OperationName, T>
}

/** So that nobody always comes first. */
function rotated <T> (list: T[], by: number): T[] {
  const at = by % list.length

  return [...list.slice(at), ...list.slice(0, at)]
}
