// The process that times one subject. The microbenchmark library does the warm-up and takes the samples.

import { Bench } from 'tinybench'
import { cpuTime } from '../cpu.ts'
import { answerCalls } from '../processes/answer-calls.ts'
import { mean, quantile } from '../statistics.ts'
import type { OperationName } from './operation-names.ts'
import type { CoreSubject, CoreSubjectName, Prepared } from './subject.ts'

export interface TimeRequest {
  subject: CoreSubjectName
  op: OperationName
  /** ms of samples */
  time: number
}

export interface Timed {
  /** an operation, µs */
  p50: number
  p95: number
  cpu: number
  /** operations that were timed */
  count: number
  tableSize?: number
  /** requests that a lookup made */
  messages?: number
  recall?: number
  /** what the operation came to, by a few inputs */
  answers: unknown[]
}

interface Checked extends Pick<Timed, 'answers' | 'recall'> {
  prepared: Prepared
}

/** A sample takes at least so long, ms: a single operation may be too short for the clock. */
const SAMPLE = 0.05
const MOST_IN_A_SAMPLE = 256

/** Looking how long one takes must not take long itself, ms. */
const TRIAL = 20

/** Share of the time that goes into the warm-up before; all of it was warmed up by a round that does not count. */
const WARM_UP = 0.2

/** Of so many inputs it is seen what they come to: as many as lookups have. */
const ANSWERS = 8

/** Loaded only where it is measured, so that nobody runs on what another's code has taught the compiler. */
const LOADERS: Record<CoreSubjectName, () => Promise<CoreSubject>> = {
  ours: async () => (await import('./ours.ts')).ours,
  js: async () => (await import('./js.ts')).js(),
  'js-tuned': async () => (await import('./js.ts')).js({ alpha: 3, disjointPaths: 1 })
}

let loaded: Promise<CoreSubject> | undefined
const operations = new Map<OperationName, Checked>()

answerCalls({
  time: async ({ subject, op, time }: TimeRequest): Promise<Timed> => {
    const { prepared, answers, recall } = operations.get(op) ?? await prepare(await (loaded ??= LOADERS[subject]()), op)

    return { ...await measure(prepared, time), tableSize: prepared.tableSize, recall, answers }
  },

  stop: async () => {}
})

async function prepare (subject: CoreSubject, op: OperationName): Promise<Checked> {
  const prepared = await subject[op]?.()

  if (prepared == null) {
    throw new Error(`${op} is not an operation of it`)
  }

  const answers: unknown[] = []
  const recalls: number[] = []

  for (let i = 0; i < ANSWERS; i++) {
    answers.push(await prepared.answer(i))
    recalls.push(await prepared.recall?.(i) ?? NaN)
  }

  const checked = { prepared, answers, recall: prepared.recall == null ? undefined : mean(recalls) }
  operations.set(op, checked)

  return checked
}

async function measure ({ run, messages }: Prepared, time: number): Promise<Pick<Timed, 'p50' | 'p95' | 'cpu' | 'count' | 'messages'>> {
  const first = run(0)
  const isAsync = first instanceof Promise
  await first
  const batch = await batchOf(run, isAsync)
  let i = 0
  let cpu = 0
  let sent = 0

  const bench = new Bench({
    time: time * (1 - WARM_UP),
    warmupTime: time * WARM_UP,
    iterations: 8,
    warmupIterations: 2,
    retainSamples: true,
    throws: true,
    setup: (_, mode) => {
      if (mode === 'run') {
        cpu = cpuTime()
        sent = messages?.() ?? 0
      }
    },
    teardown: (_, mode) => {
      if (mode === 'run') {
        cpu = cpuTime() - cpu
        sent = (messages?.() ?? 0) - sent
      }
    }
  })

  bench.add('op', isAsync
    ? async () => {
      for (let n = 0; n < batch; n++) {
        await run(i++)
      }
    }
    : () => {
        for (let n = 0; n < batch; n++) {
          run(i++)
        }
      }, { async: isAsync })

  const [task] = await bench.run()
  const { result } = task

  if (!('latency' in result) || result.latency.samples == null) {
    throw new Error('There are no samples')
  }

  const samples = [...result.latency.samples]
  const count = samples.length * batch
  const micros = (ms: number): number => ms * 1000 / batch

  return {
    p50: micros(quantile(samples, 0.5)),
    p95: micros(quantile(samples, 0.95)),
    cpu: cpu * 1000 / count,
    count,
    ...messages == null ? {} : { messages: sent / count }
  }
}

/** How many operations make a sample. */
async function batchOf (run: Prepared['run'], isAsync: boolean): Promise<number> {
  const times: number[] = []
  const end = performance.now() + TRIAL

  for (let i = 0; i < MOST_IN_A_SAMPLE && performance.now() < end; i++) {
    const begun = performance.now()
    const result = run(i)

    if (isAsync) {
      await result
    }

    times.push(performance.now() - begun)
  }

  return Math.min(MOST_IN_A_SAMPLE, Math.ceil(SAMPLE / Math.min(...times)))
}
