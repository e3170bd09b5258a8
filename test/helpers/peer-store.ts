// What a node notes in its peer store.

import type { TestNode } from './network.ts'
import type { PeerData, PeerId } from '@libp2p/interface'

export interface PeerStoreWrite {
  peer: PeerId
  data: PeerData
}

/** All writes about other peers from now on, whoever makes them. */
export function recordWrites ({ peerStore, peerId }: TestNode): PeerStoreWrite[] {
  const writes: PeerStoreWrite[] = []

  for (const method of ['save', 'patch', 'merge'] as const) {
    const original = peerStore[method].bind(peerStore)

    peerStore[method] = async (peer, data, options) => {
      if (!peer.equals(peerId)) {
        writes.push({ peer, data })
      }

      return original(peer, data, options)
    }
  }

  return writes
}

/** The tags that a node gives a peer, in order; none when it has never heard of it. */
export async function tagsOf ({ peerStore }: TestNode, peer: PeerId): Promise<string[]> {
  return await peerStore.has(peer) ? [...(await peerStore.get(peer)).tags.keys()].sort() : []
}

/** The peers that a node gives a tag. */
export async function taggedBy ({ peerStore }: TestNode, tag: string): Promise<PeerId[]> {
  return (await peerStore.all({ filters: [({ tags }) => tags.has(tag)] })).map(({ id }) => id)
}
