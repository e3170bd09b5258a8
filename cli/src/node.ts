// A libp2p node with a DHT: TCP, noise and yamux.

import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { identify } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { createLibp2p } from 'libp2p'
import { kadDHT } from 'libp2p-kad'
import type { Identify } from '@libp2p/identify'
import type { Libp2p, PrivateKey, ServiceMap } from '@libp2p/interface'
import type { Ping } from '@libp2p/ping'
import type { Datastore } from 'interface-datastore'
import type { Libp2pOptions } from 'libp2p'
import type { KadDHT, KadDHTInit } from 'libp2p-kad'

interface Services extends ServiceMap {
  identify: Identify
  ping: Ping
  dht: KadDHT
}

export type KadNode = Libp2p<Services>

export interface NodeInit {
  listen: string[]
  dht: KadDHTInit
  /** a new one if it is left out */
  privateKey?: PrivateKey
  /** memory if it is left out */
  datastore?: Datastore
  transport?: ReturnType<typeof tcp>
  /** whether many peers may share an IP address, as they do on one machine: libp2p takes that for an attack */
  crowded?: boolean
  /** whether libp2p pings its connections; the DHT does not need it */
  monitor?: boolean
}

/** Started. */
export async function createNode ({ listen, dht, privateKey, datastore, transport, crowded, monitor }: NodeInit): Promise<KadNode> {
  const options: Libp2pOptions<Services> = {
    privateKey,
    datastore,
    addresses: { listen },
    transports: [transport ?? tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: monitor ?? true },
    services: { identify: identify(), ping: ping(), dht: kadDHT(dht) }
  }

  if (crowded === true) {
    options.connectionManager = { inboundConnectionThreshold: Infinity, maxIncomingPendingConnections: Infinity }
  }

  return createLibp2p(options)
}
