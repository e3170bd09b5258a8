// What the client needs of a libp2p node, out of the node's components.

import type { ClientNetwork } from './client.ts'
import type { PeerInfoMapper } from './contact.ts'
import type { AbortOptions, PeerId, PeerInfo, PeerStore } from '@libp2p/interface'
import type { ConnectionManager } from '@libp2p/interface-internal'

export interface NetworkComponents {
  connectionManager: ConnectionManager
  peerStore: PeerStore
}

export function libp2pNetwork ({ connectionManager, peerStore }: NetworkComponents, mapper: PeerInfoMapper): ClientNetwork {
  return {
    mapper,
    connections: peer => connectionManager.getConnections(peer),
    addresses: async (peer, options) => (await storedPeer(peerStore, peer, mapper, options)).multiaddrs,
    dial: async (addresses, options) => connectionManager.openConnection(addresses, options)
  }
}

/** A peer with those of its addresses in the peer store that may be used. */
export async function storedPeer (peerStore: PeerStore, id: PeerId, mapper: PeerInfoMapper, options?: AbortOptions): Promise<PeerInfo> {
  try {
    const { addresses } = await peerStore.get(id, options)

    return mapper({ id, multiaddrs: addresses.map(({ multiaddr }) => multiaddr) })
  } catch (error: any) {
    if (error.name !== 'NotFoundError') {
      throw error
    }

    return { id, multiaddrs: [] }
  }
}
