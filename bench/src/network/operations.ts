// What is measured on a network: each operation, and how its result is held against the truth.

import type { OperationName } from './operation-names.ts'
import type { TrueNearest } from './true-nearest.ts'
import type { Task } from './workload.ts'
import type { DHT, SearchOptions } from '../subjects/subject.ts'
import type { PeerId } from '@libp2p/interface'

/** How good a result is. */
export interface Quality {
  /** the share of the true nearest that was found */
  recall?: number
  /** nodes that took what was to be stored */
  stored?: number
}

/**
 * Says how good the result is, which is not part of what is timed.
 *
 * @throws {Error} when it is wrong
 */
export interface Verdict {
  (): Quality
}

interface Run {
  (dht: DHT, task: Task, truth: TrueNearest, options: SearchOptions): Promise<Verdict>
}

const closestPeers: Run = async (dht, { node, key }, truth, options) => {
  const peers = await dht.closestPeers(key, options)

  return () => ({ recall: truth.recall(key, node, peers) })
}

export const RUN: Record<OperationName, Run> = {
  closestPeersFirst: closestPeers,

  closestPeers,

  findPeer: async (dht, { peer }, truth, options) => {
    const found = await dht.findPeer(peer, options)

    return () => requirePeer(found == null ? [] : [found], peer)
  },

  provide: async (dht, { cid }, truth, options) => requireStored(await dht.provide(cid, options)),

  findProvidersFirst: async (dht, { cid, holder }, truth, options) => {
    const found = await dht.findProvider(cid, options)

    return () => requirePeer(found == null ? [] : [found], holder)
  },

  findProvidersAll: async (dht, { cid, holder }, truth, options) => {
    const found = await dht.findProviders(cid, options)

    return () => requirePeer(found, holder)
  },

  put: async (dht, { recordKey, value }, truth, options) => requireStored(await dht.put(recordKey, value, options)),

  get: async (dht, { recordKey, value }, truth, options) => {
    const found = await dht.get(recordKey, options)

    return () => {
      if (found == null || Buffer.compare(found, value) !== 0) {
        throw new Error(found == null ? 'No value was found' : 'Another value was found')
      }

      return {}
    }
  }
}

function requirePeer (found: PeerId[], wanted: PeerId): Quality {
  if (!found.some(peer => peer.equals(wanted))) {
    throw new Error(found.length === 0 ? 'Nobody was found' : 'Another peer was found')
  }

  return {}
}

function requireStored (stored: number): Verdict {
  return () => {
    if (stored === 0) {
      throw new Error('Nobody took it')
    }

    return { stored }
  }
}
