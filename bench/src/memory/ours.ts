// What libp2p-kad keeps: its own parts, from `dist/`, put together as `parts.js` does it.

import { resolveConfig } from '../../../dist/src/config.js'
import { keyOf } from '../../../dist/src/kademlia/key.js'
import { PEERS_PER_GROUP } from '../../../dist/src/kademlia/parameters.js'
import { AddressBook } from '../../../dist/src/peers/address-book.js'
import { LiveTable } from '../../../dist/src/peers/live-table.js'
import { TableTags } from '../../../dist/src/peers/tags.js'
import { addProviderHandler } from '../../../dist/src/providers/handlers.js'
import { ProviderStore } from '../../../dist/src/providers/store/provider-store.js'
import { contactFromPeerId } from '../../../dist/src/query/contact.js'
import { passthroughMapper } from '../../../dist/src/wire/address-mappers.js'
import { MessageType } from '../../../dist/src/wire/message.js'
import { encodePeer, fromPeerId, toPeerId } from '../../../dist/src/wire/peer.js'
import { peerInfo } from './holder.ts'
import { COUNT } from './what.ts'
import type { HolderSubject } from './holder.ts'
import type { Contact } from '../../../dist/src/query/contact.js'

const self = contactFromPeerId(peerInfo('the node itself', 0).id)

export const ours: HolderSubject = {
  table (peerStore) {
    let written: Promise<unknown> = Promise.resolve()
    const book: AddressBook = new AddressBook(passthroughMapper, 1_024, id => table.table.get(id)?.peer)
    const tags = new TableTags((peer, tags) => { written = peerStore.merge(toPeerId(peer), { tags }) })
    const table = new LiveTable({ self, k: COUNT.tableEntry, perGroup: PEERS_PER_GROUP }, book, { onAdded: peer => { tags.onAdded(peer, 0) } })

    return {
      add: async i => {
        const { id, multiaddrs } = peerInfo('table', i)
        book.set({ id, multiaddrs })
        // each of a group of its own, so that none is left out
        const peer = fromPeerId(id)
        table.onAlive({ ...peer, key: keyOf(peer.multihash) } as Contact, { roundTrip: 50 + i % 100, group: `${i >> 8}.${i & 255}` })
        await written
      },
      // those whose addresses are there
      size: () => [...table.table.entries()].filter(({ peer }) => peer.addresses != null).length
    }
  },

  async providers (datastore, cached) {
    const { datastorePrefix, providers, limits } = resolveConfig({})
    const store = new ProviderStore(datastore, self, {
      ...providers,
      ...cached ? {} : { cacheSize: 1 },
      prefix: `${datastorePrefix}/provider`,
      maxProvidersPerKey: limits.providersPerKey,
      maxRecords: limits.storedProviders
    })
    // as at the start of a node: it counts what is there
    await store.collect()
    const handle = addProviderHandler({ store, mapper: passthroughMapper, self: self.id, encodedSelf: () => undefined, encoded: () => undefined, closerPeers: () => [], random: () => 0 })

    return {
      announce: async (multihash, { id, multiaddrs }) => {
        const from = fromPeerId(id)
        const provider = encodePeer(from.multihash, multiaddrs.map(addr => addr.bytes))

        await handle({ type: MessageType.ADD_PROVIDER, key: multihash, closer: [], providers: [provider] }, from)
      },
      written: async () => store.flush()
    }
  }
}
