// What can be asked about the set of all that a node provides, and what comes back, as JSON.

import type { SweepCounts, SweepStatus } from 'libp2p-kad'

/** Some are about many CIDs, which follow the request. */
const ABOUT_CIDS = { 'provide-many': true, unprovide: true, provided: false, reprovide: false, 'reprovide-status': false }

export type ProvidingName = keyof typeof ABOUT_CIDS

export interface ProvidingRequest {
  op: ProvidingName
  /** ms; without one it takes as long as it takes */
  timeout?: number
}

/** How far it is. */
export interface ProvidingProgress {
  phase: 'adding' | 'announcing'
  done: number
  /** of those done, how many failed */
  failed: number
  /** left out while it is not known */
  total?: number
}

/** Something that the node provides. */
export interface ProvidedResult {
  cid: string
  /** as in ISO 8601; left out for never */
  announced?: string
}

export type ProvidingPart = { progress: ProvidingProgress } | { provided: ProvidedResult[] }

/** Counts are of what the node did meanwhile, for whoever else has asked, too. */
export interface ProvidingReply extends Partial<SweepCounts> {
  op: ProvidingName
  ok: boolean
  /** CIDs that were given */
  read?: number
  /** of them, those that were not provided before; left out when not all of them were written down */
  added?: number
  /** of them, those that were, and are announced no more */
  removed?: number
  /** keys that are provided and were listed */
  listed?: number
  /** keys that still have to be announced: all those in parts of the key space in which some have */
  left?: number
  ms?: number
  status?: StatusResult
  /** why it failed */
  error?: { name: string, message: string }
}

/** Where the sweep is; counts are since the start of the node. Times are as in ISO 8601. */
export interface StatusResult extends Omit<SweepStatus, 'nextAt' | 'error'> {
  /** when the next part of the key space has its turn; left out without any key, and when it has it now */
  next?: string
  /** what the last announcement that failed has failed for */
  lastError?: string
}

export function isProviding (request: { op: string }): request is ProvidingRequest {
  return Object.hasOwn(ABOUT_CIDS, request.op)
}

export function isAboutCIDs (request: { op: string }): boolean {
  return isProviding(request) && ABOUT_CIDS[request.op]
}
