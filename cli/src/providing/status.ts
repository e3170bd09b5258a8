// How the announcements of a node go, as JSON and for people.

import Table from 'cli-table3'
import pc from 'picocolors'
import prettyMs from 'pretty-ms'
import { number } from '../output.ts'
import type { StatusResult } from './requests.ts'
import type { SweepStatus } from 'libp2p-kad'

const STATES: Record<SweepStatus['state'], string> = {
  stopped: 'stopped',
  waiting: 'waiting for the next part',
  announcing: 'announcing',
  offline: 'offline: there is nobody to tell',
  'no address': 'the node has no address that others may use'
}

export function statusOf ({ nextAt, error, ...status }: SweepStatus): StatusResult {
  return { ...status, next: nextAt == null ? undefined : new Date(nextAt).toISOString(), lastError: error }
}

export function formatStatus ({ state, keys, neverAnnounced, due, progress, lag, next, announced, failed, records, lookups, messages, lastError }: StatusResult, now: number): string {
  const table = new Table({ style: { head: [], border: [], compact: true } })

  table.push(
    ['state', STATES[state]],
    ['keys', number(keys)],
    ['never announced', number(neverAnnounced)],
    ['due', due === 0 ? 'none' : `up to ${number(due)}`],
    ['this cycle', `${(progress * 100).toFixed(1)} % of the key space has had its turn`],
    ['behind by', lag === 0 ? 'nothing' : duration(lag)],
    ['next part', nextPart({ state, next, due }, now)],
    [{ content: pc.bold('since the node was started'), colSpan: 2 }],
    ['announced', number(announced)],
    ['failed', number(failed)],
    ['lookups', number(lookups)],
    ['messages', number(messages)],
    ['records', number(records)],
    ['last failure', lastError ?? 'none']
  )

  return table.toString()
}

function nextPart ({ state, next, due }: Pick<StatusResult, 'state' | 'next' | 'due'>, now: number): string {
  if (next != null) {
    return `in ${duration(Math.max(0, Date.parse(next) - now))}`
  }

  if (due === 0) {
    return 'none'
  }

  switch (state) {
    case 'waiting':
      return 'when what has failed is tried again'
    case 'announcing':
      return 'now'
    default:
      return 'as soon as it can'
  }
}

function duration (ms: number): string {
  return prettyMs(ms, { unitCount: 2, secondsDecimalDigits: 0 })
}
