// @libp2p/kad-dht's own functions. Where one reaches for a part of the node that is not the subject, such as the network,
// it gets one that costs next to nothing.

import { peerIdFromMultihash } from '@libp2p/peer-id'
import { decode as decodeMultihash } from 'multiformats/hashes/digest'
import { hex, keys, nearest, peers, reply, REPLY_PEERS } from '../corpus.ts'
import { digest } from '../digest.ts'
import { loadInternals, silent as logger } from '../js-internals.ts'
import { K } from '../subjects/options.ts'
import { StillNetwork } from './still-network.ts'
import { INPUTS, NEW_REPLIES } from './subject.ts'
import type { CoreSubject, Prepared } from './subject.ts'
import type { CorpusPeer } from '../corpus.ts'
import type { JsInternals, PbMessage } from '../js-internals.ts'
import type { PeerId, PeerInfo } from '@libp2p/interface'

const FIND_NODE = 'FIND_NODE'

interface LookupOptions {
  alpha?: number
  disjointPaths?: number
}

/** `options`: those of its lookups that differ from its defaults */
export async function js (options: LookupOptions = {}): Promise<CoreSubject> {
  const internals = await loadInternals()
  const { convertBuffer, convertPeerId, fromPbPeerInfo } = internals
  const [self] = peers('the node itself', 1).map(peerId)

  return {
    keyHash () {
      const ids = peers('hash', INPUTS).map(({ multihash }) => multihash)

      return {
        // not async itself: it would be waited for twice
        run: (i): unknown => convertBuffer(ids[i % INPUTS]),
        answer: async i => hex(await convertBuffer(ids[i % INPUTS]))
      }
    },

    nearest20of1k: async () => search(internals, self, 1_000, { kBucketSize: 1_000, splitThreshold: REPLY_PEERS }),
    nearest20of10k: async () => search(internals, self, 10_000, { kBucketSize: 10_000, splitThreshold: REPLY_PEERS }),
    nearest20ofDefaultTable: async () => search(internals, self, 10_000, {}),

    decodeReply: () => decoding(internals, INPUTS, message => message.closer.map(fromPbPeerInfo), parsed),
    decodeReplyNew: () => decoding(internals, NEW_REPLIES, async message => {
      const closer = []

      // one after the other, as its lookups do it
      for (const peer of message.closer.map(fromPbPeerInfo)) {
        closer.push({ peer, kadId: await convertPeerId(peer.id) })
      }

      return closer
    }, ({ peer, kadId }) => [...parsed(peer), hex(kadId)]),
    decodeReplyParsed: () => decoding(internals, INPUTS, message => message.closer.map(fromPbPeerInfo), parsed),

    encodeReply: () => encoding(internals, self),
    encodeReplyFromPeers: () => encoding(internals, self),

    lookup: async () => lookup(internals, self, options)
  }
}

async function search ({ RoutingTable, convertBuffer, passthroughMapper }: JsInternals, self: PeerId, offered: number, init: object): Promise<Prepared> {
  const components = { peerId: self, logger, peerStore: { merge: async () => {} } }
  const table = new RoutingTable(components, { logPrefix: '', metricsPrefix: '', protocol: '', peerInfoMapper: passthroughMapper, ...init })
  // all are alive
  table.kb.verify = async () => true
  table.kb.ping = async function * () {}

  const all = peers('table', offered)

  for (const peer of all) {
    await table.add(peerId(peer))
  }

  const ids = new Set([...table.kb.toIterable()].map(({ peerId }) => peerId.toString()))
  const held = all.filter(peer => ids.has(peerId(peer).toString()))
  const bytes = keys('table', INPUTS)
  const places = await Promise.all(bytes.map(async key => convertBuffer(key)))
  const run = (i: number): PeerId[] => table.closestPeers(places[i % INPUTS], { count: REPLY_PEERS })

  return {
    run,
    answer: i => {
      const found = run(i)
      const right = nearest(held, digest(bytes[i % INPUTS]), REPLY_PEERS).every(({ multihash }, at) => hex(multihash) === hex(found[at].toMultihash().bytes))

      return right ? 'the nearest' : 'not the nearest'
    },
    tableSize: table.size
  }
}

