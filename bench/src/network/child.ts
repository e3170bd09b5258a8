// The process of one subject: a whole network of it, that does as it is told and rests otherwise.

import { loadSubject } from '../subjects/index.ts'
import { K } from '../subjects/options.ts'
import { runBatch } from './batch.ts'
import { form } from './form.ts'
import { OPERATIONS } from './operation-names.ts'
import { TrueNearest } from './true-nearest.ts'
import { Workload } from './workload.ts'
import type { Node } from './node.ts'
import type { BatchRequest, BatchResult, Call, Calls, FormRequest, FormResult, Reply } from './protocol.ts'

/** How many of each operation are done before any is timed. */
const WARM_UP = 5

/** A round of which nothing is reported. */
const WARM_UP_ROUND = 1_000_000

class SubjectNetwork implements Calls {
  readonly #nodes: Node[] = []
  #batch?: (request: BatchRequest) => Promise<BatchResult>

  async form ({ subject, keys, seed }: FormRequest): Promise<FormResult> {
    const result = await form(await loadSubject(subject), keys, seed, this.#nodes)
    const peers = this.#nodes.map(({ libp2p }) => libp2p.peerId)
    const truth = new TrueNearest(K, peers)
    const workload = new Workload(seed, peers, truth)
    this.#batch = async request => runBatch(request, this.#nodes, workload, truth)

    for (const op of OPERATIONS) {
      await this.#batch({ op, round: WARM_UP_ROUND, count: WARM_UP, countMessages: false })
    }

    return { ...result, rssMiB: process.memoryUsage.rss() / 1024 / 1024 / this.#nodes.length }
  }

  async batch (request: BatchRequest): Promise<BatchResult> {
    if (this.#batch == null) {
      throw new Error('There is no network yet')
    }

    return this.#batch(request)
  }

  async stop (): Promise<void> {
    await Promise.allSettled(this.#nodes.map(async ({ libp2p }) => libp2p.stop()))
  }
}

const network = new SubjectNetwork()

process.on('message', ({ name, request }: Call) => {
  const reply = (message: Reply): void => {
    process.send?.(message, () => {
      if (name === 'stop') {
        process.exit()
      }
    })
  }

  network[name](request).then(result => { reply({ result }) }, (error: Error) => { reply({ error: error.stack ?? error.message }) })
})

// the bench is gone
process.on('disconnect', () => { process.exit() })
