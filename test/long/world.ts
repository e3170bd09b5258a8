// The network as the test knows it: who is alive, what was stored, and what anybody should find.

import { peerIdFromString } from '@libp2p/peer-id'
import { bytes } from '../helpers/content.ts'
import { pick, randomBytes } from '../helpers/random.ts'
import { recall, trulyNearest } from '../helpers/truth.ts'
import { excess } from './footprint.ts'
import { NodesProcess } from './nodes-process.ts'
import type { NodeInfo, Read, ReadResult } from './calls.ts'
import type { Footprint } from './footprint.ts'
import type { PeerId } from '@libp2p/interface'

const K = 20

const SECOND = 1000

/** Through so many nodes a new one joins. */
const THROUGH = 3

/** So many values are put, and contents provided, by the nodes of each process before each kill. */
const NEW_PER_PROCESS = 2

/** So many nodes of each process read each of them. */
const READERS = 2

/** So many nodes of each process look for the nearest of a key of their own. */
const SEEKERS = 8

/** A process that does not come to rest in this time holds on to something, ms. */
const REST_LIMIT = 90_000

interface HasPeerId {
  peerId: PeerId
}

/** What was asked of all that are alive, and came of it. */
export interface Check {
  gets: number
  finds: number
  /** reads that found not what was there */
  wrong: string[]
  /** of each search for the nearest, which share of the true ones it found */
  recalls: number[]
  ms: number
}

/** The tables of all that are alive. */
export interface TablesCheck {
  /** peers in them */
  entries: number
  /** of these, how many are dead */
  dead: number
  /** connections to the dead */
  connectedToDead: number
  /** of each node, which share of the k that are nearest to it is in its table */
  neighbours: number[]
}

export class World {
  readonly #random: () => number
  readonly #values = new Map<string, string>()
  /** by text, the node that provides it */
  readonly #contents = new Map<string, string>()
  readonly #all: NodesProcess[] = []
  /** those that are alive, oldest first */
  #processes: NodesProcess[] = []
  /** the ids of all that have died */
  readonly dead: string[] = []
  /** what each process held when it had come to rest for the first time */
  readonly #atFirst = new Map<NodesProcess, Footprint>()
  #named = 0

  constructor (random: () => number) {
    this.#random = random
  }

  get processes (): readonly NodesProcess[] {
    return this.#processes
  }

  /** What any process has ever warned of. */
  get warnings (): string[] {
    return this.#all.flatMap(({ name, warnings }) => warnings.map(warning => `${name}: ${warning}`))
  }

  get nodes (): NodeInfo[] {
    return this.#processes.flatMap(({ nodes }) => nodes)
  }

