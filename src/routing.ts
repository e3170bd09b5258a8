// libp2p's content routing and peer routing, on top of the DHT's operations.

import type { KadDHT } from './api.ts'
import type { ContentRouting, PeerRouting } from '@libp2p/interface'

type Operations = Pick<KadDHT, 'get' | 'put' | 'provide' | 'findProviders' | 'findPeer' | 'getClosestPeers' | 'cancelReprovide'>

export function contentRouting (dht: Operations): ContentRouting {
  return {
    async provide (cid, options) {
      await dht.provide(cid, options)
    },
    async cancelReprovide (cid, options) {
      await dht.cancelReprovide(cid, options)
    },
    async * findProviders (cid, options) {
      for await (const event of dht.findProviders(cid, options)) {
        if (event.name === 'PROVIDER') {
          yield * event.providers.map(peer => ({ ...peer, routing: 'kad-dht' }))
        }
      }
    },
    async put (key, value, options) {
      await dht.put(key, value, options)
    },
    async get (key, options) {
      return dht.get(key, options)
    }
  }
}

export function peerRouting (dht: Operations): PeerRouting {
  return {
    async findPeer (id, options) {
      return dht.findPeer(id, options)
    },
    async * getClosestPeers (key, options) {
      for await (const event of dht.getClosestPeers(key, options)) {
        if (event.name === 'FINAL_PEER') {
          yield event.peer
        }
      }
    }
  }
}
