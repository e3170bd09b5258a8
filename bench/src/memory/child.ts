// The process in which one thing of one subject is weighed: it comes to hold many, and what that has added is divided by
// their number.

import { setTimeout as delay } from 'node:timers/promises'
import { BaseDatastore, MemoryDatastore } from 'datastore-core'
import { digest } from '../digest.ts'
import { silent } from '../js-internals.ts'
import { answerCalls } from '../processes/answer-calls.ts'
import { peerInfo } from './holder.ts'
import { used } from './used.ts'
import { COUNT } from './what.ts'
import type { Holder, HolderSubject } from './holder.ts'
import type { MemorySubjectName, Weighed } from './what.ts'
import type { Key, Pair } from 'interface-datastore'

export interface WeighRequest {
  subject: MemorySubjectName
  what: Weighed
}

/** One of them. */
export interface Weight {
  bytes: number
  /** resident memory of the process with a single one */
  rss?: number
}

/** Providers of one key. */
const PROVIDERS = 10

/** So many others are held before, and let go again, for what is made once: compiled code above all. */
const REHEARSED = 2_000

/** Until a node has done what it does at its start, ms: both look around after one second. */
const SETTLE = 1_200

/** What was announced goes nowhere. Nobody asks for what was stored before: all providers of a key come in a row. */
class Nowhere extends BaseDatastore {
  size = 0

  override has (): boolean {
    return true
  }

  override put (key: Key): Key {
    this.size += isRecord(key) ? 1 : 0

    return key
  }

  override async * query (): AsyncGenerator<Pair> {}

  override async * queryKeys (): AsyncGenerator<Key> {}
}

/** Without searching all of it for a key that is new, which would take most of the time. */
class MemoryOfNewKeys extends MemoryDatastore {
  get size (): number {
    return [...this._allKeys({}) as Generator<Key>].filter(isRecord).length
  }

  override async * query (): AsyncGenerator<Pair> {}
}

/** Ours has an index beside them. */
function isRecord (key: Key): boolean {
  return key.toString().startsWith('/dht/provider/')
}

const HOLDERS: Record<Exclude<Weighed, 'idleNode'>, (subject: HolderSubject) => Holder | Promise<Holder>> = {
  tableEntry: subject => subject.table({ merge: async () => ({} as any) }),
  tableEntryAndPeerStore: tableWithPeerStore,
  storedProvider: subject => announcer(subject, new MemoryOfNewKeys(), false),
  storedProviderApart: subject => announcer(subject, new Nowhere(), true)
}

answerCalls({
  weigh: async ({ subject, what }: WeighRequest): Promise<Weight> => {
    return what === 'idleNode' ? weighNodes(subject) : weigh(what, await load(subject))
  },

  stop: async () => {}
})

async function load (subject: MemorySubjectName): Promise<HolderSubject> {
  return subject === 'ours' ? (await import('./ours.ts')).ours : (await import('./js.ts')).js()
}

async function weigh (what: Exclude<Weighed, 'idleNode'>, subject: HolderSubject): Promise<Weight> {
  await rehearse(what, subject)
  const holder = await HOLDERS[what](subject)
  const before = await used()

  for (let i = 0; i < COUNT[what]; i++) {
    await holder.add(REHEARSED + i)
  }

  await holder.settled?.()
  const after = await used()

  if (holder.size() !== COUNT[what]) {
    throw new Error(`It holds ${holder.size()} instead of ${COUNT[what]}`)
  }

  return { bytes: (after.bytes - before.bytes) / COUNT[what] }
}

/** By itself, so that nothing of it is left when it returns. */
async function rehearse (what: Exclude<Weighed, 'idleNode'>, subject: HolderSubject): Promise<void> {
  const holder = await HOLDERS[what](subject)

  for (let i = 0; i < REHEARSED; i++) {
    await holder.add(i)
  }

  await holder.settled?.()
}

/** Each peer in the peer store as well, where identify puts its addresses and the subject its tags. */
async function tableWithPeerStore (subject: HolderSubject): Promise<Holder> {
  // only here, so that the others start sooner
  const { persistentPeerStore } = await import('@libp2p/peer-store')
  const peerStore = persistentPeerStore({
    peerId: peerInfo('the node itself', 0).id,
    datastore: new MemoryDatastore(),
    events: Object.assign(new EventTarget(), { safeDispatchEvent: () => true, listenerCount: () => 0 }),
    logger: silent as any
  })
  const table = subject.table(peerStore)

  return {
    add: async i => {
      const { id, multiaddrs } = peerInfo('table', i)
      await peerStore.patch(id, { multiaddrs, protocols: ['/ipfs/kad/1.0.0'] })
      await table.add(i)
    },
    size: () => table.size()
  }
}

async function announcer (subject: HolderSubject, datastore: Nowhere | MemoryOfNewKeys, cached: boolean): Promise<Holder> {
  const { announce, written } = await subject.providers(datastore, cached)

  return {
    add: async i => {
      const content = digest(`content ${Math.floor(i / PROVIDERS)}`)

      await announce(Uint8Array.from([0x12, content.byteLength, ...content]), peerInfo('provider', i % 1_000))
    },
    size: () => datastore.size,
    settled: written
  }
}

async function weighNodes (subject: MemorySubjectName): Promise<Weight> {
  const { startNode } = await import('./idle-nodes.ts')
  const nodes = [await startNode(subject)]
  await delay(SETTLE)
  const before = await used()

  while (nodes.length <= COUNT.idleNode) {
    nodes.push(await startNode(subject))
  }

  await delay(SETTLE)
  const after = await used()
  await Promise.all(nodes.map(async node => node.stop()))

  return { bytes: (after.bytes - before.bytes) / COUNT.idleNode, rss: before.rss }
}