  /** Starts a process of so many nodes, which join through a few that are alive. */
  async start (name: string, count: number): Promise<NodesProcess> {
    const through = this.#some(this.nodes, THROUGH).flatMap(({ addresses }) => addresses)
    const process = new NodesProcess(name)
    this.#processes.push(process)
    this.#all.push(process)
    process.nodes = await process.call('start', { keys: Array.from({ length: count }, () => randomBytes(this.#random, 32)), through })

    return process
  }

  /** Kills it, with all its nodes. */
  async kill (process: NodesProcess): Promise<void> {
    this.#processes = this.#processes.filter(other => other !== process)
    this.dead.push(...process.nodes.map(({ id }) => id))
    await process.kill()
  }

  async killAll (): Promise<void> {
    await Promise.all(this.#processes.map(async process => process.kill()))
  }

  /** Nodes of each process put values and provide contents. */
  async store (): Promise<void> {
    await Promise.all(this.#processes.map(async process => {
      for (const { id: node } of this.#some(process.nodes, NEW_PER_PROCESS)) {
        const name = `${process.name}-${this.#named++}`
        const [key, value, text] = [`/test/${name}`, `ok:${name}`, `content ${name}`]
        this.#values.set(key, value)
        this.#contents.set(text, node)
        await process.call('put', { node, key, value })
        await process.call('provide', { node, text })
      }
    }))
  }

  /** Nodes of each process read all values that a live node holds, and all contents that a live node provides. */
  async check (): Promise<Check> {
    const start = Date.now()
    const held = new Set((await Promise.all(this.#processes.map(async process => process.call('held', { keys: [...this.#values.keys()] })))).flat())
    const alive = new Set(this.nodes.map(({ id }) => id))
    const provided = [...this.#contents].filter(([, provider]) => alive.has(provider)).map(([text]) => text)

    const reads = this.#processes.map(({ nodes }) => [
      ...[...held].flatMap(of => this.#some(nodes, READERS).map(({ id: node }): Read => ({ kind: 'get', node, of }))),
      ...provided.flatMap(of => this.#some(nodes, READERS).map(({ id: node }): Read => ({ kind: 'find', node, of }))),
      ...this.#some(nodes, SEEKERS).map(({ id: node }, i): Read => ({ kind: 'closest', node, of: `/test/closest-${node}-${this.#named++}-${i}` }))
    ])
    const results = (await Promise.all(this.#processes.map(async (process, i) => process.call('read', { reads: reads[i] })))).flat()
    const all = reads.flat()

    return {
      gets: all.filter(({ kind }) => kind === 'get').length,
      finds: all.filter(({ kind }) => kind === 'find').length,
      wrong: all.flatMap((read, i) => this.#isRight(read, results[i]) ? [] : `${read.kind} ${read.of} from ${read.node}: ${JSON.stringify(results[i])}`),
      recalls: all.flatMap((read, i) => read.kind === 'closest' ? this.#recall(read, results[i]) : []),
      ms: Date.now() - start
    }
  }

  async checkTables (): Promise<TablesCheck> {
    const tables = (await Promise.all(this.#processes.map(async process => process.call('tables', undefined)))).flat()
    const dead = new Set(this.dead)
    const countDead = (ids: string[]): number => ids.filter(id => dead.has(id)).length
    const alive = this.#alive()

    return {
      entries: tables.flatMap(({ peers }) => peers).length,
      dead: countDead(tables.flatMap(({ peers }) => peers)),
      connectedToDead: countDead(tables.flatMap(({ connectedTo }) => connectedTo)),
      neighbours: tables.map(({ node, peers }) => {
        const { peerId } = alive.find(({ peerId }) => peerId.toString() === node) as HasPeerId

        return recall(trulyNearest(alive.filter(other => other.peerId !== peerId), peerId.toMultihash().bytes, K), peers.map(id => peerIdFromString(id)))
      })
    }
  }

  /** Each node looks for those of the dead that are in its table. */
  async seekDead (): Promise<void> {
    await Promise.all(this.#processes.map(async process => process.call('seek', { peers: this.dead })))
  }

  /** What each process holds when it is at rest, by its name. */
  async rest (): Promise<Map<string, Footprint>> {
    const footprints = await Promise.all(this.#processes.map(async process => [process.name, await this.#rest(process)] as const))

    return new Map(footprints)
  }

  async #rest (process: NodesProcess): Promise<Footprint> {
    const atFirst = this.#atFirst.get(process)
    const deadline = Date.now() + REST_LIMIT

    while (true) {
      const footprint = await process.call('footprint', undefined)
      const tooMuch = excess(footprint, atFirst)

      if (tooMuch.length === 0) {
        this.#atFirst.set(process, atFirst ?? footprint)
        return footprint
      }

      if (Date.now() > deadline) {
        throw new Error(`${process.name} does not come to rest: ${tooMuch.join(', ')}`)
      }

      await new Promise(resolve => setTimeout(resolve, SECOND))
    }
  }

  #alive (): HasPeerId[] {
    return this.nodes.map(({ id }) => ({ peerId: peerIdFromString(id) }))
  }

  #isRight (read: Read, result: ReadResult): boolean {
    if ('error' in result) {
      return false
    }

    switch (read.kind) {
      case 'get': return result.found[0] === this.#values.get(read.of)
      case 'find': return result.found.includes(this.#contents.get(read.of) as string)
      default: return true
    }
  }

  #recall (read: Read, result: ReadResult): number {
    const alive = this.#alive().filter(({ peerId }) => peerId.toString() !== read.node)

    return 'error' in result ? 0 : recall(trulyNearest(alive, bytes(read.of), K), result.found.map(id => peerIdFromString(id)))
  }

  /** So many nodes of a process look for the nearest of so many keys. What they find is not looked at: it is to be much. */
  async exercise (process: NodesProcess, times: number): Promise<void> {
    const reads = Array.from({ length: times }, (_, i): Read => ({ kind: 'closest', node: process.nodes[i % process.nodes.length].id, of: `/test/exercise-${this.#named++}` }))

    await process.call('read', { reads })
  }

  /** So many of them, none twice. */
  #some <T> (all: readonly T[], count: number): T[] {
    const left = [...all]

    return Array.from({ length: Math.min(count, all.length) }, () => left.splice(pick(this.#random, left.length), 1)[0])
  }
}
