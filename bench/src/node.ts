// A node on loopback, the same for every subject in JavaScript but for its DHT.

import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { identify } from '@libp2p/identify'
import { memory } from '@libp2p/memory'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { MemoryDatastore } from 'datastore-core'
import { createLibp2p } from 'libp2p'
import type { DHT, Subject } from './subjects/subject.ts'
import type { TransportName } from './transport-names.ts'
import type { Libp2p, PrivateKey } from '@libp2p/interface'
import type { Datastore } from 'interface-datastore'

export interface Node {
  libp2p: Libp2p
  dht: DHT
  datastore: Datastore
}

export interface NodeInit {
  subject: Subject
  privateKey: PrivateKey
  transport: TransportName
  /** in memory, when left out */
  datastore?: Datastore
}

export async function createNode ({ subject, privateKey, transport, datastore = new MemoryDatastore() }: NodeInit): Promise<Node> {
  const libp2p = await createLibp2p({
    privateKey,
    datastore,
    ...transport === 'memory'
      ? { addresses: { listen: [`/memory/${privateKey.publicKey.toString()}`] }, transports: [memory()] }
      : { addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] }, transports: [tcp()] },
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    // it pings each connection every ten seconds, which is not what is measured
    connectionMonitor: { enabled: false },
    // libp2p takes so many connections from one address for an attack, and closes some when there are more than 300
    connectionManager: { inboundConnectionThreshold: Infinity, maxIncomingPendingConnections: Infinity, maxConnections: Infinity },
    services: { identify: identify(), ping: ping(), dht: subject.service }
  })

  return { libp2p, dht: subject.operations(libp2p.services.dht), datastore }
}
