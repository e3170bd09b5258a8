// Runs the rounds. A fresh process for each thing of each subject; the subjects' processes for a thing run side by side,
// which takes half the time and changes nothing: memory is not shared as processors are.

import { nodeProcess } from '../processes/node-process.ts'
import { withinLimit } from '../turns.ts'
import { WEIGHED } from './what.ts'
import type { Weight } from './child.ts'
import type { MemorySubjectName, Weighed } from './what.ts'

export interface MeasureOptions {
  rounds: number
  /** s */
  limit: number
}

/** By thing and subject, one a round. */
export type Measured = Map<Weighed, Map<MemorySubjectName, Weight[]>>

const CHILD = new URL('child.ts', import.meta.url)

function subjectsOf (what: Weighed): MemorySubjectName[] {
  return what === 'idleNode' ? ['ours', 'js', 'none'] : ['ours', 'js']
}

export async function measure ({ rounds, limit }: MeasureOptions, note: (text: string) => void): Promise<Measured> {
  const measured: Measured = new Map(WEIGHED.map(what => [what, new Map(subjectsOf(what).map(subject => [subject, []]))]))

  return withinLimit(limit, async signal => {
    for (let round = 1; round <= rounds; round++) {
      note(`round ${round} of ${rounds}`)

      for (const [what, bySubject] of measured) {
        await Promise.all([...bySubject].map(async ([subject, weights]) => { weights.push(await weigh(what, subject, signal)) }))
      }
    }

    return measured
  })
}

async function weigh (what: Weighed, subject: MemorySubjectName, signal: AbortSignal): Promise<Weight> {
  const process = nodeProcess(subject, CHILD)

  try {
    return await process.call('weigh', { subject, what }, signal)
  } finally {
    await process.stop()
  }
}
