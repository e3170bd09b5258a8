// A batch of operations, one after the other, with what they cost.

import { cpuTime, untilQuiet } from './cpu.ts'
import { RUN } from './operations.ts'
import type { Node } from './node.ts'
import type { Verdict } from './operations.ts'
import type { BatchRequest, BatchResult } from './protocol.ts'
import type { TrueNearest } from './true-nearest.ts'
import type { Workload } from './workload.ts'

/** An operation is told to end after this, ms. */
const ABORT_AFTER = 10_000

/** One that does not listen is left alone after this, ms. */
const LEAVE_AFTER = 12_000

/** An operation may resolve while streams close and tables are updated: that is part of its cost. */
const TRAILING = { window: 40, cpu: 4, times: 1, limit: 2_000 }

export async function runBatch ({ op, round, count, countMessages }: BatchRequest, nodes: Node[], workload: Workload, truth: TrueNearest): Promise<BatchResult> {
  const tasks = Array.from({ length: count }, (_, i) => workload.task(op, round, i, count))
  const outcomes: Array<{ ms: number, messages: number, verdict: Verdict } | { error: Error }> = []
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
      const verdict = await withLimit(RUN[op](nodes[task.node].dht, task, truth, {
        signal: AbortSignal.timeout(ABORT_AFTER),
        onAnswer: () => { ended = performance.now() },
        ...(countMessages ? { onProgress } : {})
      }))

      outcomes.push({ ms: (ended ?? performance.now()) - begun, messages, verdict })
    } catch (error: any) {
      outcomes.push({ error })
    }
  }

  await untilQuiet(TRAILING)
  const cpuMs = (cpuTime() - cpuBefore) / count
  const result: BatchResult = { latencies: [], cpuMs, failures: [], messages: [], recall: [], stored: [] }

  for (const outcome of outcomes) {
    try {
      if ('error' in outcome) {
        throw outcome.error
      }

      const { recall, stored } = outcome.verdict()
      result.latencies.push(outcome.ms)
      result.messages.push(outcome.messages)
      result.recall.push(...recall == null ? [] : [recall])
      result.stored.push(...stored == null ? [] : [stored])
    } catch (error: any) {
      result.failures.push(`${error.name}: ${error.message}`)
    }
  }

  return result
}

async function withLimit <T> (operation: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => { reject(new Error(`It did not end within ${LEAVE_AFTER / 1000} s`)) }, LEAVE_AFTER)

  try {
    return await Promise.race([operation, promise])
  } finally {
    clearTimeout(timer)
  }
}
