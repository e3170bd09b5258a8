// What a node holds on to, counted from outside.

import { getEventListeners } from 'node:events'
import type { TestNode } from './network.ts'
import type { PeerId, Stream } from '@libp2p/interface'

const PROTOCOL = '/ipfs/kad/1.0.0'

/** The open streams of the DHT's protocol. */
export function dhtStreams (node: TestNode, direction?: Stream['direction'], peer?: PeerId): Stream[] {
  return node.getConnections(peer)
    .flatMap(connection => connection.streams)
    .filter(stream => stream.protocol === PROTOCOL && (direction == null || stream.direction === direction))
}

/** The timers of this process that keep it alive. */
export function timers (): number {
  return process.getActiveResourcesInfo().filter(name => name === 'Timeout').length
}

export function abortListeners (signal: AbortSignal): number {
  return getEventListeners(signal, 'abort').length
}
