// libp2p-kad's own functions, from `dist/`: what is shipped. Each is what a running node calls.

import { resolveConfig } from '../../../dist/src/config.js'
import { keyBytes, keyOf } from '../../../dist/src/kademlia/key.js'
import { tableRules } from '../../../dist/src/kademlia/parameters.js'
import { RoutingTable } from '../../../dist/src/kademlia/routing-table.js'
import { closestPeers } from '../../../dist/src/peers/closest-peers.js'
import { decodeContacts, toContact } from '../../../dist/src/query/contact.js'
import { QueryManager } from '../../../dist/src/query/manager.js'
import { passthroughMapper } from '../../../dist/src/wire/address-mappers.js'
import { decodeReply, encodeMessage, encodeRequest, MessageType } from '../../../dist/src/wire/message.js'
import { decodePeers, encodePeer, idOf, toPeerInfo } from '../../../dist/src/wire/peer.js'
import { hex, keys, nearest, peers, reply, REPLY_PEERS } from '../corpus.ts'
import { digest } from '../digest.ts'
import { StillNetwork } from './still-network.ts'
import { INPUTS, NEW_REPLIES } from './subject.ts'
import type { CoreSubject, Prepared } from './subject.ts'
import type { Contact } from '../../../dist/src/query/contact.js'
import type { WirePeer } from '../../../dist/src/wire/peer.js'
import type { CorpusPeer } from '../corpus.ts'
import type { PeerInfo } from '@libp2p/interface'

const SELF = digest('the node itself')

/** As in a lookup: of a reply's peers up to twice k are read. */
const MOST_READ = 2 * REPLY_PEERS

export const ours: CoreSubject = {
  keyHash () {
    const ids = peers('hash', INPUTS).map(({ multihash }) => multihash)

    return {
      run: i => keyOf(ids[i % INPUTS]),
      answer: i => hex(keyBytes(keyOf(ids[i % INPUTS])))
    }
  },

  // with buckets for all of them
  nearest20of1k: () => search(1_000, 1_000),
  nearest20of10k: () => search(10_000, 10_000),
  // with what its own rules keep of so many
  nearest20ofDefaultTable: () => search(10_000, REPLY_PEERS),

  decodeReply: () => decoding(INPUTS, message => decodePeers(message.closer, MOST_READ), lazy),
  decodeReplyNew: () => decoding(NEW_REPLIES, message => decodeContacts(message.closer, MOST_READ), contact => [...lazy(contact), hex(keyBytes(contact.key))]),
  decodeReplyParsed: () => decoding(INPUTS, message => decodePeers(message.closer, MOST_READ).map(peer => toPeerInfo(peer, passthroughMapper)), parsed),

  encodeReply () {
    const [key] = keys('encode', 1)
    const lists = Array.from({ length: INPUTS }, (_, i) => peers(`encode ${i}`, REPLY_PEERS).map(({ multihash, addrs }) => encodePeer(multihash, addrs)))
    const run = (i: number): Uint8Array => encodeMessage({ type: MessageType.FIND_NODE, key, closer: lists[i % INPUTS] })

    return { run, answer: i => readBack(key, run(i)) }
  },

  encodeReplyFromPeers () {
    const [key] = keys('encode', 1)
    const lists = Array.from({ length: INPUTS }, (_, i) => peers(`encode ${i}`, REPLY_PEERS).map(peer => toPeerInfo(wirePeer(peer), passthroughMapper)))
    const encode = ({ id, multiaddrs }: PeerInfo): Uint8Array => encodePeer(id.toMultihash().bytes, multiaddrs.map(addr => addr.bytes))
    const run = (i: number): Uint8Array => encodeMessage({ type: MessageType.FIND_NODE, key, closer: lists[i % INPUTS].map(encode) })

    return { run, answer: i => readBack(key, run(i)) }
  },

  lookup () {
    const network = new StillNetwork()
    const seeds = network.targets.map(target => target.seeds.map(peer => toContact(wirePeer(peer))))
    let current = seeds[0]
    const config = resolveConfig({})
    // more than any lookup here asks
    const queries = new QueryManager({ ...config, maxQueries: config.limits.queries, maxAsked: 500 }, {
      self: 'the node itself',
      closest: (_, n) => current.slice(0, n),
      request: async (to, request, { signal }) => {
        const bytes = await network.ask(to.multihash)
        // as the stream does it when the lookup needs no more answers
        signal?.throwIfAborted()

        return decodeReply(bytes, request)
      },
      slowAfter: () => config.slow.initial,
      overdueAfter: () => config.slow.initial,
      expected: () => undefined,
      onSilent: () => {},
      firstPeer: async () => {},
      onLookup: () => {}
    })
    queries.start()
    const needs = { queries, closest: () => [], keyOf, info: (contact: Contact) => toPeerInfo(contact, passthroughMapper) }

    return network.prepare(async (key, i) => {
      current = seeds[i]

      return closestPeers(key, needs, { signal: new AbortController().signal })
    })
  }
}

function search (offered: number, k: number): Prepared {
  const table = new RoutingTable<Contact>({ self: keyOf(SELF), ...tableRules(k) })
  const all = peers('table', offered)
  all.forEach(peer => { table.onAlive(toContact(wirePeer(peer)), 0) })
  const held = all.filter(({ multihash }) => table.has(idOf(multihash)))
  const bytes = keys('table', INPUTS)
  const places = bytes.map(keyOf)
  const run = (i: number): Contact[] => table.closest(places[i % INPUTS], REPLY_PEERS)

  return {
    run,
    answer: i => isNearest(run(i).map(({ multihash }) => multihash), held, bytes[i % INPUTS]),
    tableSize: table.size
  }
}

/** That the peers are the nearest of those held, in order. */
function isNearest (found: Uint8Array[], held: CorpusPeer[], key: Uint8Array): string {
  const right = nearest(held, digest(key), REPLY_PEERS).every(({ multihash }, i) => hex(multihash) === hex(found[i]))

  return right ? 'the nearest' : 'not the nearest'
}

function decoding <P> (count: number, read: (message: ReturnType<typeof decodeReply>) => P[], describe: (peer: P) => string[]): Prepared {
  const [key] = keys('decode', 1)
  const request = encodeRequest({ type: MessageType.FIND_NODE, key })
  const replies = Array.from({ length: count }, (_, i) => reply(key, peers(`decode ${i}`, REPLY_PEERS)))
  const run = (i: number): P[] => read(decodeReply(replies[i % count], request))

  return { run, answer: i => run(i).map(describe) }
}

function readBack (key: Uint8Array, framed: Uint8Array): string[][] {
  // such a reply has a prefix of two bytes
  const message = decodeReply(framed.subarray(2), encodeRequest({ type: MessageType.FIND_NODE, key }))

  return decodePeers(message.closer, MOST_READ).map(lazy)
}

function wirePeer ({ multihash, addrs }: CorpusPeer): WirePeer {
  return { id: idOf(multihash), multihash, addrs }
}

function lazy ({ multihash, addrs }: WirePeer): string[] {
  return [multihash, ...addrs].map(hex)
}

function parsed ({ id, multiaddrs }: PeerInfo): string[] {
  return [id.toMultihash().bytes, ...multiaddrs.map(({ bytes }) => bytes)].map(hex)
}
