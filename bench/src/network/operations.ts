// How a node does each operation.

import type { OperationName } from './operation-names.ts'
import type { Found } from './verdict.ts'
import type { Task } from './workload.ts'
import type { DHT, SearchOptions } from '../subjects/subject.ts'
import type { PeerId } from '@libp2p/interface'

interface Run {
  (dht: DHT, task: Task, options: SearchOptions): Promise<Found>
}

const closestPeers: Run = async (dht, { key }, options) => ({ peers: await dht.closestPeers(key, options) })

export const RUN: Record<OperationName, Run> = {
  closestPeersFirst: closestPeers,
  closestPeers,
  findPeer: async (dht, { peer }, options) => ({ peers: listOf(await dht.findPeer(peer, options)) }),
  provide: async (dht, { cid }, options) => ({ stored: await dht.provide(cid, options) }),
  findProvidersFirst: async (dht, { cid }, options) => ({ peers: listOf(await dht.findProvider(cid, options)) }),
  findProvidersAll: async (dht, { cid }, options) => ({ peers: await dht.findProviders(cid, options) }),
  put: async (dht, { recordKey, value }, options) => ({ stored: await dht.put(recordKey, value, options) }),
  get: async (dht, { recordKey }, options) => ({ value: await dht.get(recordKey, options) })
}

function listOf (peer?: PeerId): PeerId[] {
  return peer == null ? [] : [peer]
}