function decoding <P> ({ Message }: JsInternals, count: number, read: (message: PbMessage) => P[] | Promise<P[]>, describe: (peer: P) => string[]): Prepared {
  const [key] = keys('decode', 1)
  const replies = Array.from({ length: count }, (_, i) => reply(key, peers(`decode ${i}`, REPLY_PEERS)))
  const run = (i: number): P[] | Promise<P[]> => read(Message.decode(replies[i % count]))

  return { run, answer: async i => (await run(i)).map(describe) }
}

/** Its handler of FIND_NODE, from the peers that its table and its peer store have come up with. */
function encoding ({ FindNodeHandler, Message, passthroughMapper, fromPbPeerInfo }: JsInternals, self: PeerId): Prepared {
  const [key] = keys('encode', 1)
  const lists = Array.from({ length: INPUTS }, (_, i) => peers(`encode ${i}`, REPLY_PEERS).map(({ multihash, addrs }) => fromPbPeerInfo({ id: multihash, multiaddrs: addrs })))
  let current = lists[0]
  const handler = new FindNodeHandler({ logger, peerId: self }, {
    peerRouting: { getClosestPeersOffline: async () => current },
    peerInfoMapper: passthroughMapper
  })
  const run = async (i: number): Promise<Uint8Array> => {
    current = lists[i % INPUTS]

    return Message.encode(await handler.handle(self, { type: FIND_NODE, key }))
  }

  return { run, answer: async i => Message.decode(await run(i)).closer.map(peer => parsed(fromPbPeerInfo(peer))) }
}

async function lookup (internals: JsInternals, self: PeerId, { alpha = 10, disjointPaths = alpha }: LookupOptions): Promise<Prepared> {
  const { Message, PeerRouting, QueryManager, fromPbPeerInfo, peerResponseEvent } = internals
  const still = new StillNetwork()
  const seeds = still.targets.map(target => target.seeds.slice(0, K).map(peerId))
  let current = seeds[0]
  const components = { peerId: self, logger, connectionManager: { isDialable: async () => true } }
  const routingTable = { size: K, kBucketSize: K, closestPeers: () => [...current], queueRoutingTableUpdate: () => {} }
  const queryManager = new QueryManager(components, { logPrefix: '', routingTable, alpha, disjointPaths })
  await queryManager.start()
  const routing = new PeerRouting(components, {
    logPrefix: '',
    routingTable,
    queryManager,
    network: {
      // as its own `Network`, without a stream, and the peers made only once
      async * sendRequest (to: PeerId, { type }: PbMessage, options: { path: object }) {
        const response = Message.decode(await still.ask(to.toMultihash().bytes))

        yield peerResponseEvent({
          from: to,
          messageType: type,
          closer: response.closer.map(fromPbPeerInfo),
          providers: response.providers.map(fromPbPeerInfo),
          path: options.path
        }, options)
      }
    }
  })

  return still.prepare(async (key, i) => {
    current = seeds[i]
    const found: PeerInfo[] = []

    for await (const event of routing.getClosestPeers(key, { signal: new AbortController().signal })) {
      if (event.name === 'FINAL_PEER') {
        found.push(event.peer)
      }
    }

    return found
  })
}

function peerId ({ multihash }: CorpusPeer): PeerId {
  return peerIdFromMultihash(decodeMultihash(multihash) as Parameters<typeof peerIdFromMultihash>[0])
}

function parsed ({ id, multiaddrs }: PeerInfo): string[] {
  return [id.toMultihash().bytes, ...multiaddrs.map(({ bytes }) => bytes)].map(hex)
}
