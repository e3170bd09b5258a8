// A batch of operations, one after the other, with what they cost.

import { cpuTime, TRAILING, untilQuiet } from '../cpu.ts'
import { ABORT_AFTER, LEAVE_AFTER } from './limits.ts'
import { RUN } from './operations.ts'
import { judge } from './verdict.ts'
import type { BatchRequest, BatchResult } from './protocol.ts'
import type { TrueNearest } from './true-nearest.ts'
import type { Found, Outcome } from './verdict.ts'
import type { Workload } from './workload.ts'
import type { Node } from '../node.ts'

export async function runBatch ({ op, round, count, countMessages }: BatchRequest, nodes: Node[], workload: Workload, truth: TrueNearest): Promise<BatchResult> {
  const tasks = workload.tasks(op, round, count)
  const outcomes: Outcome[] = []
  await untilQuiet(TRAILING)
  const cpuBefore = cpuTime()

  for (const task of tasks) {
    let messages = 0
    const onProgress = ({ type }: Event): void => {
      messages += type === 'kad-dht:query:send-query' ? 1 : 0
    }
    const begun = performance.now()
    let ended: number | undefined

    try {
      const found = await withLimit(RUN[op](nodes[task.node].dht, task, {
        signal: AbortSignal.timeout(ABORT_AFTER),
        onAnswer: () => { ended = performance.now() },
        ...(countMessages ? { onProgress } : {})
      }))

      outcomes.push({ ms: (ended ?? performance.now()) - begun, messages, found })
    } catch (error: any) {
      outcomes.push({ error })
    }
  }

  await untilQuiet(TRAILING)

  return judge(op, tasks, outcomes, cpuTime() - cpuBefore, truth)
}

async function withLimit (operation: Promise<Found>): Promise<Found> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => { reject(new Error(`It did not end within ${LEAVE_AFTER / 1000} s`)) }, LEAVE_AFTER)

  try {
    return await Promise.race([operation, promise])
  } finally {
    clearTimeout(timer)
  }
}
