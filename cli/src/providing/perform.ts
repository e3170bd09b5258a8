// Does on a node what `requests.ts` says: adds to what it provides, removes from it, lists it, announces it, tells how that goes.

import { describe } from '../errors.ts'
import { parseCID } from '../parse.ts'
import { statusOf } from './status.ts'
import type { ProvidedResult, ProvidingPart, ProvidingReply, ProvidingRequest } from './requests.ts'
import type { KadDHT, Provided, SweepCounts, SweepStatus } from 'libp2p-kad'
import type { CID } from 'multiformats/cid'

/** Who has asked. */
export interface Caller {
  /** aborts when nobody waits for the result any more */
  signal: AbortSignal
  /** what it is about */
  cids: AsyncIterable<string>
  /** resolves when more can be told; never rejects */
  tell (part: ProvidingPart): Promise<void>
}

/** A node that has just started has nobody to tell yet: so long it may look for somebody, ms. */
const PATIENCE = 10_000

/** Keys are listed, and removed, so many at once. */
const BATCH = 1_000

/** Never rejects: what went wrong is in the reply, beside what was done until then. */
export async function performProviding (dht: KadDHT, { op, timeout }: ProvidingRequest, { signal: stop, ...caller }: Caller): Promise<ProvidingReply> {
  const begun = performance.now()
  const end = timeout == null ? undefined : AbortSignal.timeout(timeout)
  const signal = end == null ? stop : AbortSignal.any([stop, end])
  const done: Partial<ProvidingReply> = {}

  try {
    await DOING[op](dht, { ...caller, signal, patience: Math.min(PATIENCE, (timeout ?? Infinity) / 2) }, done)
    const error = shortfall(done, dht)

    return { op, ok: error == null, ...done, ms: since(begun), error }
  } catch (error: any) {
    const { name, message } = end?.aborted === true ? new Error(`Not done after ${Number(timeout) / 1000} s: a node that stays, or comes back with its --data, goes on with what was added`) : error

    return { op, ok: false, ...done, ms: since(begun), error: { name, message: describe(message) } }
  }
}

/** What is done as it is done goes into `done`: a failure takes nothing of it away. */
type Doing = (dht: KadDHT, caller: Patient, done: Partial<ProvidingReply>) => Promise<void>

interface Patient extends Caller {
  /** so long it may take until there is somebody to tell, ms */
  patience: number
}

const DOING: Record<ProvidingRequest['op'], Doing> = {
  'provide-many': async (dht, { cids, signal, tell, patience }, done) => {
    const before = dht.providing.status()
    done.read = 0
    Object.assign(done, await dht.providing.add(parsed(cids), {
      signal,
      onProgress: read => {
        done.read = read
        void tell({ progress: { phase: 'adding', done: read, failed: 0 } })
      }
    }))
    await announce(dht, before, { signal, tell, patience }, done)
  },
  unprovide: async (dht, { cids, signal }, done) => {
    done.read = 0
    done.removed = 0

    for await (const batch of batches(parsed(cids))) {
      // what comes twice is removed once
      const provided = new Set<string>()

      for (const cid of batch) {
        if (await dht.providing.has(cid, { signal })) {
          provided.add(Buffer.from(cid.multihash.bytes).toString('hex'))
        }
      }

      await dht.providing.remove(batch, { signal })
      done.read += batch.length
      done.removed += provided.size
    }
  },
  provided: async (dht, { signal, tell }, done) => {
    done.listed = 0
    let batch: ProvidedResult[] = []

    for await (const provided of dht.providing.list({ signal })) {
      signal.throwIfAborted()
      batch.push(providedResult(provided))
      done.listed++

      if (batch.length >= BATCH) {
        await tell({ provided: batch })
        batch = []
      }
    }

    await tell({ provided: batch })
  },
  reprovide: async (dht, caller, done) => announce(dht, dht.providing.status(), caller, done),
  'reprovide-status': async (dht, caller, done) => { done.status = statusOf(dht.providing.status()) }
}

/** Counts from `before` on: the node does not wait for us to begin. */
async function announce (dht: KadDHT, before: SweepStatus, { signal, tell, patience }: Omit<Patient, 'cids'>, done: Partial<ProvidingReply>): Promise<void> {
  let total = 0
  await anyPeer(dht, patience, signal)

  await dht.providing.announce({
    signal,
    onProgress: ({ due }) => {
      const { announced, failed } = Object.assign(done, countsSince(before, dht.providing.status()))
      // what has failed is still due
      total = Math.max(total, announced + Math.max(due, failed))
      void tell({ progress: { phase: 'announcing', done: announced + failed, failed, total } })
    }
  })

  const status = dht.providing.status()
  Object.assign(done, countsSince(before, status))
  done.left = status.due
}

function countsSince (before: SweepCounts, now: SweepCounts): SweepCounts {
  return {
    announced: now.announced - before.announced,
    failed: now.failed - before.failed,
    records: now.records - before.records,
    lookups: now.lookups - before.lookups,
    messages: now.messages - before.messages
  }
}

/** Resolves when there is somebody to tell, or patience ends: what comes next says what is missing. */
async function anyPeer ({ routingTable }: KadDHT, patience: number, signal: AbortSignal): Promise<void> {
  if (routingTable.size > 0 || signal.aborted) {
    return
  }

  const { promise, resolve } = Promise.withResolvers<void>()
  const onPeer = (): void => { resolve() }
  const timer = setTimeout(resolve, patience)
  routingTable.addEventListener('peer:add', onPeer)
  signal.addEventListener('abort', onPeer)
  await promise
  clearTimeout(timer)
  routingTable.removeEventListener('peer:add', onPeer)
  signal.removeEventListener('abort', onPeer)
}

/** Why it is not well although it has ended. */
function shortfall ({ failed = 0, left = 0 }: Partial<ProvidingReply>, dht: KadDHT): ProvidingReply['error'] {
  if (failed === 0 && left === 0) {
    return
  }

  const why = dht.providing.status().error
  const what = failed > 0 ? `${failed} announcements failed` : `Up to ${left} keys are still to be announced`

  return { name: 'IncompleteError', message: `${what}${why == null ? '' : ` (${describe(why)})`}: they are tried again as long as the node runs` }
}

async function * parsed (cids: AsyncIterable<string>): AsyncGenerator<CID> {
  for await (const cid of cids) {
    yield parseCID(cid)
  }
}

async function * batches (cids: AsyncIterable<CID>): AsyncGenerator<CID[]> {
  let batch: CID[] = []

  for await (const cid of cids) {
    batch.push(cid)

    if (batch.length >= BATCH) {
      yield batch
      batch = []
    }
  }

  yield batch
}

function providedResult ({ cid, multihash, announcedAt }: Provided): ProvidedResult {
  return {
    // a multihash that is in no CID was provided through the library, and can't be written otherwise
    cid: cid?.toString() ?? `multihash:${Buffer.from(multihash).toString('hex')}`,
    announced: announcedAt === 0 ? undefined : new Date(announcedAt).toISOString()
  }
}

function since (begun: number): number {
  return Math.round((performance.now() - begun) * 10) / 10
}
