// How good a result is: each is held against the truth, which is no part of what is timed.

import type { OperationName } from './operation-names.ts'
import type { BatchResult } from './protocol.ts'
import type { TrueNearest } from './true-nearest.ts'
import type { Task } from './workload.ts'

/** A peer, or its id as text. */
export interface Named {
  toString (): string
}

/** What an operation found, or how many nodes took what was to be stored. */
export interface Found {
  peers?: Named[]
  value?: Uint8Array
  stored?: number
}

/** How an operation ended. */
export type Outcome = { ms: number, messages: number, found: Found } | { error: Error }

interface Quality {
  /** the share of the true nearest that was found */
  recall?: number
  /** nodes that took what was to be stored */
  stored?: number
}

/** Throws when the result is wrong. */
interface Judge {
  (found: Found, task: Task, truth: TrueNearest): Quality
}

const recall: Judge = ({ peers = [] }, { node, key }, truth) => ({ recall: truth.recall(key, node, peers) })

const stored: Judge = ({ stored = 0 }) => {
  if (stored === 0) {
    throw new Error('Nobody took it')
  }

  return { stored }
}

const JUDGES: Record<OperationName, Judge> = {
  closestPeersFirst: recall,
  closestPeers: recall,
  findPeer: ({ peers }, { peer }) => requirePeer(peers, peer),
  provide: stored,
  findProvidersFirst: ({ peers }, { holder }) => requirePeer(peers, holder),
  findProvidersAll: ({ peers }, { holder }) => requirePeer(peers, holder),
  put: stored,

  get: ({ value: found }, { value }) => {
    if (found == null || Buffer.compare(found, value) !== 0) {
      throw new Error(found == null ? 'No value was found' : 'Another value was found')
    }

    return {}
  }
}

/** `outcomes`: one a task. `cpuMs`: of all of them together. */
export function judge (op: OperationName, tasks: Task[], outcomes: Outcome[], cpuMs: number, truth: TrueNearest): BatchResult {
  const result: BatchResult = { latencies: [], cpuMs: cpuMs / tasks.length, failures: [], messages: [], recall: [], stored: [] }

  for (const [i, outcome] of outcomes.entries()) {
    try {
      if ('error' in outcome) {
        throw outcome.error
      }

      const { recall, stored } = JUDGES[op](outcome.found, tasks[i], truth)
      result.latencies.push(outcome.ms)
      result.messages.push(outcome.messages)
      result.recall.push(...recall == null ? [] : [recall])
      result.stored.push(...stored == null ? [] : [stored])
    } catch (error: any) {
      result.failures.push(`${error.name}: ${error.message}`)
    }
  }

  return result
}

function requirePeer (found: Named[] = [], wanted: Named): Quality {
  if (!found.some(peer => peer.toString() === wanted.toString())) {
    throw new Error(found.length === 0 ? 'Nobody was found' : 'Another peer was found')
  }

  return {}
}
