// What is measured of @libp2p/kad-dht, out of its `dist/`: its package exports none of it. Only what is used is typed.

import type { PeerId, PeerInfo } from '@libp2p/interface'

interface PbPeer {
  id: Uint8Array
  multiaddrs: Uint8Array[]
}

export interface PbMessage {
  type: string
  key?: Uint8Array
  closer: PbPeer[]
  providers: PbPeer[]
}

interface TableInternals {
  /** the buckets: filled by `add`, which first asks the peer whether it serves the protocol */
  kb: {
    verify (): Promise<boolean>
    ping (): AsyncIterable<unknown>
    toIterable (): Iterable<{ peerId: PeerId }>
  }
  add (peer: PeerId): Promise<void>
  closestPeers (kadId: Uint8Array, options: { count: number }): PeerId[]
  readonly size: number
}

export interface JsInternals {
  Message: {
    encode (message: PbMessage): Uint8Array
    decode (bytes: Uint8Array): PbMessage
  }
  RoutingTable: new (components: object, init: object) => TableInternals
  Providers: new (components: object, init: object) => object
  AddProviderHandler: new (components: object, init: object) => { handle (from: PeerId, message: object): Promise<void> }
  FindNodeHandler: new (components: object, init: object) => { handle (from: PeerId, message: object): Promise<PbMessage> }
  QueryManager: new (components: object, init: object) => { start (): Promise<void> }
  PeerRouting: new (components: object, init: object) => { getClosestPeers (key: Uint8Array, options: { signal: AbortSignal }): AsyncIterable<{ name: string, peer: PeerInfo }> }
  fromPbPeerInfo (peer: PbPeer): PeerInfo
  peerResponseEvent (fields: object, options: object): object
  convertBuffer (bytes: Uint8Array): Promise<Uint8Array>
  convertPeerId (peer: PeerId): Promise<Uint8Array>
  passthroughMapper (peer: PeerInfo): PeerInfo
}

const FILES = [
  'message/dht.js', 'message/utils.js', 'peer-routing/index.js', 'providers.js', 'query/events.js', 'query/manager.js', 'routing-table/index.js',
  'rpc/handlers/add-provider.js', 'rpc/handlers/find-node.js', 'utils.js'
]

const log = Object.assign(() => {}, { error: () => {}, trace: () => {}, enabled: false, newScope: () => log })

/** Logging that costs nothing. */
export const silent = { forComponent: () => log }

export async function loadInternals (): Promise<JsInternals> {
  const index = import.meta.resolve('@libp2p/kad-dht')
  const modules = await Promise.all(FILES.map(async file => import(new URL(file, index).href)))

  return Object.assign({}, ...modules)
}
