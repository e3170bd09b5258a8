// What the client needs of a libp2p node, out of the node's components.

import type { ClientNetwork } from './client.ts'
import type { PeerInfoMapper } from './peer.ts'
import type { AbortOptions, Peer, PeerId, PeerInfo, PeerStore } from '@libp2p/interface'
import type { ConnectionManager, Registrar } from '@libp2p/interface-internal'
import type { Multiaddr } from '@multiformats/multiaddr'

export interface NetworkComponents {
  connectionManager: ConnectionManager
  peerStore: PeerStore
  registrar: Registrar
}

/** What this node knows of peers besides. */
export interface KnownPeers {
  /** the addresses of peers that the store has forgotten, which it does after an hour */
  remembered (peer: PeerId): Multiaddr[]
  /** whether it is in the table */
  inTable (peer: PeerId): boolean
  /** when its replies are late, ms */
  lateAfter (id: string): number
}

export function libp2pNetwork ({ connectionManager, peerStore, registrar }: NetworkComponents, protocol: string, mapper: PeerInfoMapper, { remembered, inTable, lateAfter }: KnownPeers): ClientNetwork {
  /** Somebody has tagged it, or another service of this node is told of those who speak what it speaks. */
  const isWanted = (peer?: Peer): boolean => {
    return peer != null && (peer.tags.size > 0 || peer.protocols.some(name => name !== protocol && registrar.getTopologies(name).length > 0))
  }

  return {
    mapper,
    lateAfter,
    connections: peer => connectionManager.getConnections(peer),
    addresses: async (peer, options) => {
      const { multiaddrs } = await storedPeer(peerStore, peer, mapper, options)

      return multiaddrs.length > 0 ? multiaddrs : remembered(peer)
    },
    dial: async (addresses, options) => connectionManager.openConnection(addresses, options),
    // those of the table keep no tag of ours when they leave it
    keeps: async ({ remotePeer }) => inTable(remotePeer) || isWanted(await known(peerStore, remotePeer))
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

async function known (peerStore: PeerStore, id: PeerId): Promise<Peer | undefined> {
  try {
    return await peerStore.get(id)
  } catch (error: any) {
    if (error.name !== 'NotFoundError') {
      throw error
    }
  }
}
