// Runs the rounds. Every subject has a process of its own, and operation by operation they take turns, so that a ratio
// compares figures taken within a second or two.

import { isDeepStrictEqual } from 'node:util'
import { nodeProcess } from '../processes/node-process.ts'
import { rotated, withinLimit } from '../turns.ts'
import { OPERATIONS } from './operation-names.ts'
import type { Timed } from './child.ts'
import type { OperationName } from './operation-names.ts'
import type { CoreSubjectName } from './subject.ts'
import type { Remote } from '../processes/remote.ts'

export interface MeasureOptions {
  rounds: number
  /** of an operation by a subject in a round, ms */
  time: number
  /** s */
  limit: number
}

/** By operation and subject, one a round. */
export type Measured = Map<OperationName, Map<CoreSubjectName, Timed[]>>

const SUBJECTS: CoreSubjectName[] = ['ours', 'js', 'js-tuned']

/** Who does what: the options in which `js-tuned` differs concern lookups alone. */
function subjectsOf (op: OperationName): CoreSubjectName[] {
  return op === 'lookup' ? SUBJECTS : SUBJECTS.filter(subject => subject !== 'js-tuned')
}

/** The first round is for the compiler, does not count, and takes so many times as long as the others. */
const WARM_UP_ROUND = 3

/** Lookups have to find this share of the true nearest peers. */
const MIN_RECALL = 0.99

const CHILD = new URL('child.ts', import.meta.url)

export async function measure (options: MeasureOptions, note: (text: string) => void): Promise<Measured> {
  const measured = await withinLimit(options.limit, async signal => runRounds(options, signal, note))

  for (const [op, bySubject] of measured) {
    requireSameAnswers(op, bySubject)
  }

  return measured
}

async function runRounds ({ rounds, time }: MeasureOptions, signal: AbortSignal, note: (text: string) => void): Promise<Measured> {
  const measured: Measured = new Map(OPERATIONS.map(op => [op, new Map(subjectsOf(op).map(subject => [subject, []]))]))
  const processes = new Map(SUBJECTS.map(subject => [subject, nodeProcess(subject, CHILD)]))
  const timeOne = async (subject: CoreSubjectName, op: OperationName, time: number): Promise<Timed> => {
    return (processes.get(subject) as Remote).call('time', { subject, op, time }, signal)
  }

  try {
    note('warming up')

    for (const [op, bySubject] of measured) {
      for (const subject of bySubject.keys()) {
        await timeOne(subject, op, WARM_UP_ROUND * time)
      }
    }

    for (let round = 1; round <= rounds; round++) {
      note(`round ${round} of ${rounds}`)

      for (const [op, bySubject] of measured) {
        for (const [subject, timed] of rotated([...bySubject], round)) {
          timed.push(await timeOne(subject, op, time))
        }
      }
    }

    return measured
  } finally {
    await Promise.all([...processes.values()].map(async process => process.stop()))
  }
}

/** Figures of work that comes to something else are worth nothing. */
function requireSameAnswers (op: OperationName, bySubject: Map<CoreSubjectName, Timed[]>): void {
  const [first, ...others] = [...bySubject.values()].flat()

  if (others.some(({ answers }) => !isDeepStrictEqual(answers, first.answers))) {
    throw new Error(`The subjects do not come to the same in ${op}`)
  }

  for (const [subject, timed] of bySubject) {
    const recall = Math.min(...timed.map(({ recall = 1 }) => recall))

    if (recall < MIN_RECALL) {
      throw new Error(`${subject} found only ${recall} of the true nearest peers in ${op}`)
    }
  }
}
