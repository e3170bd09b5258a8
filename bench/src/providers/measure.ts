// Runs the rounds. In each, every way of announcing has its turn with CIDs that nobody has announced before, and another node each time.

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { privateKeyFromProtobuf } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { create } from 'multiformats/hashes/digest'
import { digest } from '../digest.ts'
import { GoNetwork } from '../network/go-network.ts'
import { jsNetwork } from '../network/js-network.ts'
import { nodeKeys } from '../network/node-keys.ts'
import { TrueNearest } from '../network/true-nearest.ts'
import { goBinary } from '../processes/go-binary.ts'
import { K } from '../subjects/options.ts'
import { rotated, withinLimit } from '../turns.ts'
import { WAYS } from './ways.ts'
import type { WayName } from './ways.ts'
import type { Announced, Calls } from '../network/protocol.ts'
import type { SubjectName } from '../subjects/index.ts'
import type { TransportName } from '../transport-names.ts'

export interface MeasureOptions {
  nodes: number
  rounds: number
  /** how many CIDs a sweep announces */
  cids: number[]
  /** how many are announced one by one; some by default, by whom */
  rivalCids?: number
  /** how many of those that are announced one by one are under way at a time */
  atOnce: number
  transport: TransportName
  ways: WayName[]
  seed: string
  /** where profiles of the last round go, if anywhere */
  profile?: string
  /** s */
  limit: number
}

/** What became of the CIDs of a round. */
export interface Batch {
  seconds: number
  /** of all nodes, ms */
  cpuMs: number
  /** nodes that hold a CID, on average of the samples */
  holders: number
  /** the share of the true nearest that hold it */
  held: number
  failures: Record<string, number>
  lookups: number
  messages?: number
}

export interface Measured {
  way: WayName
  cids: number
  /** one a round */
  batches: Batch[]
  /** messages an announcement of one by one, from a batch of its own where counting costs time */
  counted?: number
}

/** One by one a rate does not depend on how many there are; js does some eight a second. */
const RIVAL_CIDS: Record<SubjectName, number> = { ours: 1_000, js: 200, 'js-tuned': 200, go: 1_000, floor: 0 }

/** Of how many CIDs it is seen who holds them. */
const SAMPLES = 200

/** How many are announced before any are timed. */
const WARM_UP = { sweep: 1_000, oneByOne: 20 }

/** A round of which nothing is reported. */
const WARM_UP_ROUND = 1_000_000

/** Messages hardly differ from one announcement to the next. */
const MAX_COUNTED = 20

const SHA2_256 = 0x12

interface Measuring {
  network: Network
  result: Measured
}

export async function measure (options: MeasureOptions, note: (text: string) => void): Promise<Measured[]> {
  const networks: Network[] = []

  return withinLimit(options.limit, async signal => {
    try {
      return await measureAll(options, networks, signal, note)
    } finally {
      await Promise.all(networks.map(async ({ calls }) => calls.stop()))
    }
  })
}

/** The networks go into `networks` as they start, so that they can be stopped whatever happens. */
async function measureAll (options: MeasureOptions, networks: Network[], signal: AbortSignal, note: (text: string) => void): Promise<Measured[]> {
  const { ways, rounds, cids, rivalCids, profile } = options
  const subjects = [...new Set(ways.map(way => WAYS[way].subject))]
  const keys = await nodeKeys(options.seed, options.nodes)
  const all: Measuring[] = []

  if (profile != null) {
    await mkdir(profile, { recursive: true })
  }

  if (subjects.includes('go')) {
    note('go: building, which takes a while the first time')
  }

  const go = subjects.includes('go') ? await goBinary('measure go-libp2p-kad-dht', 'leave it out with --subjects sweep,ours,js', signal) : ''

  for (const subject of subjects) {
    note(`${subject}: forming and warming up a network of ${options.nodes}`)
    const network = new Network(subject === 'go' ? new GoNetwork(go, signal) : jsNetwork(subject, signal), keys, options)
    networks.push(network)
    await network.calls.form({ subject, transport: options.transport, keys, seed: options.seed })

    for (const way of ways.filter(way => WAYS[way].subject === subject)) {
      await network.announce(way, WARM_UP_ROUND, WAYS[way].sweep ? WARM_UP.sweep : WARM_UP.oneByOne, false)
      const counts = WAYS[way].sweep ? cids : [rivalCids ?? RIVAL_CIDS[subject]]
      all.push(...counts.map((cids): Measuring => ({ network, result: { way, cids, batches: [] } })))
    }
  }

  for (let round = 0; round < rounds; round++) {
    for (const { network, result } of rotated(all, round)) {
      const { way, cids, batches } = result
      const file = profile != null && round === rounds - 1 ? join(profile, `${way}-${cids}.cpuprofile`) : undefined
      note(`round ${round + 1} of ${rounds}: ${way}, ${cids} CIDs`)
      batches.push(await network.profiled(file, async () => network.announce(way, round, cids, false)))
    }
  }

  note('counting messages')

  for (const { network, result } of all) {
    if (result.batches.some(({ messages }) => messages == null)) {
      const count = Math.min(result.cids, MAX_COUNTED)
      result.counted = (await network.announce(result.way, rounds, count, true)).messages ?? NaN
      result.counted /= count
    }
  }

  return all.map(({ result }) => result)
}

class Network {
  readonly calls: Calls
  readonly #truth: TrueNearest
  readonly #options: MeasureOptions
  #batches = 0

  constructor (calls: Calls, keys: Uint8Array[], options: MeasureOptions) {
    this.calls = calls
    this.#truth = new TrueNearest(K, keys.map(key => peerIdFromPrivateKey(privateKeyFromProtobuf(key))))
    this.#options = options
  }

  /** The CIDs follow from the seed, so that whoever announces as many as another announces the same. */
  async announce (way: WayName, round: number, count: number, countMessages: boolean): Promise<Batch> {
    const { sweep } = WAYS[way]
    const { nodes, atOnce, seed } = this.#options
    // the first has met more peers than the others: all have joined through it
    const node = 1 + this.#batches++ % (nodes - 1)
    const multihashes = Array.from({ length: count }, (_, i) => create(SHA2_256, digest(`${seed} ${round} ${sweep ? `${count} together` : 'one by one'} ${i}`)).bytes)
    const samples = Array.from({ length: Math.min(SAMPLES, count) }, (_, i) => Math.floor(i * count / Math.min(SAMPLES, count)))

    return this.#judge(await this.calls.announce({ node, multihashes, sweep, atOnce, samples, countMessages }), samples.map(i => multihashes[i]), node)
  }

  /** Without a file as it is. */
  async profiled <T> (file: string | undefined, task: () => Promise<T>): Promise<T> {
    if (file == null) {
      return task()
    }

    await this.calls.startProfile()
    const result = await task()
    await this.calls.stopProfile(file)

    return result
  }

  #judge ({ holders, ...told }: Announced, samples: Uint8Array[], from: number): Batch {
    let held = 0
    let wanted = 0

    for (const [i, multihash] of samples.entries()) {
      const nearest = this.#truth.nodes(multihash, from)
      wanted += nearest.length
      held += nearest.filter(node => holders[i].includes(node)).length
    }

    return { ...told, holders: holders.flat().length / samples.length, held: held / wanted }
  }
}
