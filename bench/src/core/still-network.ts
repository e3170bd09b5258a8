// A network that lives in memory, for lookups: it costs nothing but the lookup itself.

import { hex, keys, nearest, peers, reply, REPLY_PEERS } from '../corpus.ts'
import { digest } from '../digest.ts'
import { K } from '../subjects/options.ts'
import type { Prepared } from './subject.ts'
import type { CorpusPeer } from '../corpus.ts'
import type { PeerInfo } from '@libp2p/interface'

const PEERS = 1_000

/** Whom a lookup may start with: ours takes up to three times k, the rival k. */
const SEEDS = 3 * K

/** What lookups look for, in turn. */
const TARGETS = 8

interface Target {
  /** the bytes that are hashed */
  key: Uint8Array
  /** whom the node that looks knows, nearest to the target first */
  seeds: CorpusPeer[]
  /** the true nearest, as hexadecimal multihashes */
  nearest: Set<string>
  /** what the peer answers, with its hexadecimal multihash; encoded the first time that it is asked */
  reply (name: string): Uint8Array
}

/** A subject's way to look for `key`, beginning with some of the `seeds` of the `i`-th target. */
export type Lookup = (key: Uint8Array, i: number) => Promise<PeerInfo[]>

export class StillNetwork {
  readonly targets = targets()
  #current = this.targets[0]
  #requests = 0
  /** requests of this lookup, and to whom */
  #requestsNow = 0
  readonly #asked = new Set<string>()

  /**
   * The peer's reply to the lookup under way. As on every network it comes in a turn of its own, whoever asks: one that came
   * in the microtasks of its request would be there before the rival, which waits between seeing a peer and marking it seen, has
   * marked it, so that it would ask the same peers again and again.
   */
  async ask (multihash: Uint8Array): Promise<Uint8Array> {
    const { reply } = this.#current
    const name = hex(multihash)
    this.#requests++
    this.#requestsNow++
    this.#asked.add(name)
    // of several that wait each has the microtasks that follow from it done before the next
    await new Promise(resolve => { setImmediate(resolve) })

    return reply(name)
  }

  prepare (lookup: Lookup): Prepared {
    const run = async (i: number): Promise<PeerInfo[]> => {
      const at = i % this.targets.length
      this.#current = this.targets[at]
      this.#requestsNow = 0
      this.#asked.clear()

      return lookup(this.#current.key, at)
    }

    return {
      run,
      messages: () => this.#requests,
      answer: async i => {
        await run(i)

        if (this.#asked.size !== this.#requestsNow) {
          throw new Error(`its lookup made ${this.#requestsNow} requests to ${this.#asked.size} peers: none should be asked twice`)
        }

        return 'nobody twice'
      },
      recall: async i => {
        const found = await run(i)

        return found.filter(({ id }) => this.#current.nearest.has(hex(id.toMultihash().bytes))).length / this.#current.nearest.size
      }
    }
  }
}

/** Everyone knows up to k peers of each distance, as the paper has it. */
function targets (): Target[] {
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
      reply: name => {
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
