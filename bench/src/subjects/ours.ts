// libp2p-kad with its defaults. Its operations are awaited; only a search that wants its first find listens to events.

import { kadDHT, passthroughMapper } from 'libp2p-kad'
import { COMMON } from './options.ts'
import type { DHT, Subject, SubjectInit } from './subject.ts'
import type { KadDHT, KadDHTInit, Operation } from 'libp2p-kad'

export function ours (init: SubjectInit & KadDHTInit = {}): Subject {
  return {
    service: kadDHT({ ...COMMON, peerInfoMapper: passthroughMapper, ...init }),
    operations
  }
}

function operations (dht: KadDHT): DHT {
  return {
    get size () {
      return dht.routingTable.size
    },

    refresh: async () => dht.refreshRoutingTable(),

    closestPeers: async (key, options) => (await dht.getClosestPeers(key, options)).map(({ id }) => id),

    findPeer: async (id, options) => (await unlessNotFound(dht.findPeer(id, { ...options, useCache: false })))?.id,

    provide: async (cid, options) => (await dht.provide(cid, options)).stored.length,

    sweep: async (cids, { signal }) => {
      // it begins while they are added: what `announce` counts is not all
      const before = dht.providing.status()
      await dht.providing.add(cids, { signal })
      await dht.providing.announce({ signal })
      const { failed, lookups, messages } = dht.providing.status()

      return { failed: failed - before.failed, lookups: lookups - before.lookups, messages: messages - before.messages }
    },

    findProvider: async (cid, { onAnswer, ...options }) => {
      for await (const event of dht.findProviders(cid, options)) {
        if (event.name === 'PROVIDER') {
          onAnswer?.()
          return event.providers[0].id
        }
      }
    },

    findProviders: async (cid, options) => (await dht.findProviders(cid, options)).map(({ id }) => id),

    put: async (key, value, options) => (await dht.put(key, value, options)).stored.length,

    get: async (key, options) => unlessNotFound(dht.get(key, options))
  }
}

async function unlessNotFound <T> (operation: Operation<T>): Promise<T | undefined> {
  try {
    return await operation
  } catch (error: any) {
    if (error.name !== 'NotFoundError') {
      throw error
    }
  }
}
