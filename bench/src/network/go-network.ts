// The network of go-libp2p-kad-dht, seen from the bench: it is told what to do in full, down to when it has come to rest, and
// what it found is judged here, so that both are the same as for the others.

import { privateKeyFromProtobuf } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { TRAILING } from '../cpu.ts'
import { goProcess } from '../processes/go-process.ts'
import { K } from '../subjects/options.ts'
import { ABORT_AFTER, ANNOUNCE_ALL_LIMIT, ANNOUNCE_ONE_LIMIT, JOIN_LIMIT, LOOKUP_LIMIT, RESTING } from './limits.ts'
import { TrueNearest } from './true-nearest.ts'
import { judge } from './verdict.ts'
import { lookAroundKey, Workload } from './workload.ts'
import type { AnnounceRequest, Announced, BatchRequest, BatchResult, Calls, FormRequest, Formed } from './protocol.ts'
import type { Outcome } from './verdict.ts'
import type { Task } from './workload.ts'
import type { Remote } from '../processes/remote.ts'

/** See `bench/go/batch.go`. */
interface GoOutcome {
  ms: number
  peers: string[] | null
  value: string | null
  stored: number
  messages: number
  error?: string
}

export class GoNetwork implements Calls {
  readonly #remote: Remote
  readonly #signal: AbortSignal
  #truth!: TrueNearest
  #workload!: Workload

  /** `signal` gives up what is under way. */
  constructor (binary: string, signal: AbortSignal) {
    this.#remote = goProcess('go', binary, 'network')
    this.#signal = signal
  }

  async form ({ keys, seed }: FormRequest): Promise<Formed> {
    const peers = keys.map(key => peerIdFromPrivateKey(privateKeyFromProtobuf(key)))
    this.#truth = new TrueNearest(K, peers)
    this.#workload = new Workload(seed, peers, this.#truth)

    return this.#remote.call('form', {
      keys: keys.map(base64),
      lookups: keys.map((_, i) => base64(lookAroundKey(seed, i))),
      joinLimitMs: JOIN_LIMIT,
      lookupLimitMs: LOOKUP_LIMIT,
      resting: RESTING
    }, this.#signal)
  }

  async batch ({ op, round, count }: BatchRequest): Promise<BatchResult> {
    const tasks = this.#workload.tasks(op, round, count)
    const { cpuMs, outcomes } = await this.#remote.call<{ cpuMs: number, outcomes: GoOutcome[] }>('batch', {
      op,
      tasks: tasks.map(encode),
      trailing: TRAILING,
      abortAfterMs: ABORT_AFTER
    }, this.#signal)

    return judge(op, tasks, outcomes.map(decode), cpuMs, this.#truth)
  }

  /** Its messages are counted where they arrive, which costs it hardly anything: always. */
  async announce ({ node, multihashes, sweep, atOnce, samples }: AnnounceRequest): Promise<Announced> {
    return this.#remote.call('announce', {
      node,
      multihashes: multihashes.map(base64),
      sweep,
      atOnce,
      samples,
      oneMs: ANNOUNCE_ONE_LIMIT,
      allMs: ANNOUNCE_ALL_LIMIT,
      trailing: TRAILING
    }, this.#signal)
  }

  async memory (): Promise<number | undefined> {
    return await this.#remote.call('memory', undefined, this.#signal) ?? undefined
  }

  async startProfile (): Promise<void> {}

  async stopProfile (): Promise<void> {}

  async stop (): Promise<void> {
    await this.#remote.stop()
  }
}

function encode ({ node, peer, key, cid, recordKey, value }: Task): object {
  return {
    node,
    peer: peer.toString(),
    key: base64(key),
    multihash: base64(cid.multihash.bytes),
    recordKey: base64(recordKey),
    value: base64(value)
  }
}

function decode ({ error, ms, messages, peers, value, stored }: GoOutcome): Outcome {
  if (error != null) {
    return { error: new Error(error) }
  }

  return { ms, messages, found: { peers: peers ?? [], value: value == null ? undefined : Buffer.from(value, 'base64'), stored } }
}

function base64 (bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
