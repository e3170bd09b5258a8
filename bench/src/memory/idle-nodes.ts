// Nodes that listen and know nobody.

import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { identify } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { createLibp2p } from 'libp2p'
import { loadSubject } from '../subjects/index.ts'
import type { MemorySubjectName } from './what.ts'
import type { Libp2p } from '@libp2p/interface'

export async function startNode (name: MemorySubjectName): Promise<Libp2p> {
  return createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: {
      identify: identify(),
      ping: ping(),
      ...name === 'none' ? {} : { dht: (await loadSubject(name)).service }
    }
  })
}
