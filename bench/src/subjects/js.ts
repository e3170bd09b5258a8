// @libp2p/kad-dht. Its operations are async generators: they are drained, or left at the first find, as its own content
// and peer routing do.

import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { COMMON } from './options.ts'
import type { Subject } from './subject.ts'
import type { PeerId } from '@libp2p/interface'
import type { KadDHTInit, QueryEvent, SingleKadDHT } from '@libp2p/kad-dht'

/** `init`: what differs from its defaults. */
export function js (init: KadDHTInit = {}): Subject {
  return {
    service: kadDHT({ ...COMMON, peerInfoMapper: passthroughMapper, ...init }),

    operations: (dht: SingleKadDHT) => ({
      get size () {
        return dht.routingTable.size
      },

      refresh: async () => dht.refreshRoutingTable(),

      closestPeers: async (key, options) => {
        const peers: PeerId[] = []

        for await (const event of dht.getClosestPeers(key, options)) {
          if (event.name === 'FINAL_PEER') {
            peers.push(event.peer.id)
          }
        }

        return peers
      },

      findPeer: async (id, { onAnswer, ...options }) => {
        try {
          for await (const event of dht.findPeer(id, { ...options, useCache: false })) {
            if (event.name === 'FINAL_PEER') {
              onAnswer?.()
              return event.peer.id
            }
          }
        } catch (error: any) {
          if (error.name !== 'NotFoundError') {
            throw error
          }
        }
      },

      provide: async (cid, options) => countTaken(dht.provide(cid, options), 'ADD_PROVIDER'),

      findProvider: async (cid, { onAnswer, ...options }) => {
        for await (const event of dht.findProviders(cid, options)) {
          if (event.name === 'PROVIDER' && event.providers.length > 0) {
            onAnswer?.()
            return event.providers[0].id
          }
        }
      },

      findProviders: async (cid, options) => {
        const peers: PeerId[] = []

        for await (const event of dht.findProviders(cid, options)) {
          if (event.name === 'PROVIDER') {
            peers.push(...event.providers.map(({ id }) => id))
          }
        }

        return peers
      },

      put: async (key, value, options) => countTaken(dht.put(key, value, options), 'PUT_VALUE'),

      get: async (key, options) => {
        for await (const event of dht.get(key, options)) {
          if (event.name === 'VALUE') {
            return event.value
          }
        }
      }
    })
  }
}

/** How many nodes answered the message, or were sent it where it has no answer. */
async function countTaken (events: AsyncIterable<QueryEvent>, message: string): Promise<number> {
  let taken = 0

  for await (const event of events) {
    if (event.name === 'PEER_RESPONSE' && event.messageName === message) {
      taken++
    }
  }

  return taken
}
