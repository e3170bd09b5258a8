// The routing table of a running node, as JSON and for people.

import Table from 'cli-table3'
import pc from 'picocolors'
import prettyMs from 'pretty-ms'
import { plural } from './output.ts'
import type { KadNode } from './node.ts'
import type { RoutingTablePeer } from 'libp2p-kad'

export interface TableRequest {
  op: 'table'
}

export interface TableReply extends TableRequest {
  ok: true
  /** whose table it is */
  id: string
  /** how many peers are in it */
  size: number
  /** the farthest first */
  buckets: BucketResult[]
}

export interface BucketResult {
  /** leading bits that the keys of its peers share with the node's own */
  commonPrefixLength: number
  /** oldest first */
  peers: TablePeerResult[]
  /** those that wait for a place */
  candidates: string[]
}

/** Times are as in ISO 8601, and left out for never. */
export interface TablePeerResult {
  id: string
  /** when it entered */
  since: string
  lastHeard?: string
  /** of its answers, smoothed, ms; left out until one was measured */
  roundTrip?: { mean: number, deviation: number }
  connected: boolean
  /** in a row */
  failures: number
  lastFailure?: string
  /** of its address; left out where no limit applies to it */
  group?: string
}

export function tableOf ({ peerId, services: { dht: { routingTable } } }: KadNode): TableReply {
  return {
    op: 'table',
    ok: true,
    id: peerId.toString(),
    size: routingTable.size,
    buckets: routingTable.buckets().map(({ commonPrefixLength, peers, candidates }) => ({
      commonPrefixLength,
      peers: peers.map(peerResult),
      candidates: candidates.map(String)
    }))
  }
}

function peerResult ({ id, firstSeen, lastSeen, lastFailure, failures, rtt, connected, group }: RoutingTablePeer): TablePeerResult {
  return {
    id: id.toString(),
    since: new Date(firstSeen).toISOString(),
    lastHeard: timeOf(lastSeen),
    roundTrip: rtt == null ? undefined : { mean: tenths(rtt.mean), deviation: tenths(rtt.deviation) },
    connected,
    failures,
    lastFailure: timeOf(lastFailure),
    group
  }
}

/** Unix ms, 0 for never. */
function timeOf (ms: number): string | undefined {
  return ms === 0 ? undefined : new Date(ms).toISOString()
}

function tenths (ms: number): number {
  return Math.round(ms * 10) / 10
}

export function formatTable ({ buckets }: TableReply, now: number): string {
  const table = new Table({
    head: ['peer', 'since', 'last heard', 'round trip', 'connected', 'failures', 'group'],
    colAligns: ['left', 'right', 'right', 'right', 'left', 'left', 'left'],
    style: { head: [], border: [], compact: true }
  })

  for (const { commonPrefixLength, peers, candidates } of buckets) {
    const title = `bucket ${commonPrefixLength}: ${plural(peers.length, 'peer')}, ${plural(candidates.length, 'candidate')}`

    table.push(
      [{ content: pc.bold(title), colSpan: 7 }],
      ...peers.map(peer => row(peer, now)),
      ...candidates.map(id => [id, { content: pc.dim('candidate'), colSpan: 6 }])
    )
  }

  return table.toString()
}

function row ({ id, since, lastHeard, roundTrip, connected, failures, lastFailure, group }: TablePeerResult, now: number): string[] {
  return [
    id,
    ago(since, now),
    ago(lastHeard, now),
    roundTrip == null ? '' : `${roundTrip.mean.toFixed(1)} ms`,
    connected ? 'yes' : 'no',
    failures === 0 ? '0' : `${failures}, ${ago(lastFailure, now)}`,
    group ?? ''
  ]
}

function ago (time: string | undefined, now: number): string {
  // the clock may have been set back
  return time == null ? 'never' : `${prettyMs(Math.max(0, now - Date.parse(time)), { unitCount: 2, secondsDecimalDigits: 0 })} ago`
}
