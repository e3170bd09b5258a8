// The process of a server in JavaScript: one node that answers.

import { privateKeyFromProtobuf } from '@libp2p/crypto/keys'
import { cpuTime, untilQuiet } from '../cpu.ts'
import { createNode } from '../node.ts'
import { answerCalls } from '../processes/answer-calls.ts'
import { profiling } from '../processes/profiling.ts'
import { loadSubject } from '../subjects/index.ts'
import { RecordsOnDisk } from './datastore.ts'
import type { StartRequest, Started, Usage } from './protocol.ts'
import type { Quiet } from '../cpu.ts'
import type { Node } from '../node.ts'

/**
 * The buckets that the crowd fills (`bench/go/crowd.go`). With its default of 6 the table of `@libp2p/kad-dht` has no place for
 * more than 140 of the 320; ours needs no such option.
 */
const BUCKETS = 16

let node: Node
let records: RecordsOnDisk | undefined

answerCalls({
  ...profiling,

  async start ({ subject, key, folder }: StartRequest): Promise<Started> {
    if (folder != null) {
      records = new RecordsOnDisk(folder)
      await records.open()
    }

    node = await createNode({
      subject: await loadSubject(subject, { prefixLength: BUCKETS }),
      privateKey: privateKeyFromProtobuf(key),
      transport: 'tcp',
      datastore: records
    })

    return {
      id: node.libp2p.peerId.toString(),
      addrs: node.libp2p.getMultiaddrs().map(address => address.decapsulate('/p2p').toString())
    }
  },

  table: async () => node.dht.size,

  async usage (resting: Quiet): Promise<Usage> {
    await untilQuiet(resting)

    return { cpuMs: cpuTime(), rssMiB: process.memoryUsage.rss() / 1024 / 1024 }
  },

  async stop () {
    await Promise.allSettled([node?.libp2p.stop()])
    await records?.close().catch(() => {})
  }
})
