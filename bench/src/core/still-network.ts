// A network that lives in memory and answers at once, for lookups: it costs nothing but the lookup itself.

import { digest, hex, keys, nearest, peers, reply, REPLY_PEERS } from './corpus.ts'
import type { CorpusPeer } from './corpus.ts'

const PEERS = 1_000
const K = 20

/** Whom a lookup may start with: ours takes up to three times k, the rival k. */
const SEEDS = 3 * K

/** What lookups look for, in turn. */
const TARGETS = 8

export interface Target {
  /** the bytes that are hashed */
  key: Uint8Array
  /** whom the node that looks knows, nearest to the target first */
  seeds: CorpusPeer[]
  /** the true nearest, as hexadecimal multihashes */
  nearest: Set<string>
  /** what the peer answers; encoded the first time that it is asked */
  reply (multihash: Uint8Array): Uint8Array
}

/** Everyone knows up to k peers of each distance, as the paper has it. */
export function targets (): Target[] {
  const all = peers('network', PEERS)
  const tables = new Map(all.map(peer => [hex(peer.multihash), table(all, peer.hash)]))
  const ours = table(all, digest('the node that looks'))

  return keys('network', TARGETS).map(key => {
    const hash = digest(key)
    const replies = new Map<string, Uint8Array>()

    return {
      key,
      seeds: nearest(ours, hash, SEEDS),
      nearest: new Set(nearest(all, hash, K).map(({ multihash }) => hex(multihash))),
      reply: multihash => {
        const name = hex(multihash)
        const known = replies.get(name) ?? reply(key, nearest(tables.get(name) ?? [], hash, REPLY_PEERS))
        replies.set(name, known)

        return known
      }
    }
  })
}

/** The first k of each bucket, by a node whose place is `self`. */
function table (all: CorpusPeer[], self: Buffer): CorpusPeer[] {
  const buckets = new Map<number, number>()

  return all.filter(({ hash }) => {
    const bucket = commonPrefixLength(hash, self)
    const taken = buckets.get(bucket) ?? 0
    buckets.set(bucket, taken + 1)

    return bucket < 8 * self.length && taken < K
  })
}

function commonPrefixLength (a: Buffer, b: Buffer): number {
  const at = a.findIndex((byte, i) => byte !== b[i])

  return at === -1 ? 8 * a.length : 8 * at + Math.clz32(a[at] ^ b[at]) - 24
}
