// What @libp2p/kad-dht keeps: its own parts, out of its `dist/`.

import { loadInternals, silent as logger } from '../js-internals.ts'
import { K } from '../subjects/options.ts'
import { peerInfo } from './holder.ts'
import { COUNT } from './what.ts'
import type { HolderSubject } from './holder.ts'

export async function js (): Promise<HolderSubject> {
  const { RoutingTable, Providers, AddProviderHandler } = await loadInternals()
  const self = peerInfo('the node itself', 0).id

  return {
    table (peerStore) {
      const table = new RoutingTable({ peerId: self, logger, peerStore }, { logPrefix: '', metricsPrefix: '', protocol: '', kBucketSize: COUNT.tableEntry, splitThreshold: K })
      // it would ask each over the network
      table.kb.verify = async () => true

      return {
        add: async i => table.add(peerInfo('table', i).id),
        size: () => table.size
      }
    },

    async providers (datastore) {
      const providers = new Providers({ datastore, logger }, { logPrefix: '', datastorePrefix: '/dht' })
      const handler = new AddProviderHandler({ peerId: self, logger, peerStore: { merge: async () => {} } }, { logPrefix: '', providers })

      return {
        announce: async (multihash, { id, multiaddrs }) => {
          await handler.handle(id, {
            key: multihash,
            providers: [{ id: id.toMultihash().bytes, multiaddrs: multiaddrs.map(addr => addr.bytes) }]
          })
        },
        written: async () => {}
      }
    }
  }
}
