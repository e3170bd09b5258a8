// The process of one subject in JavaScript: a whole network of it.

import { answerCalls } from '../processes/answer-calls.ts'
import { profiling } from '../processes/profiling.ts'
import { loadSubject } from '../subjects/index.ts'
import { K } from '../subjects/options.ts'
import { announce } from './announce.ts'
import { runBatch } from './batch.ts'
import { form } from './form.ts'
import { TrueNearest } from './true-nearest.ts'
import { Workload } from './workload.ts'
import type { AnnounceRequest, BatchRequest, FormRequest, Formed } from './protocol.ts'
import type { Node } from '../node.ts'

const nodes: Node[] = []
let workload: Workload
let truth: TrueNearest

answerCalls({
  ...profiling,

  async form (request: FormRequest): Promise<Formed> {
    const formed = await form(await loadSubject(request.subject), request, nodes)
    const peers = nodes.map(({ libp2p }) => libp2p.peerId)
    truth = new TrueNearest(K, peers)
    workload = new Workload(request.seed, peers, truth)

    return formed
  },

  batch: async (request: BatchRequest) => runBatch(request, nodes, workload, truth),

  announce: async (request: AnnounceRequest) => announce(request, nodes),

  memory: async () => process.memoryUsage.rss() / 1024 / 1024,

  stop: async () => Promise.allSettled(nodes.map(async ({ libp2p }) => libp2p.stop())).then(() => {})
})
